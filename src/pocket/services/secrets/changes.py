"""What a hook that succeeded does to secrets."""

from __future__ import annotations

import sqlite3

from pocket.model import application_of
from pocket.model.secrets import OwnerKind, SecretChanges, SecretCreation
from pocket.services import leadership
from pocket.services.errors import UNAUTHORIZED, JujuError
from pocket.services.secrets import access, revisions, tracking
from pocket.state import Tx


def apply(tx: Tx, uuid: str, unit: str, changes: SecretChanges) -> None:
    """Do what the unit's hook asked for.

    Raises:
        JujuError: one of it is refused; the caller keeps nothing then.
    """
    for creation in changes.creations:
        _create(tx, uuid, unit, creation)
    for secret_id, draft in changes.updates.items():
        _managed(tx, uuid, unit, secret_id)
        revisions.change(tx, uuid, secret_id, draft)
    for secret_id, revision in changes.tracked.items():
        tracking.refresh(tx, uuid, unit, secret_id, revision)
    for secret_id, number in changes.removals:
        _managed(tx, uuid, unit, secret_id)
        revisions.remove(tx, uuid, secret_id, number)
    for secret_id, granted in changes.grants:
        _managed(tx, uuid, unit, secret_id)
        access.grant(tx, uuid, secret_id, granted)
    for secret_id, revoked in changes.revocations:
        _managed(tx, uuid, unit, secret_id)
        access.revoke(tx, uuid, secret_id, revoked)


def _create(tx: Tx, uuid: str, unit: str, creation: SecretCreation) -> None:
    if creation.owner_kind is OwnerKind.APPLICATION:
        leadership.require(tx, uuid, unit)
        owner = application_of(unit)
    else:
        owner = unit
    revisions.add(tx, uuid, creation.id, creation.owner_kind, owner, creation.draft)


def _managed(tx: Tx, uuid: str, unit: str, secret_id: str) -> sqlite3.Row:
    secret = revisions.get(tx, uuid, secret_id)
    if not access.can_manage(tx, uuid, secret, unit):
        raise JujuError('permission denied', UNAUTHORIZED)
    return secret
