"""What the tests share: the charm's modules on the path, a signed archive, a sync host, a running keeper."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_SRC = _HERE.parent.parent / 'src'
for _folder in (_HERE, _SRC):
    if str(_folder) not in sys.path:
        sys.path.insert(0, str(_folder))

from archive_kit import Archive, Keys, SyncHost  # noqa: E402 - the path is set above


@pytest.fixture(scope='session')
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    """A signing key and a foreign one."""
    made = Keys(tmp_path_factory.mktemp('gpg'))
    yield made
    made.close()


@pytest.fixture
def archive(tmp_path: Path, keys: Keys) -> Archive:
    """A signed archive with one suite and a few packages, published once."""
    made = Archive(tmp_path / 'archive', keys)
    made.add('hello', b'hello ' * 40)
    made.add('big', bytes(range(256)) * 2048)
    made.publish()
    return made


@pytest.fixture
async def host(archive: Archive) -> AsyncIterator[SyncHost]:
    """A sync host that serves the archive."""
    made = SyncHost(archive.root)
    await made.start()
    yield made
    await made.stop()
