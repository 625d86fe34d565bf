"""The blog of specs/wordpress in a pocket of its own: what somebody who runs it does with it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bedrock import process

SPEC = 'specs/wordpress'
MODEL = 'wordpress-ci'
INITIALISED = 'Wordpress configured and initialised'

_LINE = re.compile(r'^unit-\S+: (\d\S* \S+) \S+ \S+ (.*)$')


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run of the spec."""

    output: str
    seconds: float
    deploying_at: float
    """When it began to deploy, in seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blog:
    """The commands of somebody who runs the blog, with the programs of the folder *bin*."""

    env: Mapping[str, str]
    bin: Path
    top: Path

    def juju(self, *words: str) -> str:
        return process.run([self.bin / 'pocket', 'juju', *words], env=self.env, timeout_s=300).stdout

    def hoodoo(self, *words: str) -> str:
        argv = [self.bin / 'hoodoo', *words]
        return process.run(argv, env=self.env, timeout_s=600, cwd=self.top).stdout

    def run_spec(self) -> Ran:
        """Run the spec; the time counts from when the command was typed."""
        typed = time.time()
        said = self.hoodoo('run', SPEC, '--stage', 'ci')
        (before,) = re.findall(r'^\[ *([0-9.]+)s\] bundle: started$', said, re.MULTILINE)
        return Ran(output=said, seconds=time.time() - typed, deploying_at=typed + float(before))

    def last_run(self) -> dict[str, Any]:
        return json.loads(self.hoodoo('runs', '--format', 'json'))[0]

    def action(self, unit: str, name: str, *words: str) -> dict[str, Any]:
        said = self.juju('run', '--quiet', '--model', MODEL, '--format', 'json', unit, name, *words)
        (task,) = json.loads(said).values()
        return task['results']

    def state(self) -> str:
        """The workload state of WordPress."""
        shown = json.loads(self.juju('status', '--model', MODEL, '--format', 'json'))
        return str(shown['applications']['wordpress']['application-status']['current'])

    def wait(self, *states: str) -> None:
        """Wait until the model is idle and WordPress is in one of *states*."""
        extra = [f'--additional-ready-states={",".join(states)}'] if states != ('active',) else []
        self.hoodoo('wait', '--model', MODEL, *extra)
        found = self.state()
        assert found in states, f'wordpress is {found} and not {" or ".join(states)}'

    def log(self) -> list[tuple[float, str]]:
        """What units logged: seconds since the epoch, and what."""
        shape = ['--replay', '--no-tail', '--utc', '--date', '--ms', '-l', 'DEBUG']
        matches = map(_LINE.match, self.juju('debug-log', '--model', MODEL, *shape).splitlines())
        return [(datetime.fromisoformat(f'{m[1]}+00:00').timestamp(), m[2]) for m in matches if m]

    def initialised_at(self) -> list[float]:
        """When the log said, as the first charm of WordPress did, that the blog is initialised."""
        return [at for at, text in self.log() if text.endswith(INITIALISED)]
