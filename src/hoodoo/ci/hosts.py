"""What is wrong with this host, rather than with a spec."""

from __future__ import annotations

import errno
import sqlite3

from bedrock import errors

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
_DATABASE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)


def is_full(error: BaseException) -> bool:
    """Whether *error* came of a disk that is full, or that cannot be written."""
    return any(_is_full(link) for link in errors.chain(error))


def _is_full(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        # The lower byte is the kind, the others say more of it.
        return getattr(error, 'sqlite_errorcode', 0) & 0xFF in _DATABASE
    return isinstance(error, OSError) and error.errno in _DISK
