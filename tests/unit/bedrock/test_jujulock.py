"""The lock of the Juju client's files."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from bedrock import jujulock
from bedrock.errors import Fault


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    return tmp_path


def test_it_is_the_file_that_jujus_client_locks(scratch: Path) -> None:
    path = jujulock.lock_path(Path('/home/u/.local/share/juju'))

    assert path == scratch / 'juju-store-lock-3530333235616530'
    assert path != jujulock.lock_path(Path('/home/v/.local/share/juju'))


def test_nobody_else_has_it_meanwhile(scratch: Path) -> None:
    folder = scratch / 'juju'
    with jujulock.locked(folder):
        other = os.open(jujulock.lock_path(folder), os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)
    assert jujulock.lock_path(folder).stat().st_mode & 0o777 == 0o600


def test_a_link_in_its_place_is_not_followed(scratch: Path) -> None:
    folder = scratch / 'juju'
    jujulock.lock_path(folder).symlink_to(scratch / 'elsewhere')

    with pytest.raises(Fault, match='cannot lock'), jujulock.locked(folder):
        pass
