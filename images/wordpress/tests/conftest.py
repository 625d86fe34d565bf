"""One database for all tests; a new schema and a new unit for each."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import site_of_image as site

from bedrock.oci import layout, unpack

_IMAGES = Path(__file__).resolve().parents[3] / 'build/images'
_NUMBERS = itertools.count(1)

MakeUnit = Callable[..., site.Unit]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What lacks something is skipped locally, never in CI."""
    report = yield
    if report.skipped and os.environ.get('CI'):
        report.outcome = 'failed'
        report.longrepr = f'skipped where CI runs: {report.longrepr}'
    return report


@pytest.fixture(scope='session')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's file tree: the one that WORDPRESS_ROOT names, or build/images/wordpress unpacked."""
    return tree('wordpress', 'WORDPRESS_ROOT', tmp_path_factory)


@pytest.fixture(scope='session')
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[site.Database]:
    found = tree('mariadb', 'WORDPRESS_DATABASE_ROOT', tmp_path_factory)
    folder = tmp_path_factory.mktemp('database') / 'd'
    with site.database(found, folder) as running:
        yield running


def tree(name: str, variable: str, folders: pytest.TempPathFactory) -> Path:
    """The files of an image: those below the folder that *variable* names, or of build/images unpacked."""
    if os.geteuid() != 0:
        pytest.skip('mounts need root')
    if given := os.environ.get(variable, ''):
        return Path(given).resolve()
    built = _IMAGES / name
    if not built.is_dir():
        pytest.skip(f'there is no build/images/{name}: "make images" builds it')
    made = folders.mktemp(name) / 'root'
    unpack.unpack(layout.open_(built), made)
    return made


@pytest.fixture
def make_unit(root: Path, base: site.Database, tmp_path: Path) -> Iterator[MakeUnit]:
    with units(root, base, tmp_path) as make:
        yield make


@pytest.fixture(scope='module')
def make_shared(
    root: Path, base: site.Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeUnit]:
    """Makes units that all tests of a file have."""
    with units(root, base, tmp_path_factory.mktemp('shared')) as make:
        yield make


@pytest.fixture(scope='module')
def web(make_shared: MakeUnit) -> site.Unit:
    """One site for the tests that only look."""
    unit = make_shared()
    assert unit.install()['ok']
    unit.start()
    return unit


@contextlib.contextmanager
def units(root: Path, base: site.Database, folder: Path) -> Generator[MakeUnit]:
    """Makes units of a blog whose databases are in *base*; all end with the block."""
    running: list[site.Unit] = []
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
        running.append(site.Unit(root, folder / f'unit{number}', given, address=address))
        return running[-1]

    try:
        yield make
    finally:
        for unit in running:
            unit.stop()


@pytest.fixture
def installed(make_unit: MakeUnit) -> site.Unit:
    unit = make_unit()
    assert unit.install() == {'ok': True, 'result': 'installed'}
    unit.start()
    return unit
