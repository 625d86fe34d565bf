"""Keeps runs and their events, and tells listeners about events as they happen."""

from __future__ import annotations

import dataclasses
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bedrock import alive, errors, store
from hoodoo import model
from hoodoo.journal import events, rows

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
    """
    ALTER TABLE run ADD COLUMN request TEXT NOT NULL DEFAULT '';
    ALTER TABLE run ADD COLUMN line TEXT NOT NULL DEFAULT '';
    ALTER TABLE run ADD COLUMN model_uuid TEXT NOT NULL DEFAULT '';
    """,
)

_ALL = rows.Filter()

Listener = Callable[[events.Record], None]


class Journal:
    """The journal file. Opening it marks runs whose process is gone as interrupted."""

    def __init__(self, path: Path, *, now_ms: Callable[[], int] | None = None) -> None:
        self._now_ms = now_ms or (lambda: time.time_ns() // 1_000_000)
        self._store = store.Store(path, _MIGRATIONS)
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self._seq = 0
        self._mask: Callable[[str], str] = str
        self._mark_interrupted()

    def close(self) -> None:
        """Finish writing."""
        self._store.close()

    def listen(self, listener: Listener) -> None:
        """Tell *listener* about every event from now on, in order, in the emitting thread."""
        self._listeners.append(listener)

    def mask_with(self, mask: Callable[[str], str]) -> None:
        """Have *mask* take secrets out of all events from now on, before they are kept or heard."""
        self._mask = mask

    def begin(self, new: rows.New, phases: Sequence[str]) -> int:
        """Add a run of these phases and return its number.

        Its first event is kept with it: whoever goes on with a run, however early it was killed, needs that.
        """
        new = dataclasses.replace(new, spec=self._mask(new.spec), line=self._mask(new.line))
        row = dataclasses.asdict(new) | {
            'started_ms': self._now_ms(),
            'outcome': rows.RUNNING,
            'process': alive.me(),
        }
        names = ', '.join(row)
        query = f'INSERT INTO run ({names}) VALUES ({", ".join("?" * len(row))})'  # noqa: S608

        def work(db: sqlite3.Connection) -> tuple[int, events.Record]:
            number = int(db.execute(query, tuple(row.values())).lastrowid or 0)
            event = events.masked(_started(number, new, phases), self._mask)
            record = events.Record(seq=1, at_ms=self._now_ms(), event=event)
            _keep(db, number, record)
            return number, record

        with self._lock:
            number, record = self._store.write_now(work)
            self._seq = record.seq
            for listener in self._listeners:
                listener(record)
        return number

    def take_up(self, number: int) -> None:
        """Go on with a run that ended; its events are added to.

        Raises:
            Fault: it is running.
        """

        def work(db: sqlite3.Connection) -> int:
            done = db.execute(
                'UPDATE run SET outcome = ?, process = ?, ended_ms = NULL, error = ?'
                ' WHERE id = ? AND outcome <> ?',
                (rows.RUNNING, alive.me(), '', number, rows.RUNNING),
            )
            if not done.rowcount:
                raise errors.Fault(f'cannot go on with run {number}: it is running')
            last = db.execute('SELECT max(seq) FROM event WHERE run = ?', (number,)).fetchone()[0]
            return int(last or 0)

        self._seq = self._store.write_now(work)

    def found_model(self, number: int, uuid: str) -> None:
        """Note on which model a run works, whatever its name."""
        self._store.write_now(
            lambda db: db.execute('UPDATE run SET model_uuid = ? WHERE id = ?', (uuid, number))
        )

    def emit(self, run: int, event: events.Event) -> None:
        """Keep *event* and tell the listeners; callable from any thread."""
        event = events.masked(event, self._mask)
        with self._lock:
            self._seq += 1
            record = events.Record(seq=self._seq, at_ms=self._now_ms(), event=event)
            if not isinstance(event, events.Progress):
                self._store.write_now(lambda db: _keep(db, run, record))
            for listener in self._listeners:
                listener(record)

    def runs(self, *, limit: int = 50, only: rows.Filter = _ALL) -> list[rows.Run]:
        """The last *limit* runs that *only* lets through, newest first."""
        self._mark_interrupted()
        where, values = only.where()
        query = f'SELECT * FROM run WHERE {where} ORDER BY id DESC LIMIT ?'  # noqa: S608
        return self._store.read_now(lambda db: [_run(row) for row in db.execute(query, (*values, limit))])

    def latest(self, *, outcome: str = '') -> list[rows.Run]:
        """The last run on each model that runs have found, newest first.

        Args:
            outcome: Of those with this outcome, and of whole manifests alone; empty for all.
        """
        self._mark_interrupted()
        query = """
            SELECT * FROM run WHERE id IN (
                SELECT max(id) FROM run
                WHERE model_uuid <> '' AND (?1 = '' OR (outcome = ?1 AND line = ''))
                GROUP BY model_uuid
            ) ORDER BY id DESC
        """
        return self._store.read_now(lambda db: [_run(row) for row in db.execute(query, (outcome,))])

    def get(self, number: int) -> rows.Run:
        """One run.

        Raises:
            UsageFault: there is none of that number.
        """
        self._mark_interrupted()
        row = self._store.read_now(
            lambda db: db.execute('SELECT * FROM run WHERE id = ?', (number,)).fetchone()
        )
        if row is None:
            raise errors.UsageFault(f'cannot find run {number}', hint='"hoodoo runs" lists the runs.')
        return _run(row)

    def records(self, number: int, *, after: int = 0) -> list[events.Record]:
        """The kept events of a run, in order; only those after the one with that sequence number."""
        query = 'SELECT seq, at_ms, body FROM event WHERE run = ? AND seq > ? ORDER BY seq'
        rows = self._store.read_now(lambda db: db.execute(query, (number, after)).fetchall())
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
        found = self._store.read_now(lambda db: db.execute(query, (model_uuid, kind)).fetchall())
        return {row['name']: row['body'] for row in found}

    def note(self, model_uuid: str, kind: str, name: str, body: str) -> None:
        """Keep a note about a model, in place of an earlier one of that name."""
        row = (model_uuid, kind, name, body)
        self._store.write_now(lambda db: db.execute('INSERT OR REPLACE INTO note VALUES (?, ?, ?, ?)', row))

    def forget(self, model_uuid: str, kind: str, name: str) -> None:
        """Drop a note about a model, if there is one."""
        query = 'DELETE FROM note WHERE model = ? AND kind = ? AND name = ?'
        self._store.write_now(lambda db: db.execute(query, (model_uuid, kind, name)))

    def changed(self) -> int:
        """A number that differs when another process has written since the last call; costs microseconds."""
        return self._store.version_now()

    def mark(self, number: int, outcome: str) -> None:
        """Say how a run ended whose process cannot say it any more."""
        self._store.write_now(
            lambda db: db.execute('UPDATE run SET outcome = ? WHERE id = ?', (outcome, number))
        )

    def _mark_interrupted(self) -> None:
        running = "SELECT id, process FROM run WHERE outcome = 'running'"
        rows = self._store.read_now(lambda db: db.execute(running).fetchall())
        dead = [(int(row['id']), str(row['process'])) for row in rows if not alive.lives(str(row['process']))]
        if not dead:
            return
        query = (
            "UPDATE run SET outcome = 'interrupted',"
            ' ended_ms = (SELECT max(at_ms) FROM event WHERE run = run.id)'
            # Unless somebody has taken it up since we looked.
            " WHERE id = ? AND process = ? AND outcome = 'running'"
        )
        self._store.write_now(lambda db: db.executemany(query, dead))


def _started(number: int, new: rows.New, phases: Sequence[str]) -> events.RunStarted:
    return events.RunStarted(
        run=number,
        spec=new.spec,
        stage=new.stage,
        project=new.project,
        workspace=new.workspace,
        series=new.series,
        manifest=new.manifest,
        phases=tuple(phases),
    )


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


def _run(row: sqlite3.Row) -> rows.Run:
    return rows.Run(**{key: row[key] for key in row.keys()})  # noqa: SIM118
