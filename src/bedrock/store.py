"""The one place that opens SQLite: WAL, one writer thread, numbered migrations, work in transactions."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from bedrock import errors

T = TypeVar('T')

_BUSY_MS = 10_000


class StoreFault(errors.Fault):
    """A database cannot be opened or is newer than this program."""


class Store:
    """A database file with one writer.

    Work is a function of a connection. It runs in one transaction; if it raises, nothing is kept.
    A write whose caller was cancelled may still commit, so writes must bear repeating.
    """

    def __init__(self, path: Path, migrations: Sequence[str]) -> None:
        """Open *path*, creating and migrating it as needed.

        Args:
            migrations: Scripts in order; script *n* brings version *n-1* to *n*. Released ones never change.

        Raises:
            StoreFault: the file is newer than this program, was migrated by other scripts, or is no database.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix=f'writer-{path.name}')
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        # Before SQLite opens it: the files that it keeps beside the database get the database's mode. Never
        # one that is there: to close that would drop the locks of another store of this process.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
        try:
            self.write_now(lambda db: _migrate(db, migrations, path))
        except sqlite3.DatabaseError as err:
            self.close()
            raise StoreFault(f'cannot open database {path}: {err}') from err
        except StoreFault:
            self.close()
            raise

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run *work* in one transaction on the writer thread; if it raises, nothing is kept."""
        import asyncio  # only those who have a loop need it

        return await asyncio.get_running_loop().run_in_executor(self._writer, self._in_transaction, work)

    def write_now(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`write` for callers that are not coroutines; waits for the writer thread."""
        return self._writer.submit(self._in_transaction, work).result()

    def read_now(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run *work* on this thread's own connection, in one consistent snapshot; it must not write."""
        db = self._connection()
        db.execute('BEGIN')
        try:
            return work(db)
        finally:
            db.execute('ROLLBACK')

    def version_now(self) -> int:
        """A number that changes when another connection, of any process, has committed; a cheap look."""
        return int(self._connection().execute('PRAGMA data_version').fetchone()[0])

    def close(self) -> None:
        """Finish the queued writes and close the file; may be called twice."""
        self._writer.shutdown(wait=True)
        for db in self._opened:
            db.close()
        self._opened.clear()

    def _in_transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with _immediate(self._connection()) as db:
            return work(db)

    def _connection(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, 'db', None)
        if db is None:
            db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            db.row_factory = sqlite3.Row
            db.execute(f'PRAGMA busy_timeout={_BUSY_MS}')
            db.execute('PRAGMA journal_mode=WAL')
            db.execute('PRAGMA synchronous=NORMAL')
            db.execute('PRAGMA foreign_keys=ON')
            self._local.db = db
            self._opened.append(db)
        return db


def glance(path: Path, work: Callable[[sqlite3.Connection], T]) -> T:
    """Run *work* on a database file of whatever version; it can only read, and the file may be damaged."""
    with contextlib.closing(sqlite3.connect(f'{path.absolute().as_uri()}?mode=ro', uri=True)) as db:
        db.row_factory = sqlite3.Row
        return work(db)


@contextlib.contextmanager
def _immediate(db: sqlite3.Connection) -> Generator[sqlite3.Connection]:
    # A deferred transaction that reads and then writes fails at once with SQLITE_BUSY_SNAPSHOT.
    db.execute('BEGIN IMMEDIATE')
    try:
        yield db
    except BaseException:
        db.execute('ROLLBACK')
        raise
    db.execute('COMMIT')


def _migrate(db: sqlite3.Connection, migrations: Sequence[str], path: Path) -> None:
    db.execute(
        'CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, checksum TEXT NOT NULL) STRICT'
    )
    done = {
        int(row['number']): str(row['checksum'])
        for row in db.execute('SELECT number, checksum FROM migration')
    }
    if len(done) > len(migrations):
        raise StoreFault(
            f'cannot use database {path}: it has version {len(done)}, this program knows {len(migrations)}',
            hint='Use the program version that wrote it, or a newer one.',
        )
    for number, script in enumerate(migrations, 1):
        checksum = hashlib.sha256(script.encode()).hexdigest()
        if number in done:
            if done[number] != checksum:
                raise StoreFault(f'cannot use database {path}: migration {number} is not ours')
            continue
        for statement in _statements(script):
            db.execute(statement)
        db.execute('INSERT INTO migration VALUES (?, ?)', (number, checksum))


def _statements(script: str) -> Iterator[str]:
    """Split *script* where SQLite says that a statement is complete; executescript would commit."""
    pending = ''
    for piece in re.split('(?<=;)', script):
        pending += piece
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ''
    if pending.strip():
        yield pending
