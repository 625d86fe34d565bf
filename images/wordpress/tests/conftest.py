"""One database for all tests; a new schema and a new unit for each."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import site_of_image as site

_NUMBERS = itertools.count(1)

MakeUnit = Callable[..., site.Unit]


@pytest.fixture(scope='session')
def root() -> Path:
    given = os.environ.get('WORDPRESS_ROOT', '')
    if not given:
        pytest.skip('WORDPRESS_ROOT names no unpacked image')
    if os.geteuid() != 0:
        pytest.skip('mounts need root')
    return Path(given).resolve()


@pytest.fixture(scope='session')
def base(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[site.Database]:
    tree = Path(os.environ.get('WORDPRESS_DATABASE_ROOT', '') or root).resolve()
    if not (tree / 'usr/sbin/mariadbd').exists():
        pytest.skip('WORDPRESS_DATABASE_ROOT names no tree with MariaDB')
    folder = tmp_path_factory.mktemp('database') / 'd'
    with site.database(tree, folder) as running:
        yield running


@pytest.fixture
def make_unit(root: Path, base: site.Database, tmp_path: Path) -> Iterator[MakeUnit]:
    with _units(root, base, tmp_path) as make:
        yield make


@pytest.fixture(scope='module')
def web(root: Path, base: site.Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[site.Unit]:
    """One site for the tests that only look."""
    with _units(root, base, tmp_path_factory.mktemp('web')) as make:
        unit = make()
        assert unit.install()['ok']
        unit.start()
        yield unit


@contextlib.contextmanager
def _units(root: Path, base: site.Database, folder: Path) -> Iterator[MakeUnit]:
    units: list[site.Unit] = []
    # The image's user has to reach its folders below.
    for path in (folder, *folder.parents[:2]):
        path.chmod(0o755)

    def make(
        *, like: site.Unit | None = None, password: str = 'p', address: str = '127.0.0.1', **more: Any
    ) -> site.Unit:
        number = next(_NUMBERS)
        if like is None:
            base.create(f'wp{number}', password)
            given = site.site_for(base, f'wp{number}', password, **more)
        else:
            given = like.site | more
        units.append(site.Unit(root, folder / f'unit{number}', given, address=address))
        return units[-1]

    try:
        yield make
    finally:
        for unit in units:
            unit.stop()


@pytest.fixture
def installed(make_unit: MakeUnit) -> site.Unit:
    unit = make_unit()
    assert unit.install() == {'ok': True, 'result': 'installed'}
    unit.start()
    return unit
