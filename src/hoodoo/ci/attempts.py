"""Every attempt of CI in SQLite; its model is written down before it is made, and until it is gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bedrock import files, store
from hoodoo.ci.watch import tables

MIGRATIONS = (
    """
    CREATE TABLE attempt (
        id INTEGER PRIMARY KEY,
        token TEXT NOT NULL UNIQUE,
        spec TEXT NOT NULL, revision TEXT NOT NULL DEFAULT '', commit_id TEXT NOT NULL DEFAULT '',
        stage TEXT NOT NULL DEFAULT '', owner TEXT NOT NULL, reports TEXT NOT NULL,
        controller TEXT NOT NULL DEFAULT '', model TEXT NOT NULL DEFAULT '',
        model_uuid TEXT NOT NULL DEFAULT '', model_state TEXT NOT NULL DEFAULT 'none',
        intended_ms INTEGER NOT NULL DEFAULT 0, expires_ms INTEGER NOT NULL DEFAULT 0,
        began_ms INTEGER NOT NULL, ended_ms INTEGER,
        verdict TEXT NOT NULL, why TEXT NOT NULL DEFAULT ''
    ) STRICT;
    """,
    tables.TABLES,
    tables.TRIED,
)

RUNNING, PASSED, FAILED, CANCELLED, INTERRUPTED = 'running', 'passed', 'failed', 'cancelled', 'interrupted'
INVALID = 'invalid'
"""The check found the spec wrong; nothing was made."""
UNTRIED = 'untried'
"""There was no controller, or no model, to try it on, which says nothing of the spec."""
UNDECIDED = 'undecided'
"""Its controller went away in the middle, or this host's disk was full, which says nothing of the spec."""
VERDICTS = (RUNNING, PASSED, FAILED, INVALID, UNTRIED, UNDECIDED, CANCELLED, INTERRUPTED)

NONE, INTENDED, MADE, KEPT, GONE = 'none', 'intended', 'made', 'kept', 'gone'
"""What is known of an attempt's model, in this order; it may go from each to `GONE`."""
FORGOTTEN = 'forgotten'
"""Somebody said that nobody need look for it any more: its controller is one that is not known here."""
SETTLED = (NONE, GONE, FORGOTTEN)
"""Nothing is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt. Times are milliseconds since 1970."""

    id: int
    token: str
    spec: str
    revision: str
    commit_id: str
    stage: str
    owner: str
    """Its process, as `marks.Owner` writes it."""
    reports: str
    """Where its reports are."""
    controller: str
    model: str
    model_uuid: str
    """Empty until the model is known to be there."""
    model_state: str
    intended_ms: int
    """When the model was about to be made."""
    expires_ms: int
    began_ms: int
    ended_ms: int | None
    verdict: str
    why: str

    @property
    def in_use(self) -> bool:
        """Whether it runs, or may have left a model."""
        return self.verdict == RUNNING or self.model_state not in SETTLED


class Attempts:
    """The file that has them; several processes may use it at once."""

    def __init__(self, path: Path) -> None:
        files.make_private_folder(path.parent)
        self._store = store.Store(path, MIGRATIONS)

    def close(self) -> None:
        """Finish writing."""
        self._store.close()

    def begin(self, *, token: str, spec: str, owner: str, reports: str, now_ms: int) -> int:
        """Add an attempt and return its number."""
        row = (token, spec, owner, reports, now_ms, RUNNING)
        query = (
            'INSERT INTO attempt (token, spec, owner, reports, began_ms, verdict) VALUES (?, ?, ?, ?, ?, ?)'
        )
        return self._store.write_now(lambda db: int(db.execute(query, row).lastrowid or 0))

    def took(self, token: str, *, spec: str, revision: str, commit: str, stage: str) -> None:
        """Note what is tried."""
        query = 'UPDATE attempt SET spec = ?, revision = ?, commit_id = ?, stage = ? WHERE token = ?'
        self._write(query, spec, revision, commit, stage, token)

    def intend(self, token: str, *, controller: str, model: str, expires_ms: int, now_ms: int) -> None:
        """Note which model is about to be made."""
        query = (
            'UPDATE attempt SET controller = ?, model = ?, expires_ms = ?, intended_ms = ?, model_state = ?'
            ' WHERE token = ?'
        )
        self._write(query, controller, model, expires_ms, now_ms, INTENDED, token)

    def made(self, token: str, uuid: str) -> None:
        """Note that the model is there."""
        query = 'UPDATE attempt SET model_uuid = ?, model_state = ? WHERE token = ?'
        self._write(query, uuid, MADE, token)

    def keep(self, token: str, *, expires_ms: int) -> None:
        """Note that the model is left on purpose."""
        query = 'UPDATE attempt SET expires_ms = ?, model_state = ? WHERE token = ?'
        self._write(query, expires_ms, KEPT, token)

    def gone(self, token: str) -> None:
        """Note that the model is gone, or was never made."""
        self._write('UPDATE attempt SET model_state = ? WHERE token = ?', GONE, token)

    def forget(self, token: str) -> None:
        """Note that the model is not looked for any more, wherever it is."""
        self._write('UPDATE attempt SET model_state = ? WHERE token = ?', FORGOTTEN, token)

    def end(self, token: str, *, verdict: str, why: str, now_ms: int) -> None:
        """Note how an attempt ended, unless that is known."""
        query = 'UPDATE attempt SET verdict = ?, why = ?, ended_ms = ? WHERE token = ? AND verdict = ?'
        self._write(query, verdict, why, now_ms, token, RUNNING)

    def spoil(self, token: str, *, verdict: str, why: str) -> None:
        """Note that an attempt that had passed ended as *verdict* after all: it left something behind."""
        query = 'UPDATE attempt SET verdict = ?, why = ? WHERE token = ? AND verdict = ?'
        self._write(query, verdict, why, token, PASSED)

    def get(self, token: str) -> Attempt | None:
        """The attempt of that token; None when there is none here."""
        found = self._read('SELECT * FROM attempt WHERE token = ?', token)
        return found[0] if found else None

    def numbers(self) -> set[int]:
        """Of all attempts."""
        found = self._store.read_now(lambda db: db.execute('SELECT id FROM attempt').fetchall())
        return {int(row['id']) for row in found}

    def controllers(self) -> set[str]:
        """Where models were made, or about to be."""
        query = "SELECT DISTINCT controller FROM attempt WHERE controller <> ''"
        found = self._store.read_now(lambda db: db.execute(query).fetchall())
        return {str(row['controller']) for row in found}

    def tokens(self) -> set[str]:
        """Of all attempts."""
        found = self._store.read_now(lambda db: db.execute('SELECT token FROM attempt').fetchall())
        return {str(row['token']) for row in found}

    def by_hand(self, watched: Path) -> list[Attempt]:
        """Those that no watcher made, which has the reports of its own in *watched*; newest first."""
        query = 'SELECT * FROM attempt WHERE substr(reports, 1, ?) <> ? ORDER BY id DESC'
        return self._read(query, len(f'{watched}/'), f'{watched}/')

    def remove(self, tokens: Sequence[str]) -> int:
        """Keep nothing of these attempts, but for those that run, may have left a model, or are the last.

        SQLite gives the number after the last one: no number that somebody has read comes twice. Returns how
        many went.
        """
        query = (
            'DELETE FROM attempt WHERE token = ? AND verdict <> ? AND model_state IN (?, ?, ?)'
            ' AND id < (SELECT max(id) FROM attempt)'
        )
        return self._store.write_now(
            lambda db: sum(db.execute(query, (token, RUNNING, *SETTLED)).rowcount for token in tokens)
        )

    def unfinished(self) -> list[Attempt]:
        """Those that run, or may have left a model; oldest first."""
        query = 'SELECT * FROM attempt WHERE model_state NOT IN (?, ?, ?) OR verdict = ? ORDER BY id'
        return self._read(query, *SETTLED, RUNNING)

    def newest(self, limit: int, *, verdict: str = '') -> list[Attempt]:
        """The last attempts, newest first; only those of *verdict*."""
        query = "SELECT * FROM attempt WHERE ? IN ('', verdict) ORDER BY id DESC LIMIT ?"
        return self._read(query, verdict, limit)

    def _write(self, query: str, *values: object) -> None:
        self._store.write_now(lambda db: db.execute(query, values))

    def _read(self, query: str, *values: object) -> list[Attempt]:
        found = self._store.read_now(lambda db: db.execute(query, values).fetchall())
        return [_attempt(row) for row in found]


def _attempt(row: sqlite3.Row) -> Attempt:
    return Attempt(**{key: row[key] for key in row.keys()})  # noqa: SIM118
