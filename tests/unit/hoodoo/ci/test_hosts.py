"""Errors of this host, told from those of a spec."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.ci import hosts


@pytest.mark.parametrize(
    ('error', 'wanted'),
    [
        (OSError(errno.ENOSPC, 'No space left on device'), True),
        (OSError(errno.EROFS, 'Read-only file system'), True),
        (FileNotFoundError(errno.ENOENT, 'x'), False),
        (OSError('of no kind'), False),
        (sqlite3.OperationalError('of no kind'), False),
        (errors.Fault('x'), False),
        (ValueError('x'), False),
    ],
)
def test_a_disk_that_cannot_be_written(error: BaseException, wanted: bool) -> None:
    assert hosts.is_full(error) is wanted
    outer = errors.Fault('cannot go on')
    outer.__cause__ = error
    assert hosts.is_full(outer) is wanted


def test_a_database_with_no_room(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / 'x.db')
    db.execute('CREATE TABLE t (body TEXT)')
    db.execute('PRAGMA max_page_count = 3')
    with pytest.raises(sqlite3.OperationalError) as full:
        db.execute('INSERT INTO t VALUES (?)', ('x' * 100_000,))
    db.close()
    assert hosts.is_full(full.value)
