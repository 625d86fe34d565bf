"""The index's file: its schema, and what becomes of a file that is none."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
from collections.abc import Generator
from pathlib import Path

from bedrock import store
from hoodoo.inventory import rows

log = logging.getLogger(__name__)

MIGRATIONS = (
    """
    CREATE TABLE inventory (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        folder TEXT NOT NULL UNIQUE,
        mark TEXT NOT NULL,
        environments INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE environment (
        id INTEGER PRIMARY KEY,
        inventory INTEGER NOT NULL REFERENCES inventory (number) ON DELETE CASCADE,
        name TEXT NOT NULL, service TEXT NOT NULL, cloud TEXT NOT NULL, region TEXT NOT NULL,
        stage TEXT NOT NULL, production INTEGER NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (inventory, name)
    ) STRICT;
    CREATE TABLE vocabulary (
        inventory INTEGER PRIMARY KEY REFERENCES inventory (number) ON DELETE CASCADE,
        words TEXT NOT NULL
    ) STRICT;
    CREATE TABLE state (name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
    """,
)


def opened(path: Path) -> store.Store:
    """The database at *path*, made or replaced as needed."""
    try:
        return store.Store(path, MIGRATIONS)
    except store.StoreFault as err:
        because = str(err.__cause__ or err)
    return replaced(path, because)


def replaced(path: Path, because: str) -> store.Store:
    """A new database in place of one that cannot be used, with the states of that if they can be read."""
    with _alone(path):
        with contextlib.suppress(store.StoreFault, sqlite3.Error):
            # Another process may have replaced it while we waited.
            usable = store.Store(path, MIGRATIONS)
            try:
                usable.read_now(_check)
                return usable
            except sqlite3.Error:
                usable.close()
        states = _saved(path)
        for name in (f'{path.name}-wal', f'{path.name}-shm', path.name):
            path.with_name(name).unlink(missing_ok=True)
        log.warning(
            'the index %s was made anew, for it could not be used (%s); what was seen of environments is %s',
            path,
            because,
            'kept' if states is not None else 'lost: look at them again with "hoodoo env refresh"',
        )
        new = store.Store(path, MIGRATIONS)
        if states:
            new.write_now(lambda db: rows.keep_raw(db, states))
        return new


def _check(db: sqlite3.Connection) -> None:
    (said,) = db.execute('PRAGMA quick_check(1)').fetchone()
    if said != 'ok':
        raise sqlite3.DatabaseError(said)


def _saved(path: Path) -> dict[str, bytes] | None:
    """The states in a file that is otherwise of no use; None where they cannot be read."""
    try:
        return store.glance(path, rows.readable_states)
    except sqlite3.Error:
        return None


@contextlib.contextmanager
def _alone(path: Path) -> Generator[None]:
    """One process at a time; the lock ends with the process, however that ends."""
    number = os.open(path.with_name(f'{path.name}.lock'), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)
