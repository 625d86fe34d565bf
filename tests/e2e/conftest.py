"""A controller and a workspace of their own for the documented commands, removed at the end."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sys
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bedrock import process
from tests.blog import homes, model, trials
from tests.e2e import hoststate

TOP = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One pocket home with the commands that a user would run against it."""

    env: Mapping[str, str]
    folder: Path

    def pocket(self, *words: str, check: bool = True) -> process.Completed:
        return process.run([BIN / 'pocket', *words], env=self.env, timeout_s=300, check=check)

    def juju(self, *words: str, check: bool = True) -> process.Completed:
        return self.pocket('juju', *words, check=check)

    def hoodoo(self, *words: str, check: bool = True, timeout_s: float = 600) -> process.Completed:
        return process.run([BIN / 'hoodoo', *words], env=self.env, timeout_s=timeout_s, check=check, cwd=TOP)

    def status(self, model: str) -> dict[str, Any]:
        return json.loads(self.juju('status', '--model', model, '--format', 'json').stdout)

    def daemon_pid(self) -> int:
        return int(json.loads(self.pocket('status', '--format', 'json').stdout)['pid'])


def _environment(folder: Path) -> dict[str, str]:
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(('MOJO_', 'JUJU_', 'POCKET_'))
    }
    return {
        **kept,
        'PATH': f'{BIN}:{os.environ["PATH"]}',
        'POCKET_HOME': str(folder / 'pocket'),
        'POCKET_PORT': '0',
        'JUJU_DATA': str(folder / 'juju'),
        'MOJO_ROOT': str(folder / 'mojo'),
        'COLUMNS': '150',
    }


def site_of(folder: Path) -> Site:
    """A home in *folder*, nothing of it started."""
    return Site(env=_environment(folder), folder=folder)


def _site(folder: Path) -> Generator[Site]:
    site = site_of(folder)
    try:
        yield site
    finally:
        site.pocket('clean', '--yes')


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """A home without a running daemon: the first command starts it."""
    yield from _site(tmp_path_factory.mktemp('site'))


@pytest.fixture
def spec_copy(tmp_path: Path) -> Callable[[str], Path]:
    """Copy a spec of tests/data so that a test may edit it."""

    def copy(name: str) -> Path:
        target = tmp_path / name
        shutil.copytree(TOP / 'tests' / 'data' / 'specs' / name, target, symlinks=True)
        return target

    return copy


def units(status: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The principal units of a status by name."""
    found: dict[str, dict[str, Any]] = {}
    applications: dict[str, dict[str, Any]] = status['applications']
    for application in applications.values():
        found.update(application.get('units') or {})
    return found


@pytest.fixture(scope='session')
def blog(tmp_path_factory: pytest.TempPathFactory) -> Generator[model.Blog]:
    """A blog of three units that start at once, with no way to any other host; for all tests of one."""
    folder = tmp_path_factory.mktemp('blog')
    with homes.pocket(folder) as started:
        before = hoststate.of(started.env)
        started.add_model()
        started.deploy_database()
        started.deploy(trials.THREE, units=3)
        started.wait()
        yield dataclasses.replace(started, before=before)
