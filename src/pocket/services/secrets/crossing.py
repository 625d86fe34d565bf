"""Secrets across models: whose a secret is that a unit names, and what the unit is called there.

The owner's model keeps who was granted a secret and who reads it, under its own names for the units of other
models. So revisions are tracked and let go there as for units of its own.
"""

from __future__ import annotations

from pocket.model import application_of
from pocket.model.secrets import SecretEvent
from pocket.services import rows, sides
from pocket.state import Tx


def place(tx: Tx, uuid: str, unit: str, secret_id: str) -> tuple[str, str]:
    """Return the model that has a secret, and the name of *unit* in it; ids are one of a kind everywhere."""
    row = rows.one(
        tx, 'SELECT model_uuid FROM secret WHERE id = ? ORDER BY model_uuid <> ? LIMIT 1', secret_id, uuid
    )
    if row is None or row['model_uuid'] == uuid:
        return uuid, unit
    return str(row['model_uuid']), sides.proxy_unit(uuid, unit)


def is_open(tx: Tx, owner: str, proxy: str, secret_id: str) -> bool:
    """Whether the unit of another model may read a secret: through a relation that is not suspended."""
    return rows.exists(
        tx,
        'SELECT 1 FROM secret_grant g JOIN relation r ON r.model_uuid = g.model_uuid AND r.id = g.relation_id'
        ' WHERE g.model_uuid = ? AND g.secret_id = ? AND g.subject IN (?, ?) AND NOT r.suspended',
        *(owner, secret_id, proxy, application_of(proxy)),
    )


def find_labelled(tx: Tx, uuid: str, unit: str, label: str) -> str | None:
    """Return the secret of another model that a unit calls *label*."""
    row = rows.one(
        tx,
        'SELECT secret_id AS id FROM secret_consumer WHERE unit = ? AND label = ?',
        *(sides.proxy_unit(uuid, unit), label),
    )
    return None if row is None else str(row['id'])


def changed(tx: Tx, uuid: str, unit: str) -> list[SecretEvent]:
    """Return what a unit is to be told of the secrets of other models that it reads."""
    found = rows.many(
        tx,
        'SELECT s.id, s.model_uuid, s.latest_revision, c.label FROM secret_consumer c'
        ' JOIN secret s ON s.model_uuid = c.model_uuid AND s.id = c.secret_id'
        ' WHERE c.unit = ? AND s.latest_revision > max(c.tracked, c.told) ORDER BY s.id',
        sides.proxy_unit(uuid, unit),
    )
    return [
        SecretEvent(
            kind='secret-changed',
            id=str(row['id']),
            label=str(row['label']),
            revision=int(row['latest_revision']),
            source=str(row['model_uuid']),
        )
        for row in found
    ]


def wake(tx: Tx, uuid: str) -> None:
    """Wake the agents of the models that a model has relations with: a secret that they read may be new."""
    for row in rows.many(tx, 'SELECT DISTINCT home_model FROM relation_endpoint WHERE model_uuid = ?', uuid):
        tx.touch(str(row['home_model']))


def can_be_granted(tx: Tx, uuid: str, relation_id: int, subject: str) -> bool:
    """Whether a subject may be given secrets of a model: not the application behind an offer."""
    application = application_of(subject)
    return application.startswith(sides.PROXY) or not any(
        sides.is_remote(side) and side['application'] == application
        for side in sides.of(tx, uuid, relation_id)
    )
