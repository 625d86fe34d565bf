"""Every revision that was seen, from `QUEUED` over `RUNNING` to `DONE`; and who is still to be told of it.

A revision is one commit for one spec. What a poll found is written in one step: the revisions and the heads
that it need not look at again. So whenever we are killed, none is lost and none is there twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bedrock import files, store
from hoodoo.ci import attempts
from hoodoo.ci.watch import config, past

QUEUED, RUNNING, DONE = past.QUEUED, past.RUNNING, past.DONE
STATES = (QUEUED, RUNNING, DONE)
DUE, SENT, GIVEN_UP = 'due', 'sent', 'given up'


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a branch was when a spec was last looked at there."""

    spec: str
    branch: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """A revision that is to be tried."""

    spec: str
    branch: str
    commit: str
    committed_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One that was seen. Times are milliseconds since 1970."""

    id: int
    repository: str
    spec: str
    branch: str
    commit_id: str
    committed_ms: int
    seen_ms: int
    began_ms: int | None
    ended_ms: int | None
    state: str
    owner: str
    """The process that tries it, as `bedrock.alive` tells processes apart; empty before that may begin."""
    tries: int
    reports: str
    attempt: int
    verdict: str
    """Of its last attempt; while it is queued again, too, if that said nothing of it."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An attempt, as far as it got."""

    id: int
    verdict: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Somebody is to be told of a revision."""

    id: int
    revision: int
    target: str
    event: str
    tries: int
    due_ms: int


class History:
    """The file that has it, which is that of the attempts."""

    def __init__(self, path: Path) -> None:
        files.make_private_folder(path.parent)
        self._store = store.Store(path, attempts.MIGRATIONS)

    def close(self) -> None:
        """Finish writing."""
        self._store.close()

    @property
    def past(self) -> past.Past:
        """What of it is kept."""
        return past.Past(self._store)

    def heads(self, repository: str) -> dict[tuple[str, str], str]:
        """Commits by spec and branch."""
        query = 'SELECT spec, branch, commit_id FROM watched_head WHERE repository = ?'
        found = self._store.read_now(lambda db: db.execute(query, (repository,)).fetchall())
        return {(row['spec'], row['branch']): row['commit_id'] for row in found}

    def saw(
        self,
        repository: str,
        heads: Sequence[Head],
        new: Sequence[New],
        *,
        now_ms: int,
        gone: Sequence[str] = (),
    ) -> int:
        """Note where branches are, and which are *gone*, and queue what is new; returns how much that is."""
        moved = (
            'INSERT INTO watched_head VALUES (?, ?, ?, ?)'
            ' ON CONFLICT DO UPDATE SET commit_id = excluded.commit_id'
        )
        queue = (
            'INSERT INTO revision (repository, spec, branch, commit_id, committed_ms, seen_ms, state)'
            ' SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS'
            ' (SELECT 1 FROM tried WHERE repository = ?1 AND spec = ?2 AND commit_id = ?4)'
            ' ON CONFLICT DO NOTHING'
        )
        left = 'DELETE FROM watched_head WHERE repository = ? AND branch = ?'

        def work(db: sqlite3.Connection) -> int:
            count = 0
            for one in new:
                row = (repository, one.spec, one.branch, one.commit, one.committed_ms, now_ms, QUEUED)
                count += db.execute(queue, row).rowcount
            for head in heads:
                db.execute(moved, (repository, head.spec, head.branch, head.commit))
            db.executemany(left, [(repository, branch) for branch in gone])
            return count

        return self._store.write_now(work)

    def in_state(self, state: str) -> list[Revision]:
        """The revisions of which that is the state, in the order in which they were seen."""
        return self._revisions('WHERE state = ? ORDER BY id', state)

    def newest(self, limit: int, *, repository: str = '', state: str = '') -> list[Revision]:
        """The last revisions, newest first."""
        where = "WHERE ? IN ('', repository) AND ? IN ('', state) ORDER BY id DESC LIMIT ?"
        return self._revisions(where, repository, state, limit)

    def get(self, number: int) -> Revision | None:
        """The revision of that number."""
        found = self._revisions('WHERE id = ?', number)
        return found[0] if found else None

    def before(self, revision: Revision) -> str:
        """How the one that ended last, of the same spec on the same branch, ended; empty for none."""
        query = (
            'SELECT verdict FROM revision WHERE repository = ? AND spec = ? AND branch = ? AND state = ?'
            ' AND id <> ? ORDER BY ended_ms DESC, id DESC LIMIT 1'
        )
        values = (revision.repository, revision.spec, revision.branch, DONE, revision.id)
        row = self._store.read_now(lambda db: db.execute(query, values).fetchone())
        return row['verdict'] if row else ''

    def begin(self, number: int, *, reports: str, now_ms: int) -> None:
        """Note that a revision is about to be tried."""
        query = (
            "UPDATE revision SET state = ?, reports = ?, began_ms = ?, owner = '', tries = tries + 1,"
            " attempt = 0, verdict = '', why = '' WHERE id = ? AND state = ?"
        )
        self._write(query, RUNNING, reports, now_ms, number, QUEUED)

    def own(self, number: int, owner: str) -> None:
        """Note whose process tries it."""
        self._write('UPDATE revision SET owner = ? WHERE id = ? AND state = ?', owner, number, RUNNING)

    def again(self, number: int, *, counts: bool) -> None:
        """Queue it again; unless it *counts*, as if it had not been tried."""
        query = (
            "UPDATE revision SET state = ?, owner = '', began_ms = NULL, tries = tries - ?"
            ' WHERE id = ? AND state = ?'
        )
        self._write(query, QUEUED, int(not counts), number, RUNNING)

    def later(
        self,
        number: int,
        *,
        verdict: str,
        why: str,
        attempt: int,
        now_ms: int,
        counts: bool = False,
        tell: Sequence[str] = (),
    ) -> None:
        """Queue it again, with why it could not be tried or not to its end.

        Args:
            counts: False: as if it had not been tried.
            tell: Names of targets who hear of that, unless they did before.
        """
        query = (
            "UPDATE revision SET state = ?, owner = '', began_ms = NULL, tries = tries - ?, verdict = ?,"
            ' why = ?, attempt = ? WHERE id = ? AND state = ?'
        )
        notice = (
            'INSERT INTO notice (revision, target, event, due_ms) SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS'
            ' (SELECT 1 FROM notice WHERE revision = ?1 AND target = ?2 AND event = ?3)'
        )

        def work(db: sqlite3.Connection) -> None:
            values = (QUEUED, int(not counts), verdict, why, attempt, number, RUNNING)
            if db.execute(query, values).rowcount:
                db.executemany(notice, [(number, target, config.ERROR, now_ms) for target in tell])

        self._store.write_now(work)

    def end(
        self,
        number: int,
        *,
        verdict: str,
        why: str,
        attempt: int,
        now_ms: int,
        tell: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Note how it ended, and whom (names of targets, with events) to tell."""
        query = (
            'UPDATE revision SET state = ?, verdict = ?, why = ?, attempt = ?, ended_ms = ?'
            ' WHERE id = ? AND state <> ?'
        )

        def work(db: sqlite3.Connection) -> None:
            if db.execute(query, (DONE, verdict, why, attempt, now_ms, number, DONE)).rowcount:
                notice = 'INSERT INTO notice (revision, target, event, due_ms) VALUES (?, ?, ?, ?)'
                db.executemany(notice, [(number, target, event, now_ms) for target, event in tell])

        self._store.write_now(work)

    def attempt(self, reports: str) -> Ended | None:
        """The last attempt whose reports go to *reports*."""
        query = 'SELECT id, verdict, why FROM attempt WHERE reports = ? ORDER BY id DESC LIMIT 1'
        row = self._store.read_now(lambda db: db.execute(query, (reports,)).fetchone())
        return Ended(**dict(row)) if row else None

    def notices(self) -> list[Notice]:
        """Those that are due, now or later; the next one first."""
        query = (
            'SELECT id, revision, target, event, tries, due_ms FROM notice WHERE state = ?'
            ' ORDER BY due_ms, id'
        )
        found = self._store.read_now(lambda db: db.execute(query, (DUE,)).fetchall())
        return [Notice(**dict(row)) for row in found]

    def told(self, number: int) -> None:
        """Note that a notice was sent."""
        self._write('UPDATE notice SET state = ?, tries = tries + 1 WHERE id = ?', SENT, number)

    def not_told(self, number: int, why: str, *, due_ms: int | None) -> None:
        """Note that a notice could not be sent, and when to try again; None for never."""
        state = DUE if due_ms is not None else GIVEN_UP
        query = 'UPDATE notice SET state = ?, tries = tries + 1, why = ?, due_ms = ? WHERE id = ?'
        self._write(query, state, why, due_ms or 0, number)

    def _write(self, query: str, *values: object) -> None:
        self._store.write_now(lambda db: db.execute(query, values))

    def _revisions(self, where: str, *values: object) -> list[Revision]:
        query = f'SELECT * FROM revision {where}'  # noqa: S608 - texts of this module
        found = self._store.read_now(lambda db: db.execute(query, values).fetchall())
        return [Revision(**dict(row)) for row in found]
