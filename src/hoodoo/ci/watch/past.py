"""How much is kept of the revisions that have ended: with their attempts they go, and stay known as tried."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bedrock import store
from hoodoo.ci import attempts

QUEUED, RUNNING, DONE = 'queued', 'running', 'done'
"""States of a revision, in this order."""

_SETTLED = ', '.join(f"'{state}'" for state in attempts.SETTLED)
_OF_REVISION = "reports >= :folder || :id || '-' AND reports < :folder || :id || '.'"
"""Its attempts: their folders are called after its number."""
_NOT_LAST = 'id < (SELECT max(id) FROM attempt)'
"""SQLite gives the number after the last one: no number that somebody has read comes twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A revision that has ended, and what stands in the way of its removal."""

    id: int
    repository: str
    spec: str
    branch: str
    ended_ms: int
    watched: bool
    """Whether its branch is there."""
    in_use: bool
    """Whether somebody is to be told of it, an attempt may have left something, or a number is the last."""


class Past:
    """The part of the history that grows old."""

    def __init__(self, opened: store.Store) -> None:
        self._store = opened

    def ended(self, folder: Path) -> list[Done]:
        """The revisions that ended, the last one first; *folder* has the reports of their tries."""
        query = f"""
            SELECT id, repository, spec, branch, ended_ms,
                EXISTS (SELECT 1 FROM watched_head AS head WHERE head.repository = revision.repository
                    AND head.spec = revision.spec AND head.branch = revision.branch) AS watched,
                revision.id = (SELECT max(id) FROM revision)
                OR EXISTS (SELECT 1 FROM notice WHERE revision = revision.id AND state = 'due')
                OR EXISTS (SELECT 1 FROM attempt WHERE {_OF_REVISION.replace(':id', 'revision.id')}
                    AND (verdict = :running OR model_state NOT IN ({_SETTLED}) OR NOT {_NOT_LAST})) AS in_use
            FROM revision WHERE state = :done ORDER BY ended_ms DESC, id DESC
        """  # noqa: S608 - texts of this module
        values = {'folder': f'{folder}/', 'running': attempts.RUNNING, 'done': DONE}
        found = self._store.read_now(lambda db: db.execute(query, values).fetchall())
        return [
            Done(
                id=row['id'],
                repository=row['repository'],
                spec=row['spec'],
                branch=row['branch'],
                ended_ms=row['ended_ms'],
                watched=bool(row['watched']),
                in_use=bool(row['in_use']),
            )
            for row in found
        ]

    def remove(self, numbers: Sequence[int], folder: Path) -> None:
        """Keep no more of these revisions than that they were tried."""
        scripts = (
            'INSERT OR IGNORE INTO tried SELECT repository, spec, commit_id FROM revision WHERE id = :id',
            'DELETE FROM notice WHERE revision = :id',
            f'DELETE FROM attempt WHERE {_OF_REVISION}',  # noqa: S608
            'DELETE FROM revision WHERE id = :id',
        )

        def work(db: sqlite3.Connection) -> None:
            for number in numbers:
                for script in scripts:
                    db.execute(script, {'id': number, 'folder': f'{folder}/'})

        self._store.write_now(work)

    def drop_untried(self, reports: str) -> bool:
        """Keep nothing of an attempt that had nothing to be tried on, unless it may have left something."""
        query = (
            'DELETE FROM attempt WHERE reports = ? AND verdict = ?'  # noqa: S608
            f' AND model_state IN ({_SETTLED}) AND {_NOT_LAST}'
        )
        values = (reports, attempts.UNTRIED)
        return self._store.write_now(lambda db: db.execute(query, values).rowcount > 0)

    def left(self, folder: Path) -> list[int]:
        """Attempts of revisions that are not being tried which may have left something; *folder* as above."""
        query = f"""
            SELECT attempt.id FROM attempt WHERE model_state NOT IN ({_SETTLED}) AND EXISTS (
                SELECT 1 FROM revision WHERE state <> :running
                AND {_OF_REVISION.replace('reports', 'attempt.reports').replace(':id', 'revision.id')}
            ) ORDER BY attempt.id
        """  # noqa: S608 - texts of this module
        values = {'folder': f'{folder}/', 'running': RUNNING}
        found = self._store.read_now(lambda db: db.execute(query, values).fetchall())
        return [int(row['id']) for row in found]

    def removed(self, repository: str = '') -> int:
        """Of how many revisions no more is kept than that they were tried."""
        query = "SELECT count(*) FROM tried WHERE ? IN ('', repository)"
        return int(self._store.read_now(lambda db: db.execute(query, (repository,)).fetchone()[0]))

    def unsettled(self) -> set[int]:
        """The revisions that have not ended."""
        found = self._store.read_now(
            lambda db: db.execute('SELECT id FROM revision WHERE state <> ?', (DONE,)).fetchall()
        )
        return {int(row['id']) for row in found}

    def reports(self) -> set[str]:
        """Names of the folders that a revision or an attempt tells of."""
        query = 'SELECT reports FROM revision UNION SELECT reports FROM attempt'
        found = self._store.read_now(lambda db: db.execute(query).fetchall())
        return {Path(row['reports']).name for row in found}
