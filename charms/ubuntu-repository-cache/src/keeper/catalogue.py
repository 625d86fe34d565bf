"""What the mirror knows, in SQLite: generations, the indexes of their suites, every package they name.

A *state* is one verified InRelease of one suite with the index files that it lists. A *generation* is a set
of states that is served together; a suite that did not change shares its state with the generation before. A
*listing* is the content of one Packages or Sources file, read once however many generations hold it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from keeper.listing import Row

_SCHEMA = """
CREATE TABLE state (
    id INTEGER PRIMARY KEY, suite TEXT NOT NULL, selection TEXT NOT NULL, release_sha256 BLOB NOT NULL,
    date INTEGER NOT NULL, valid_until INTEGER, components TEXT NOT NULL
) STRICT;
CREATE TABLE member (
    path TEXT NOT NULL, state INTEGER NOT NULL REFERENCES state ON DELETE CASCADE,
    size INTEGER NOT NULL, sha256 BLOB NOT NULL, PRIMARY KEY (path, state)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_state ON member (state);
CREATE INDEX member_sha256 ON member (sha256);
CREATE TABLE generation (
    id INTEGER PRIMARY KEY, digest TEXT NOT NULL, selection TEXT NOT NULL, built INTEGER NOT NULL
) STRICT;
CREATE TABLE generation_state (
    generation INTEGER NOT NULL REFERENCES generation ON DELETE CASCADE, state INTEGER NOT NULL,
    PRIMARY KEY (generation, state)
) STRICT, WITHOUT ROWID;
CREATE TABLE listing (id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE state_listing (
    state INTEGER NOT NULL REFERENCES state ON DELETE CASCADE, listing INTEGER NOT NULL,
    PRIMARY KEY (state, listing)
) STRICT, WITHOUT ROWID;
CREATE TABLE package (
    path TEXT NOT NULL, listing INTEGER NOT NULL, size INTEGER NOT NULL, sha256 BLOB NOT NULL,
    PRIMARY KEY (path, listing)
) STRICT, WITHOUT ROWID;
CREATE TABLE stored (
    path TEXT PRIMARY KEY, sha256 BLOB NOT NULL, size INTEGER NOT NULL, used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A file that the mirror may hand out; *path* is relative to the archive's base."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One verified InRelease. *id* is 0 until it is recorded."""

    id: int
    suite: str
    selection: str
    release_sha256: str
    date: int
    valid_until: int | None
    components: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One snapshot."""

    id: int
    digest: str
    selection: str
    built: int


class Catalogue:
    """One connection; not to be shared by threads at the same time."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute('PRAGMA journal_mode = WAL')
        self._db.execute('PRAGMA synchronous = NORMAL')
        self._db.execute('PRAGMA foreign_keys = ON')
        self._db.execute('PRAGMA busy_timeout = 30000')
        if not self._db.execute('PRAGMA user_version').fetchone()[0]:
            self._db.executescript(f'BEGIN IMMEDIATE; {_SCHEMA} COMMIT;')

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    # -- what is served ---------------------------------------------------------------------------------

    def package(self, path: str) -> Known | None:
        """The package at *path*, by the newest retained generation that names it."""
        row = self._db.execute(
            'SELECT p.size, p.sha256 FROM package p JOIN state_listing l USING (listing)'
            ' JOIN generation_state g ON g.state = l.state WHERE p.path = ?'
            ' ORDER BY g.generation DESC LIMIT 1',
            (path,),
        ).fetchone()
        return Known(path, row[0], row[1].hex()) if row else None

    def index(self, path: str, *, generation: int) -> Known | None:
        """The index file at *path* in *generation*."""
        row = self._db.execute(
            'SELECT m.size, m.sha256 FROM member m JOIN generation_state g ON g.state = m.state'
            ' WHERE m.path = ? AND g.generation = ?',
            (path, generation),
        ).fetchone()
        return Known(path, row[0], row[1].hex()) if row else None

    def index_by_hash(self, folder: str, sha256: str) -> Known | None:
        """The index with this content in *folder*, in any retained generation, under its plain name."""
        rows: list[tuple[str, int]] = self._db.execute(
            'SELECT path, size FROM member WHERE sha256 = ?', (bytes.fromhex(sha256),)
        ).fetchall()
        return next((Known(p, size, sha256) for p, size in rows if p.rpartition('/')[0] == folder), None)

    # -- generations ------------------------------------------------------------------------------------

    def generations(self) -> list[Generation]:
        """All of them, newest first."""
        rows = self._db.execute('SELECT id, digest, selection, built FROM generation ORDER BY id DESC')
        return [Generation(id=r[0], digest=r[1], selection=r[2], built=r[3]) for r in rows]

    def states(self, generation: int) -> list[State]:
        """The suites of *generation*, sorted."""
        rows = self._db.execute(
            'SELECT s.id, s.suite, s.selection, s.release_sha256, s.date, s.valid_until, s.components'
            ' FROM state s'
            ' JOIN generation_state g ON g.state = s.id WHERE g.generation = ? ORDER BY s.suite',
            (generation,),
        )
        return [
            State(
                id=r[0],
                suite=r[1],
                selection=r[2],
                release_sha256=r[3].hex(),
                date=r[4],
                valid_until=r[5],
                components=tuple(r[6].split()),
            )
            for r in rows
        ]

    def members(self, state: int) -> list[Known]:
        """The index files of *state*."""
        rows = self._db.execute('SELECT path, size, sha256 FROM member WHERE state = ?', (state,))
        return [Known(path, size, sha256.hex()) for path, size, sha256 in rows]

    def states_with(self, path: str, sha256: str) -> list[int]:
        """The states that hold this content at *path*."""
        rows = self._db.execute(
            'SELECT state FROM member WHERE path = ? AND sha256 = ?', (path, bytes.fromhex(sha256))
        )
        return [row[0] for row in rows]

    def add_state(self, state: State, members: Iterable[Known]) -> int:
        """Record *state* and return its id; it counts for nothing until a generation holds it."""
        with self._db:
            self._db.execute('BEGIN IMMEDIATE')
            made = self._db.execute(
                'INSERT INTO state (suite, selection, release_sha256, date, valid_until, components)'
                ' VALUES (?, ?, ?, ?, ?, ?)',
                (
                    state.suite,
                    state.selection,
                    bytes.fromhex(state.release_sha256),
                    state.date,
                    state.valid_until,
                    ' '.join(state.components),
                ),
            ).lastrowid
            assert made is not None
            self._db.executemany(
                'INSERT INTO member (path, state, size, sha256) VALUES (?, ?, ?, ?)',
                ((m.path, made, m.size, bytes.fromhex(m.sha256)) for m in members),
            )
        return made

    def add_listing(self, state: int, sha256: str, rows: Iterable[Row]) -> None:
        """Record that *state* has the packages of this listing; *rows* are read if it is new."""
        with self._db:
            self._db.execute('BEGIN IMMEDIATE')
            known = self._db.execute(
                'SELECT id FROM listing WHERE sha256 = ?', (bytes.fromhex(sha256),)
            ).fetchone()
            if known:
                listing = known[0]
            else:
                listing = self._db.execute(
                    'INSERT INTO listing (sha256) VALUES (?)', (bytes.fromhex(sha256),)
                ).lastrowid
                self._db.executemany(
                    f'INSERT OR REPLACE INTO package (path, listing, size, sha256)'
                    f' VALUES (?, {listing}, ?, ?)',
                    rows,
                )
            self._db.execute('INSERT OR IGNORE INTO state_listing VALUES (?, ?)', (state, listing))

    def has_listing(self, state: int, sha256s: Iterable[str]) -> bool:
        """Whether *state* already counts one of these contents among its listings."""
        wanted = {bytes.fromhex(sha256) for sha256 in sha256s}
        rows = self._db.execute(
            'SELECT l.sha256 FROM listing l JOIN state_listing s ON s.listing = l.id WHERE s.state = ?',
            (state,),
        )
        return any(row[0] in wanted for row in rows)

    def add_generation(self, generation: Generation, states: Iterable[int]) -> None:
        """Record *generation*."""
        with self._db:
            self._db.execute('BEGIN IMMEDIATE')
            self._db.execute(
                'INSERT INTO generation (id, digest, selection, built) VALUES (?, ?, ?, ?)',
                (generation.id, generation.digest, generation.selection, generation.built),
            )
            self._db.executemany(
                'INSERT INTO generation_state VALUES (?, ?)', ((generation.id, state) for state in states)
            )

    def forget(self, generations: Iterable[int]) -> set[str]:
        """Remove *generations* and what only they held; returns the index contents nobody names now."""
        with self._db:
            self._db.execute('BEGIN IMMEDIATE')
            self._db.executemany('DELETE FROM generation WHERE id = ?', ((g,) for g in generations))
            named = 'SELECT sha256 FROM member UNION SELECT release_sha256 FROM state'
            before = {row[0] for row in self._db.execute(named)}
            self._db.execute('DELETE FROM state WHERE id NOT IN (SELECT state FROM generation_state)')
            after = {row[0] for row in self._db.execute(named)}
            self._db.execute('DELETE FROM listing WHERE id NOT IN (SELECT listing FROM state_listing)')
            self._db.execute('DELETE FROM package WHERE listing NOT IN (SELECT id FROM listing)')
        return {sha256.hex() for sha256 in before - after}

    # -- stored packages --------------------------------------------------------------------------------

    def note_stored(self, file: Known, *, now: int) -> None:
        """Record a package that is on disk now."""
        self._db.execute(
            'INSERT OR REPLACE INTO stored VALUES (?, ?, ?, ?)',
            (file.path, bytes.fromhex(file.sha256), file.size, now),
        )

    def note_used(self, paths: Iterable[str], *, now: int) -> None:
        """Record that packages were asked for."""
        with self._db:
            self._db.execute('BEGIN IMMEDIATE')
            self._db.executemany('UPDATE stored SET used = ? WHERE path = ?', ((now, path) for path in paths))

    def note_removed(self, path: str) -> None:
        """Record that a package left the disk."""
        self._db.execute('DELETE FROM stored WHERE path = ?', (path,))

    def stored_bytes(self) -> tuple[int, int]:
        """Count and bytes of the packages on disk."""
        row = self._db.execute('SELECT count(*), coalesce(sum(size), 0) FROM stored').fetchone()
        return row[0], row[1]

    def changed_stored(self) -> list[str]:
        """Stored packages whose content is no longer what the newest generation that names them says."""
        rows = self._db.execute('SELECT path, sha256 FROM stored').fetchall()
        return [p for p, sha256 in rows if (known := self.package(p)) and known.sha256 != sha256.hex()]

    def eviction_order(self) -> list[Known]:
        """Stored packages, first to go first: those that no retained generation names, then by last use."""
        rows = self._db.execute(
            'SELECT path, size, sha256, EXISTS (SELECT 1 FROM package p WHERE p.path = stored.path) AS named'
            ' FROM stored ORDER BY named, used, path'
        )
        return [Known(path, size, sha256.hex()) for path, size, sha256, _ in rows]
