"""What a unit's charm is to be told of secrets, when, and that it was told."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from pocket.model.secrets import RETRY_MS, Rotate, SecretEvent, SecretsView
from pocket.services import rows, sides
from pocket.services.secrets import crossing, revisions
from pocket.state import Tx

_DUE: Mapping[str, str] = {
    'secret-expired': """
        SELECT s.id, s.label, r.number AS revision, r.expire_due_ms AS due_ms FROM secret_manager m
        JOIN secret s ON s.model_uuid = m.model_uuid AND s.id = m.secret_id
        JOIN secret_revision r ON r.model_uuid = s.model_uuid AND r.secret_id = s.id
        WHERE m.model_uuid = ? AND m.unit = ? AND r.expire_due_ms IS NOT NULL ORDER BY due_ms, s.id, r.number
    """,
    'secret-rotate': """
        SELECT s.id, s.label, s.latest_revision AS revision, s.next_rotate_ms AS due_ms FROM secret_manager m
        JOIN secret s ON s.model_uuid = m.model_uuid AND s.id = m.secret_id
        WHERE m.model_uuid = ? AND m.unit = ? AND s.next_rotate_ms IS NOT NULL ORDER BY due_ms, s.id
    """,
    # Who may change a secret knows of its revisions: they are news to the others.
    'secret-changed': """
        SELECT s.id, c.label, s.latest_revision AS revision, 0 AS due_ms FROM secret_consumer c
        JOIN secret s ON s.model_uuid = c.model_uuid AND s.id = c.secret_id
        WHERE c.model_uuid = ? AND c.unit = ? AND s.latest_revision > max(c.tracked, c.told)
            AND NOT EXISTS (SELECT 1 FROM secret_manager m WHERE m.model_uuid = c.model_uuid
                AND m.secret_id = c.secret_id AND m.unit = c.unit)
        ORDER BY s.id
    """,
    'secret-remove': """
        SELECT s.id, s.label, o.number AS revision, 0 AS due_ms FROM secret_manager m
        JOIN secret s ON s.model_uuid = m.model_uuid AND s.id = m.secret_id
        JOIN secret_obsolete o ON o.model_uuid = s.model_uuid AND o.secret_id = s.id
        JOIN secret_revision r
            ON r.model_uuid = s.model_uuid AND r.secret_id = s.id AND r.number = o.number
        WHERE m.model_uuid = ? AND m.unit = ? AND r.obsolete_told <> m.unit ORDER BY s.id, o.number
    """,
}
"""By hook, in Juju's order, what it tells of and when that is due."""


def view(tx: Tx, uuid: str, unit: str) -> SecretsView:
    """Return what is due for a unit, and when something will be."""
    elsewhere = crossing.changed(tx, uuid, unit)
    if not elsewhere and not rows.exists(tx, 'SELECT 1 FROM secret WHERE model_uuid = ?', uuid):
        return SecretsView()
    events = [
        (int(row['due_ms']), _event(kind, row))
        for kind, sql in _DUE.items()
        for row in rows.many(tx, sql, uuid, unit)
    ]
    events += [(0, event) for event in elsewhere]
    waits = [due_ms - tx.now_ms for due_ms, _ in events if due_ms > tx.now_ms]
    return SecretsView(
        due=tuple(event for due_ms, event in events if due_ms <= tx.now_ms),
        next_due_s=min(waits) / 1000 if waits else None,
    )


def _event(kind: str, row: sqlite3.Row) -> SecretEvent:
    return SecretEvent(kind=kind, id=str(row['id']), label=str(row['label']), revision=int(row['revision']))


def told(tx: Tx, uuid: str, unit: str, event: SecretEvent) -> None:
    """Note that a unit's hook for *event* was committed; may be called after the hook's own changes only."""
    match event.kind:
        case 'secret-expired':
            tx.db.execute(
                'UPDATE secret_revision SET expire_due_ms = ?'
                ' WHERE model_uuid = ? AND secret_id = ? AND number = ? AND expire_due_ms <= ?',
                (tx.now_ms + RETRY_MS, uuid, event.id, event.revision, tx.now_ms),
            )
        case 'secret-rotate':
            _rotated(tx, uuid, event)
        case 'secret-changed':
            tx.db.execute(
                'UPDATE secret_consumer SET told = max(told, ?)'
                ' WHERE model_uuid = ? AND secret_id = ? AND unit = ?',
                (event.revision, *_reader(uuid, unit, event)),
            )
        case _:
            tx.db.execute(
                'UPDATE secret_revision SET obsolete_told = ?'
                ' WHERE model_uuid = ? AND secret_id = ? AND number = ?',
                (unit, uuid, event.id, event.revision),
            )


def _reader(uuid: str, unit: str, event: SecretEvent) -> tuple[str, str, str]:
    if event.source:
        return event.source, event.id, sides.proxy_unit(uuid, unit)
    return uuid, event.id, unit


def _rotated(tx: Tx, uuid: str, event: SecretEvent) -> None:
    secret = revisions.find(tx, uuid, event.id)
    # A hook that sets another policy has also set the time.
    if secret is None or secret['next_rotate_ms'] is None or secret['next_rotate_ms'] > tx.now_ms:
        return
    if secret['latest_revision'] > event.revision:
        rotate = Rotate(secret['rotate_policy'])
        next_ms = rotate.after(int(secret['next_rotate_ms']))
        if next_ms is not None and next_ms <= tx.now_ms:  # nobody was there to rotate for longer than that
            next_ms = rotate.after(tx.now_ms)
    else:
        next_ms = tx.now_ms + RETRY_MS
    tx.db.execute(
        'UPDATE secret SET next_rotate_ms = ? WHERE model_uuid = ? AND id = ?', (next_ms, uuid, event.id)
    )
