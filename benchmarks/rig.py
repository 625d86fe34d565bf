"""A pocket of its own for a benchmark: nothing of the user's is touched, and nothing is left behind."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bedrock import process
from hoodoo.juju import clientfiles, rpc

TOP = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A running pocket in a folder that goes away with it."""

    folder: Path
    env: Mapping[str, str]

    def run(self, *words: str, timeout_s: float = 900) -> str:
        """Run a program of this checkout; return what it printed."""
        return process.run([BIN / words[0], *words[1:]], env=self.env, cwd=TOP, timeout_s=timeout_s).stdout

    def juju(self, *words: str) -> str:
        """Run a ``juju`` command."""
        return self.run('pocket', 'juju', *words)

    def add_model(self, name: str) -> str:
        """Make a model; return its uuid."""
        self.juju('add-model', name)
        shown: Json = json.loads(self.juju('show-model', name, '--format', 'json'))
        return str(shown[name]['model-uuid'])

    def connect(self, model_uuid: str) -> rpc.Connection:
        """A connection to a model's API."""
        data = Path(self.env['JUJU_DATA'])
        found = clientfiles.find(data, clientfiles.current(data))
        assert found is not None
        return rpc.Connection(found, model_uuid=model_uuid)


@contextlib.contextmanager
def rig() -> Generator[Rig]:
    """Start a pocket in an empty home; remove all of it at the end."""
    with tempfile.TemporaryDirectory(prefix='pocket-bench-') as name:
        folder = Path(name)
        own = ('MOJO_', 'JUJU_', 'POCKET_')
        made = Rig(
            folder=folder,
            env={
                **{key: value for key, value in os.environ.items() if not key.startswith(own)},
                'PATH': f'{BIN}:{os.environ["PATH"]}',
                'POCKET_HOME': str(folder / 'pocket'),
                'POCKET_PORT': '0',
                'JUJU_DATA': str(folder / 'juju'),
                'MOJO_ROOT': str(folder / 'mojo'),
            },
        )
        try:
            made.run('pocket', 'up')
            yield made
        finally:
            made.run('pocket', 'clean', '--yes')


class Watching:
    """What Juju's AllWatcher has told of a model so far."""

    def __init__(self, connection: rpc.Connection) -> None:
        self._connection = connection
        self._id = str(connection.call('Client', 'WatchAll', {})['watcher-id'])
        self.seen: dict[tuple[str, str], Json] = {}

    def until(self, done: Callable[[Self], bool], *, timeout_s: float = 600) -> float:
        """Listen until *done* says so; return the monotonic time at which it did."""
        deadline = time.monotonic() + timeout_s
        while not done(self):
            left = deadline - time.monotonic()
            answer = self._connection.call('AllWatcher', 'Next', {}, id_=self._id, timeout_s=left)
            for kind, change, entity in answer['deltas']:
                key = (kind, str(entity.get('name') or entity.get('id') or ''))
                if change == 'remove':
                    self.seen.pop(key, None)
                else:
                    self.seen[key] = entity
        return time.monotonic()

    def all_of(self, kind: str) -> list[Json]:
        """Every entity of *kind*."""
        return [entity for (seen, _), entity in self.seen.items() if seen == kind]

    def idle(self, count: int) -> bool:
        """Whether there are *count* units, all idle and active."""
        units = self.all_of('unit')
        return len(units) == count and all(
            unit['agent-status']['current'] == 'idle' and unit['workload-status']['current'] == 'active'
            for unit in units
        )
