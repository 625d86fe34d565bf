"""The log of a model: the newest lines, in order."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from pocket.services import rows
from pocket.state import Tx

KEEP = 20_000
"""Lines kept for each model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """One line."""

    number: int
    """Grows by one a line in each model."""
    at_ms: int
    entity: str
    """A tag: unit-app-0, machine-0, model-..., controller-0."""
    severity: str
    """TRACE DEBUG INFO WARNING ERROR CRITICAL."""
    module: str
    message: str


def append(tx: Tx, uuid: str, *, entity: str, severity: str, module: str, message: str) -> None:
    """Add a line; nothing happens in a model that is gone."""
    if not rows.exists(tx, 'SELECT 1 FROM model WHERE uuid = ?', uuid):
        return
    row = rows.one(tx, 'SELECT max(number) AS last FROM log WHERE model_uuid = ?', uuid)
    number = 1 + int(row['last'] or 0 if row is not None else 0)
    tx.db.execute(
        'INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)',
        (uuid, number, tx.now_ms, entity, severity, module, message),
    )
    tx.db.execute('DELETE FROM log WHERE model_uuid = ? AND number <= ?', (uuid, number - KEEP))
    tx.touch(uuid, 'logs')


def append_once(tx: Tx, uuid: str, *, entity: str, severity: str, module: str, message: str) -> None:
    """Like `append`, unless the log has that message already, of whatever entity."""
    if not rows.exists(tx, 'SELECT 1 FROM log WHERE model_uuid = ? AND message = ?', uuid, message):
        append(tx, uuid, entity=entity, severity=severity, module=module, message=message)


def tail(tx: Tx, uuid: str, *, after: int = 0, limit: int = 0) -> list[LogRecord]:
    """Return the lines after number *after*, oldest first; with *limit* only the newest of them."""
    found = rows.many(
        tx,
        'SELECT * FROM (SELECT * FROM log WHERE model_uuid = ? AND number > ? ORDER BY number DESC LIMIT ?)'
        ' ORDER BY number',
        *(uuid, after, limit or -1),
    )
    return [_record(row) for row in found]


def _record(row: sqlite3.Row) -> LogRecord:
    return LogRecord(
        number=int(row['number']),
        at_ms=int(row['at_ms']),
        entity=str(row['entity']),
        severity=str(row['severity']),
        module=str(row['module']),
        message=str(row['message']),
    )
