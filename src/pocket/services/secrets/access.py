"""Who may manage and read a secret; what goes with a unit, a relation or an application."""

from __future__ import annotations

import sqlite3

from pocket.model import application_of
from pocket.model.secrets import NO_RELATION, OwnerKind, SecretAccess
from pocket.services import rows, sides
from pocket.services.errors import NOT_FOUND, NOT_SUPPORTED, JujuError
from pocket.services.secrets import crossing, revisions
from pocket.state import Tx


def can_manage(tx: Tx, uuid: str, secret: sqlite3.Row, unit: str) -> bool:
    """Whether *unit* may change the secret: its own one, or as the leader one of its application."""
    return rows.exists(
        tx,
        'SELECT 1 FROM secret_manager WHERE model_uuid = ? AND secret_id = ? AND unit = ?',
        *(uuid, secret['id'], unit),
    )


def can_read(tx: Tx, uuid: str, secret: sqlite3.Row, unit: str) -> bool:
    """Whether *unit* may read the secret."""
    application = application_of(unit)
    owned = (secret['owner_kind'], secret['owner'])
    if owned in ((OwnerKind.UNIT, unit), (OwnerKind.APPLICATION, application)):
        return True
    return rows.exists(
        tx,
        'SELECT 1 FROM secret_grant WHERE model_uuid = ?1 AND secret_id = ?2'
        " AND ((kind = 'unit' AND subject = ?3) OR (kind = 'application' AND subject = ?4))",
        *(uuid, secret['id'], unit, application),
    )


def of_secret(tx: Tx, uuid: str, secret_id: str) -> tuple[SecretAccess, ...]:
    """Return who was granted a secret."""
    found = rows.many(
        tx,
        'SELECT g.*, relation.key FROM secret_grant g'
        ' LEFT JOIN relation ON relation.model_uuid = g.model_uuid AND relation.id = g.relation_id'
        ' WHERE g.model_uuid = ? AND g.secret_id = ? ORDER BY g.kind, g.subject, g.relation_id',
        *(uuid, secret_id),
    )
    return tuple(
        SecretAccess(
            kind=OwnerKind(row['kind']),
            subject=str(row['subject']),
            relation_id=int(row['relation_id']),
            relation_key=str(row['key'] or ''),
        )
        for row in found
    )


def grant(tx: Tx, uuid: str, secret_id: str, access: SecretAccess) -> None:
    """Let a subject read a secret; a repeat changes nothing, nor does a relation that is gone by now.

    Raises:
        JujuError: there is no such unit, or it is of a model that offers.
    """
    if not crossing.can_be_granted(tx, uuid, access.relation_id, access.subject):
        raise JujuError('sharing consumer secrets across a cross model relation not supported', NOT_SUPPORTED)
    if access.kind is OwnerKind.UNIT and not (
        rows.exists(tx, 'SELECT 1 FROM unit WHERE model_uuid = ? AND name = ?', uuid, access.subject)
        or sides.find_unit(tx, uuid, access.relation_id, access.subject)
    ):
        raise JujuError(f'unit "{access.subject}" not found', NOT_FOUND)
    tx.db.execute(
        'INSERT OR IGNORE INTO secret_grant SELECT ?1, ?2, ?3, ?4, ?5'
        ' WHERE ?5 = ?6 OR EXISTS (SELECT 1 FROM relation WHERE model_uuid = ?1 AND id = ?5)',
        (uuid, secret_id, access.kind, access.subject, access.relation_id, NO_RELATION),
    )
    tx.touch(uuid)


def revoke(tx: Tx, uuid: str, secret_id: str, access: SecretAccess) -> None:
    """Take the access of a subject away, through whatever relation; what it tracked is forgotten."""
    tx.db.execute(
        'DELETE FROM secret_grant WHERE model_uuid = ? AND secret_id = ? AND kind = ? AND subject = ?',
        (uuid, secret_id, access.kind, access.subject),
    )
    tx.touch(uuid)
    _forget_strangers(tx, uuid, secret_id)


def drop_unit(tx: Tx, uuid: str, unit: str) -> None:
    """Remove what a unit owns, was granted and tracks, as the unit goes."""
    tracked = rows.many(
        tx,
        'DELETE FROM secret_consumer WHERE (model_uuid = ? AND unit = ?) OR unit = ?'
        ' RETURNING model_uuid, secret_id',
        *(uuid, unit, sides.proxy_unit(uuid, unit)),
    )
    for row in tracked:
        revisions.prune(tx, str(row['model_uuid']), str(row['secret_id']))
        tx.touch(str(row['model_uuid']))
    _drop_subject(tx, uuid, OwnerKind.UNIT, unit)


def drop_application(tx: Tx, uuid: str, application: str) -> None:
    """Remove what an application owns and was granted, as it goes."""
    _drop_subject(tx, uuid, OwnerKind.APPLICATION, application)


def drop_relation(tx: Tx, uuid: str, relation_id: int) -> None:
    """Take away what was granted through a relation, as it goes."""
    assert relation_id != NO_RELATION
    found = rows.many(
        tx,
        'DELETE FROM secret_grant WHERE model_uuid = ? AND relation_id = ? RETURNING secret_id',
        *(uuid, relation_id),
    )
    for secret_id in {str(row['secret_id']) for row in found}:
        _forget_strangers(tx, uuid, secret_id)


def _drop_subject(tx: Tx, uuid: str, kind: OwnerKind, name: str) -> None:
    tx.db.execute(
        'DELETE FROM secret WHERE model_uuid = ? AND owner_kind = ? AND owner = ?', (uuid, kind, name)
    )
    tx.db.execute(
        'DELETE FROM secret_grant WHERE model_uuid = ? AND kind = ? AND subject = ?', (uuid, kind, name)
    )


def _forget_strangers(tx: Tx, uuid: str, secret_id: str) -> None:
    """Forget what units track that may not read the secret any more: they hold no revision back."""
    secret = revisions.find(tx, uuid, secret_id)
    if secret is None:
        return
    for row in rows.many(
        tx, 'SELECT unit FROM secret_consumer WHERE model_uuid = ? AND secret_id = ?', uuid, secret_id
    ):
        if not can_read(tx, uuid, secret, str(row['unit'])):
            tx.db.execute(
                'DELETE FROM secret_consumer WHERE model_uuid = ? AND secret_id = ? AND unit = ?',
                (uuid, secret_id, row['unit']),
            )
    revisions.prune(tx, uuid, secret_id)
