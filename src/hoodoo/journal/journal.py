"""Keeps runs and their events, and tells listeners about events as they happen."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, store
from hoodoo import model
from hoodoo.journal import events

_MIGRATIONS = (
    """
    CREATE TABLE run (
        id INTEGER PRIMARY KEY,
        spec TEXT NOT NULL, stage TEXT NOT NULL, project TEXT NOT NULL, workspace TEXT NOT NULL,
        series TEXT NOT NULL, manifest TEXT NOT NULL, model TEXT NOT NULL DEFAULT '',
        started_ms INTEGER NOT NULL, ended_ms INTEGER,
        outcome TEXT NOT NULL, changes INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',
        process TEXT NOT NULL
    ) STRICT;
    CREATE TABLE event (
        run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (run, seq)
    ) STRICT;
    CREATE TABLE deployed (
        model TEXT NOT NULL, application TEXT NOT NULL, digest TEXT NOT NULL, charm TEXT NOT NULL,
        PRIMARY KEY (model, application)
    ) STRICT;
    """,
    """
    CREATE TABLE note (
        model TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (model, kind, name)
    ) STRICT;
    """,
)

Listener = Callable[[events.Record], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run as the journal has it."""

    id: int
    spec: str
    stage: str
    project: str
    workspace: str
    series: str
    manifest: str
    model: str
    started_ms: int
    ended_ms: int | None
    outcome: str
    """running, done, failed, cancelled, or interrupted when its process died."""
    changes: int
    error: str


class Journal:
    """The journal file. Opening it marks runs whose process is gone as interrupted."""

    def __init__(self, path: Path, *, now_ms: Callable[[], int] | None = None) -> None:
        self._now_ms = now_ms or (lambda: time.time_ns() // 1_000_000)
        self._store = store.Store(path, _MIGRATIONS)
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self._seq = 0
        self._mark_interrupted()

    def close(self) -> None:
        """Finish writing."""
        self._store.close()

    def listen(self, listener: Listener) -> None:
        """Tell *listener* about every event from now on, in order, in the emitting thread."""
        self._listeners.append(listener)

    def begin(
        self, *, spec: str, stage: str, project: str, workspace: str, series: str, manifest: str
    ) -> int:
        """Add a run and return its number."""
        row = (spec, stage, project, workspace, series, manifest, self._now_ms(), 'running', _process())

        def work(db: sqlite3.Connection) -> int:
            done = db.execute(
                'INSERT INTO run (spec, stage, project, workspace, series, manifest, started_ms, outcome,'
                ' process) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
                row,
            )
            return int(done.lastrowid or 0)

        self._seq = 0
        return self._store.write_now(work)

    def emit(self, run: int, event: events.Event) -> None:
        """Keep *event* and tell the listeners; callable from any thread."""
        with self._lock:
            self._seq += 1
            record = events.Record(seq=self._seq, at_ms=self._now_ms(), event=event)
            if not isinstance(event, events.Progress):
                self._store.write_now(lambda db: _keep(db, run, record))
            for listener in self._listeners:
                listener(record)

    def runs(self, *, limit: int = 50) -> list[Run]:
        """The last *limit* runs, newest first."""
        return self._store.read_now(
            lambda db: [_run(r) for r in db.execute('SELECT * FROM run ORDER BY id DESC LIMIT ?', (limit,))]
        )

    def get(self, number: int) -> Run:
        """One run.

        Raises:
            UsageFault: there is none of that number.
        """
        row = self._store.read_now(
            lambda db: db.execute('SELECT * FROM run WHERE id = ?', (number,)).fetchone()
        )
        if row is None:
            raise errors.UsageFault(f'cannot find run {number}', hint='"hoodoo runs" lists the runs.')
        return _run(row)

    def records(self, number: int) -> list[events.Record]:
        """All kept events of a run, in order."""
        query = 'SELECT seq, at_ms, body FROM event WHERE run = ? ORDER BY seq'
        rows = self._store.read_now(lambda db: db.execute(query, (number,)).fetchall())
        return [
            events.Record(seq=row['seq'], at_ms=row['at_ms'], event=events.decode(row['body']))
            for row in rows
        ]

    def recall(self, model_uuid: str) -> Mapping[str, model.Deployed]:
        """Which charm content the applications of a model were given from here."""
        query = 'SELECT application, digest, charm FROM deployed WHERE model = ?'
        rows = self._store.read_now(lambda db: db.execute(query, (model_uuid,)).fetchall())
        return {row['application']: model.Deployed(digest=row['digest'], charm=row['charm']) for row in rows}

    def remember(self, model_uuid: str, application: str, deployed: model.Deployed) -> None:
        """Note which charm content an application was given."""
        row = (model_uuid, application, deployed.digest, deployed.charm)
        self._store.write_now(
            lambda db: db.execute('INSERT OR REPLACE INTO deployed VALUES (?, ?, ?, ?)', row)
        )

    def notes(self, model_uuid: str, kind: str) -> Mapping[str, str]:
        """The notes of one kind about a model, by name."""
        query = 'SELECT name, body FROM note WHERE model = ? AND kind = ? ORDER BY name'
        rows = self._store.read_now(lambda db: db.execute(query, (model_uuid, kind)).fetchall())
        return {row['name']: row['body'] for row in rows}

    def note(self, model_uuid: str, kind: str, name: str, body: str) -> None:
        """Keep a note about a model, in place of an earlier one of that name."""
        row = (model_uuid, kind, name, body)
        self._store.write_now(lambda db: db.execute('INSERT OR REPLACE INTO note VALUES (?, ?, ?, ?)', row))

    def forget(self, model_uuid: str, kind: str, name: str) -> None:
        """Drop a note about a model, if there is one."""
        query = 'DELETE FROM note WHERE model = ? AND kind = ? AND name = ?'
        self._store.write_now(lambda db: db.execute(query, (model_uuid, kind, name)))

    def _mark_interrupted(self) -> None:
        def work(db: sqlite3.Connection) -> None:
            for row in db.execute("SELECT id, process FROM run WHERE outcome = 'running'").fetchall():
                if not _lives(str(row['process'])):
                    last = 'SELECT max(at_ms) FROM event WHERE run = run.id'
                    db.execute(
                        f"UPDATE run SET outcome = 'interrupted', ended_ms = ({last}) WHERE id = ?",  # noqa: S608
                        (row['id'],),
                    )

        self._store.write_now(work)


def _keep(db: sqlite3.Connection, run: int, record: events.Record) -> None:
    body = events.encode(record.event).decode()
    db.execute('INSERT INTO event VALUES (?, ?, ?, ?)', (run, record.seq, record.at_ms, body))
    if isinstance(record.event, events.ModelReady):
        db.execute('UPDATE run SET model = ? WHERE id = ?', (record.event.model, run))
    elif isinstance(record.event, events.RunEnded):
        db.execute(
            'UPDATE run SET outcome = ?, ended_ms = ?, changes = ?, error = ? WHERE id = ?',
            (record.event.outcome, record.at_ms, record.event.changes, record.event.error, run),
        )


def _run(row: sqlite3.Row) -> Run:
    return Run(**{key: row[key] for key in row.keys() if key != 'process'})  # noqa: SIM118


def _process() -> str:
    """This process, told apart from a later one of the same number by when it started."""
    return f'{os.getpid()} {_started(os.getpid())}'


def _lives(process: str) -> bool:
    number, _, started = process.partition(' ')
    return bool(started) and _started(int(number)) == started


def _started(number: int) -> str:
    try:
        stat = Path(f'/proc/{number}/stat').read_text()
    except OSError:
        return ''
    # Fields after the name, which may itself hold blanks and parentheses; state is the first, start the 20th.
    fields = stat.rpartition(')')[2].split()
    return '' if fields[0] == 'Z' else fields[19]
