"""Status values with their history; a repeat changes nothing, so ``since`` says when a status began."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, Literal

from pocket.model import Status
from pocket.services import rows
from pocket.state import Tx

Kind = Literal[
    'agent', 'workload', 'application', 'machine', 'instance', 'model', 'relation', 'saas', 'storage'
]

KEEP = 100
"""History entries kept for each entity and kind."""

WAITING_FOR_MACHINE = 'waiting for machine'
INSTALLING_AGENT = 'installing agent'


def put(
    tx: Tx,
    uuid: str,
    kind: Kind,
    name: str,
    value: str,
    *,
    message: str = '',
    data: Mapping[str, Any] | None = None,
) -> None:
    """Set a status, unless it says just this already."""
    wanted = (value, message, rows.dumps(data or {}))
    row = rows.one(
        tx, 'SELECT * FROM status WHERE model_uuid = ? AND kind = ? AND name = ?', uuid, kind, name
    )
    if row is not None and (row['value'], row['message'], row['data']) == wanted:
        return
    entry = (uuid, kind, name, *wanted, tx.now_ms)
    tx.db.execute('INSERT OR REPLACE INTO status VALUES (?, ?, ?, ?, ?, ?, ?)', entry)
    columns = 'model_uuid, kind, name, value, message, data, since_ms'
    tx.db.execute(f'INSERT INTO status_history ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)', entry)  # noqa: S608 (a constant)
    tx.db.execute(
        'DELETE FROM status_history WHERE model_uuid = ?1 AND kind = ?2 AND name = ?3 AND id <= ('
        ' SELECT id FROM status_history WHERE model_uuid = ?1 AND kind = ?2 AND name = ?3'
        ' ORDER BY id DESC LIMIT 1 OFFSET ?4)',
        (uuid, kind, name, KEEP),
    )
    tx.touch(uuid, 'status')


def get(tx: Tx, uuid: str, kind: Kind, name: str) -> Status | None:
    """Return a status, None when it was never set."""
    row = rows.one(
        tx, 'SELECT * FROM status WHERE model_uuid = ? AND kind = ? AND name = ?', uuid, kind, name
    )
    return None if row is None else from_row(row)


def all_of(tx: Tx, uuid: str) -> dict[tuple[str, str], Status]:
    """Return every status of a model by kind and name."""
    return {
        (str(row['kind']), str(row['name'])): from_row(row)
        for row in rows.many(tx, 'SELECT * FROM status WHERE model_uuid = ?', uuid)
    }


def forget(tx: Tx, uuid: str, name: str, *kinds: Kind) -> None:
    """Drop the statuses of an entity that is gone, and their history."""
    for kind in kinds:
        for table in ('status', 'status_history'):
            tx.db.execute(
                f'DELETE FROM {table} WHERE model_uuid = ? AND kind = ? AND name = ?',  # noqa: S608 (a constant)
                (uuid, kind, name),
            )


def from_row(row: sqlite3.Row) -> Status:
    """Return what a row of ``status`` or ``status_history`` says."""
    return Status(
        value=str(row['value']),
        message=str(row['message']),
        data=rows.loads(row['data']),
        since_ms=int(row['since_ms']),
    )
