"""What units have read: the first look makes a unit track the latest revision, a refresh moves it on."""

from __future__ import annotations

from pocket.model import application_of
from pocket.model.secrets import SecretReading
from pocket.services import rows
from pocket.services.errors import ALREADY_EXISTS, UNAUTHORIZED, JujuError
from pocket.services.secrets import access, crossing, revisions
from pocket.state import Tx


def find_labelled(tx: Tx, uuid: str, unit: str, label: str) -> str | None:
    """Return the secret that a unit calls *label*: as its owner first, then as one that reads it."""
    row = rows.one(
        tx,
        "SELECT id FROM secret WHERE model_uuid = ?1 AND label = ?2 AND ((owner_kind = 'unit' AND owner = ?3)"
        " OR (owner_kind = 'application' AND owner = ?4)) ORDER BY owner_kind DESC",
        *(uuid, label, unit, application_of(unit)),
    ) or rows.one(
        tx,
        'SELECT secret_id AS id FROM secret_consumer WHERE model_uuid = ? AND unit = ? AND label = ?',
        *(uuid, unit, label),
    )
    return crossing.find_labelled(tx, uuid, unit, label) if row is None else str(row['id'])


def read(tx: Tx, uuid: str, unit: str, secret_id: str, *, latest: bool) -> SecretReading:
    """Return what a unit reads: the revision that it tracks, with *latest* the newest one.

    Raises:
        JujuError: there is no such secret (any more), or it is not for this unit.
    """
    model, unit = crossing.place(tx, uuid, unit, secret_id)
    secret = revisions.get(tx, model, secret_id)
    allowed = access.can_read(tx, model, secret, unit)
    if not allowed or (model != uuid and not crossing.is_open(tx, model, unit, secret_id)):
        raise JujuError('permission denied', UNAUTHORIZED)
    row = rows.one(
        tx,
        'SELECT tracked FROM secret_consumer WHERE model_uuid = ? AND secret_id = ? AND unit = ?',
        *(model, secret_id, unit),
    )
    number = int(secret['latest_revision'] if row is None or latest else row['tracked'])
    return SecretReading(
        owner=str(secret['owner']),
        managed=access.can_manage(tx, model, secret, unit),
        first=row is None,
        revision=number,
        content=revisions.content(tx, model, secret_id, number),
    )


def begin(tx: Tx, uuid: str, unit: str, secret_id: str, *, revision: int, label: str) -> None:
    """Note that a unit has read a secret; the revision counts the first time only, an empty label never.

    Raises:
        JujuError: there is no such secret (any more), or the unit has another one of this label.
    """
    model, name = crossing.place(tx, uuid, unit, secret_id)
    revisions.get(tx, model, secret_id)
    other = find_labelled(tx, uuid, unit, label) if label else None
    if other not in (None, secret_id):
        raise JujuError(f'secret with label "{label}" already exists', ALREADY_EXISTS)
    tx.db.execute(
        'INSERT INTO secret_consumer VALUES (?1, ?2, ?3, ?4, ?5, ?5)'
        " ON CONFLICT DO UPDATE SET label = iif(excluded.label = '', label, excluded.label)",
        (model, secret_id, name, label, revision),
    )


def refresh(tx: Tx, uuid: str, unit: str, secret_id: str, revision: int) -> None:
    """Have a unit track *revision*, or with 0 the latest, if that is newer than what it tracks."""
    uuid, unit = crossing.place(tx, uuid, unit, secret_id)
    secret = revisions.find(tx, uuid, secret_id)
    if secret is None:
        return
    number = revision or int(secret['latest_revision'])
    tx.db.execute(
        'UPDATE secret_consumer SET tracked = max(tracked, ?1), told = max(told, ?1)'
        ' WHERE model_uuid = ?2 AND secret_id = ?3 AND unit = ?4',
        (number, uuid, secret_id, unit),
    )
    revisions.prune(tx, uuid, secret_id)
    tx.touch(uuid)
