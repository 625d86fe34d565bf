"""The lock that Juju's own client takes to read or write its files: who holds it is alone with them."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Generator
from pathlib import Path

from bedrock import files
from bedrock.errors import Fault

__all__ = ['lock_path', 'locked']


def lock_path(juju_data: Path) -> Path:
    """Return the file that is locked for the folder *juju_data*.

    The name is the one of Juju's client (jujuclient/file.go over juju/mutex): it hashes the path of
    controllers.yaml, and writes half of the digits' bytes as digits once more.
    """
    digits = hashlib.sha256(str(juju_data / 'controllers.yaml').encode()).hexdigest()
    return Path(tempfile.gettempdir(), f'juju-store-lock-{digits[:8].encode().hex()}')


@contextlib.contextmanager
def locked(juju_data: Path) -> Generator[None]:
    """Keep every other client out of *juju_data*, which is made if need be.

    Raises:
        Fault: the lock belongs to a user who does not share it.
    """
    files.make_private_folder(juju_data)
    path = lock_path(juju_data)
    try:
        number = _open(path, juju_data)
    except OSError as err:
        raise Fault(
            f'cannot lock {juju_data}: cannot open {path}', hint='Another user may have made it.'
        ) from err
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _open(path: Path, juju_data: Path) -> int:
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    # Where Linux protects files in /tmp, even root may not "create" one there that is another user's.
    with contextlib.suppress(FileNotFoundError):
        return os.open(path, flags)
    number = os.open(path, flags | os.O_CREAT, 0o600)
    owner = juju_data.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.fchown(number, owner.st_uid, owner.st_gid)
    return number
