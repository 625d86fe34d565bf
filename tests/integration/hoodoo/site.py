"""A pocket of its own for hoodoo's tests, with tiny charms that do nothing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bedrock import process
from hoodoo import settings

BIN = Path(sys.executable).parent
_METADATA = """
name: {name}
summary: Does nothing.
provides:
  site: {{interface: http}}
requires:
  backend: {{interface: http}}
"""
_CONFIG = """
options:
  port: {type: int, default: 80}
  ratio: {type: float, default: 0.5}
  fast: {type: boolean, default: false}
  words: {type: string, default: plain}
  password: {type: string}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A running pocket, and a folder of charms."""

    folder: Path
    env: Mapping[str, str]

    @property
    def settings(self) -> settings.Settings:
        """What hoodoo takes from the environment here."""
        return settings.load(self.env)

    def run(self, *argv: str, codes: Sequence[int] = (0,)) -> str:
        """Run a program of this checkout, which must end with one of *codes*; return what it printed."""
        done = process.run([BIN / argv[0], *argv[1:]], env=self.env, timeout_s=300, check=False)
        assert done.returncode in codes, f'{argv}: {done.returncode}\n{done.stdout}\n{done.stderr}'
        return done.stdout if done.returncode == codes[0] else f'{done.stdout}{done.stderr}'

    def juju(self, *words: str) -> str:
        """Run a ``juju`` command."""
        return self.run('pocket', 'juju', *words)

    def plan(self, spec: Path, *words: str) -> dict[str, Any]:
        """What ``hoodoo plan`` says of *spec*."""
        return json.loads(self.run('hoodoo', 'plan', str(spec), *words, '--format', 'json', codes=(0, 2)))

    def charm(self, name: str) -> Path:
        """A charm that does nothing."""
        path = self.folder / 'charms' / name
        if not path.exists():
            path.mkdir(parents=True)
            (path / 'metadata.yaml').write_text(_METADATA.format(name=name))
            (path / 'config.yaml').write_text(_CONFIG)
            (path / 'dispatch').write_text('#!/bin/sh\nexit 0\n')
            (path / 'dispatch').chmod(0o755)
        return path


def environment(folder: Path) -> dict[str, str]:
    """An environment in which everything is below *folder*."""
    own = ('MOJO_', 'JUJU_', 'POCKET_', 'XDG_')
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith(own)},
        'HOME': str(folder),
        'POCKET_HOME': str(folder / 'pocket'),
        'POCKET_PORT': '0',
        'JUJU_DATA': str(folder / 'juju'),
        'MOJO_ROOT': str(folder / 'mojo'),
        'COLUMNS': '150',
    }
