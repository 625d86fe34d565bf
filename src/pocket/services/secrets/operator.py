"""What clients do: the model's own secrets, and a look at all of them."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from pocket.model.secrets import (
    OwnerKind,
    SecretAccess,
    SecretDraft,
    find_id,
    uri,
)
from pocket.services import models, rows
from pocket.services.errors import NOT_FOUND, NOT_VALID, UNAUTHORIZED, JujuError
from pocket.services.secrets import access, revisions
from pocket.state import Tx


def add(tx: Tx, uuid: str, *, secret_id: str, draft: SecretDraft) -> str:
    """Make a secret of the model and return its URI.

    Raises:
        JujuError: the name is taken, or there is no content.
    """
    models.require_alive(tx, uuid, 'cannot add secret')
    if not draft.content:
        raise JujuError('empty secret value not valid', NOT_VALID)
    revisions.add(tx, uuid, secret_id, OwnerKind.MODEL, '', draft)
    return uri(secret_id)


def update(tx: Tx, uuid: str, secret: str, draft: SecretDraft, *, auto_prune: bool | None = None) -> None:
    """Change a secret of the model; an empty name leaves the one that it has.

    Raises:
        JujuError: there is no such secret, it is a charm's, the name is taken, or nothing is to be changed.
    """
    row = _own(tx, uuid, secret)
    draft = replace(draft, label=draft.label or None, content=draft.content or None)
    if draft == SecretDraft() and auto_prune is None:
        raise JujuError('at least one attribute to update must be specified')
    if auto_prune is not None:
        tx.db.execute(
            'UPDATE secret SET auto_prune = ? WHERE model_uuid = ? AND id = ?', (auto_prune, uuid, row['id'])
        )
    revisions.change(tx, uuid, str(row['id']), draft)
    revisions.prune(tx, uuid, str(row['id']))


def remove(tx: Tx, uuid: str, secret: str, numbers: tuple[int, ...] = ()) -> None:
    """Remove revisions of a secret of the model, or all of it.

    Raises:
        JujuError: there is no such secret or revision, or it is a charm's.
    """
    secret_id = str(_own(tx, uuid, secret)['id'])
    for number in numbers or (None,):
        revisions.remove(tx, uuid, secret_id, number)


def grant(tx: Tx, uuid: str, secret: str, application: str) -> None:
    """Let an application read a secret of the model.

    Raises:
        JujuError: there is no such secret or application, or the secret is a charm's.
    """
    row, subject = _own(tx, uuid, secret), _application(tx, uuid, application)
    access.grant(tx, uuid, str(row['id']), subject)


def revoke(tx: Tx, uuid: str, secret: str, application: str) -> None:
    """Take a secret of the model away from an application.

    Raises:
        JujuError: there is no such secret or application, or the secret is a charm's.
    """
    row, subject = _own(tx, uuid, secret), _application(tx, uuid, application)
    access.revoke(tx, uuid, str(row['id']), subject)


def _own(tx: Tx, uuid: str, secret: str) -> sqlite3.Row:
    """The model's secret of this URI or name."""
    named = rows.one(
        tx, "SELECT * FROM secret WHERE model_uuid = ? AND owner_kind = 'model' AND label = ?", uuid, secret
    )
    if named is not None:
        return named
    found = revisions.get(tx, uuid, find_id(secret) or secret)
    if found['owner_kind'] != OwnerKind.MODEL:
        raise JujuError('permission denied', UNAUTHORIZED)
    return found


def _application(tx: Tx, uuid: str, name: str) -> SecretAccess:
    if not rows.exists(tx, 'SELECT 1 FROM application WHERE model_uuid = ? AND name = ?', uuid, name):
        raise JujuError(f'application "{name}" not found', NOT_FOUND)
    return SecretAccess(kind=OwnerKind.APPLICATION, subject=name)
