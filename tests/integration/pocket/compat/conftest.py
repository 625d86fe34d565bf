"""One controller on real machines, and clients that other people wrote, each used as its users do."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bedrock import charm, process
from tests import charmstore

TOP = Path(__file__).resolve().parents[4]
BIN = Path(sys.executable).parent
CHARMS = TOP / 'tests' / 'data' / 'charms'
SUITES = TOP / 'tests' / 'data' / 'third_party'
THIRD_PARTY = TOP / '.venv' / 'third-party' / 'bin'
"""The programs of the environment that `tools/prepare test` makes for them."""
_LONGEST_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A running controller, as an environment in which ``juju`` is its client."""

    env: Mapping[str, str]
    juju: Path
    folder: Path
    packed: Path
    """The ops charm as an archive."""

    def run(self, *argv: str | Path) -> str:
        """Run a program that must succeed; return all that it printed."""
        done = process.run(list(argv), env=self.env, timeout_s=_LONGEST_S, check=False)
        assert done.returncode == 0, f'{argv}: {done.returncode}\n{done.stdout}\n{done.stderr}'
        return done.stdout

    def pytest(self, python: Path, suite: str, *options: str) -> str:
        """Run a suite of tests/data/third_party with a pytest of its own settings."""
        alone = ('-q', '-p', 'no:cacheprovider', '-c', os.devnull, '--rootdir', self.folder)
        alone = (*alone, '--confcutdir', SUITES)  # what holds for our tests need not hold for theirs
        return self.run(python, '-m', 'pytest', *alone, *options, SUITES / suite)


@pytest.fixture(scope='package')
def store() -> Generator[charmstore.FakeStore]:
    """What stands in for Charmhub."""
    with charmstore.listening() as fake:
        yield fake


@pytest.fixture(scope='package')
def home(tmp_path_factory: pytest.TempPathFactory, store: charmstore.FakeStore) -> Generator[Home]:
    """Shared by every client: they are many, and it is the same controller to all of them."""
    folder = tmp_path_factory.mktemp('compat')
    packed = folder / 'opsdb.charm'
    tools = folder / 'bin'
    tools.mkdir()
    # pytest-operator asks for it at the start; none of the suites has anything built by it.
    (tools / 'charmcraft').write_text('#!/bin/sh\nexit 1\n')
    (tools / 'charmcraft').chmod(0o755)
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(('JUJU_', 'POCKET_', 'PYTEST_'))
    }
    env = {
        **kept,
        'HOME': str(folder),
        'PATH': f'{folder / "pocket" / "bin"}:{tools}:{os.environ["PATH"]}',
        'POCKET_HOME': str(folder / 'pocket'),
        'POCKET_PORT': '0',
        'JUJU_DATA': str(folder / 'juju'),
        'POCKET_CHARMHUB_URL': store.url,
    }
    cache = Path(os.environ.get('POCKET_CACHE') or '/var/cache/pocket')
    charm.pack(CHARMS / 'opsdb', packed, cache=cache)
    found = Home(env=env, juju=folder / 'pocket' / 'bin' / 'juju', folder=folder, packed=packed)
    found.run(BIN / 'pocket', 'up')
    yield found
    found.run(BIN / 'pocket', 'clean', '--yes')


needs_machines = [
    pytest.mark.nspawn,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which('systemd-nspawn'), reason='needs root and systemd-nspawn'
    ),
]
needs_third_party = [
    *needs_machines,
    pytest.mark.skipif(not THIRD_PARTY.is_dir(), reason='tools/prepare test has not made .venv/third-party'),
]
