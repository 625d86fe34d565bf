"""What hoodoo's tests with a real controller share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator

import pytest

from tests import charmstore
from tests.integration.hoodoo import site as sites

needs_machines = [
    pytest.mark.nspawn,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which('systemd-nspawn'), reason='needs root and systemd-nspawn'
    ),
]


@pytest.fixture(scope='session')
def store() -> Generator[charmstore.FakeStore]:
    """What stands in for Charmhub."""
    with charmstore.listening() as fake:
        yield fake


@pytest.fixture(scope='session')
def site(tmp_path_factory: pytest.TempPathFactory, store: charmstore.FakeStore) -> Generator[sites.Site]:
    """One pocket for all of them; each test takes a model of its own."""
    folder = tmp_path_factory.mktemp('site')
    made = sites.Site(folder=folder, env={**sites.environment(folder), 'POCKET_CHARMHUB_URL': store.url})
    try:
        made.run('pocket', 'up')
        yield made
    finally:
        made.run('pocket', 'clean', '--yes')
