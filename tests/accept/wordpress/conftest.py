"""A pocket of its own with the blog of specs/wordpress in it, deployed once and removed at the end."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bedrock import process

TOP = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
MODEL = 'wordpress-ci'


@dataclass(frozen=True, slots=True, kw_only=True)
class Blog:
    """The commands of somebody who runs the blog."""

    env: dict[str, str]
    seconds: float
    """How long the run took that deployed it."""

    def juju(self, *words: str) -> str:
        return process.run([BIN / 'pocket', 'juju', *words], env=self.env, timeout_s=300).stdout

    def hoodoo(self, *words: str) -> str:
        return process.run([BIN / 'hoodoo', *words], env=self.env, timeout_s=600, cwd=TOP).stdout

    def action(self, unit: str, name: str, *words: str) -> dict[str, Any]:
        said = self.juju('run', '--quiet', '--model', MODEL, '--format', 'json', unit, name, *words)
        (task,) = json.loads(said).values()
        return task['results']

    def application(self, name: str) -> dict[str, Any]:
        return json.loads(self.juju('status', '--model', MODEL, '--format', 'json'))['applications'][name]

    def log(self) -> str:
        return self.juju('debug-log', '--model', MODEL, '--replay', '--no-tail')


@pytest.fixture(scope='session')
def blog(tmp_path_factory: pytest.TempPathFactory) -> Generator[Blog]:
    folder = tmp_path_factory.mktemp('blog')
    kept = {k: v for k, v in os.environ.items() if not k.startswith(('MOJO_', 'JUJU_', 'POCKET_', 'HOODOO_'))}
    env = {
        **kept,
        'PATH': f'{BIN}:{os.environ["PATH"]}',
        'POCKET_HOME': str(folder / 'pocket'),
        'POCKET_PORT': '0',
        'JUJU_DATA': str(folder / 'juju'),
        'MOJO_ROOT': str(folder / 'mojo'),
    }
    try:
        process.run([BIN / 'pocket', 'up'], env=env, timeout_s=300)
        began = time.monotonic()
        command = [BIN / 'hoodoo', 'run', 'specs/wordpress', '--stage', 'ci']
        process.run(command, env=env, timeout_s=600, cwd=TOP)
        yield Blog(env=env, seconds=time.monotonic() - began)
    finally:
        process.run([BIN / 'pocket', 'clean', '--yes'], env=env, timeout_s=300)
