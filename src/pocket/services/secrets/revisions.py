"""Secrets and their revisions as they are kept: a new revision only for new content."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from pocket.model import secretcontent
from pocket.model.secrets import OwnerKind, Rotate, SecretDraft
from pocket.services import rows
from pocket.services.errors import ALREADY_EXISTS, NOT_FOUND, JujuError
from pocket.services.secrets import crossing
from pocket.state import Tx


def find(tx: Tx, uuid: str, secret_id: str) -> sqlite3.Row | None:
    """Return the row of a secret, None when there is none (any more)."""
    return rows.one(tx, 'SELECT * FROM secret WHERE model_uuid = ? AND id = ?', uuid, secret_id)


def get(tx: Tx, uuid: str, secret_id: str) -> sqlite3.Row:
    """Return the row of a secret.

    Raises:
        JujuError: there is none.
    """
    row = find(tx, uuid, secret_id)
    if row is None:
        raise missing(secret_id)
    return row


def add(tx: Tx, uuid: str, secret_id: str, kind: OwnerKind, owner: str, draft: SecretDraft) -> None:
    """Make a secret with its first revision.

    Raises:
        JujuError: the id or the label is taken.
    """
    if find(tx, uuid, secret_id) is not None:
        raise JujuError(f'secret "{secret_id}" already exists', ALREADY_EXISTS)
    label, rotate = draft.label or '', draft.rotate or Rotate.NEVER
    _require_free(tx, uuid, kind, owner, label)
    tx.db.execute(
        'INSERT INTO secret (model_uuid, id, owner_kind, owner, label, description, rotate_policy,'
        ' next_rotate_ms, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        (
            *(uuid, secret_id, kind, owner, label, draft.description or '', rotate),
            *(rotate.after(tx.now_ms), tx.now_ms, tx.now_ms),
        ),
    )
    _put_content(tx, uuid, secret_id, draft.content or {}, draft.expire_ms)
    tx.touch(uuid)


def change(tx: Tx, uuid: str, secret_id: str, draft: SecretDraft) -> None:
    """Change a secret; content that is not what the latest revision has makes a new one.

    Raises:
        JujuError: there is no such secret, or the label is taken.
    """
    old = get(tx, uuid, secret_id)
    label = old['label'] if draft.label is None else draft.label
    if label != old['label']:
        _require_free(tx, uuid, OwnerKind(old['owner_kind']), str(old['owner']), label)
    rotate = Rotate(old['rotate_policy']) if draft.rotate is None else draft.rotate
    next_ms = old['next_rotate_ms'] if rotate == old['rotate_policy'] else rotate.after(tx.now_ms)
    tx.db.execute(
        'UPDATE secret SET label = ?, description = ?, rotate_policy = ?, next_rotate_ms = ?, updated_ms = ?'
        ' WHERE model_uuid = ? AND id = ?',
        (
            *(label, old['description'] if draft.description is None else draft.description, rotate),
            *(next_ms, tx.now_ms, uuid, secret_id),
        ),
    )
    if draft.content is not None and not _is_latest(tx, uuid, old, draft.content):
        _put_content(tx, uuid, secret_id, draft.content, draft.expire_ms)
        prune(tx, uuid, secret_id)
        crossing.wake(tx, uuid)
    elif draft.expire_ms is not None:
        tx.db.execute(
            'UPDATE secret_revision SET expire_ms = ?1, expire_due_ms = ?1, updated_ms = ?2'
            ' WHERE model_uuid = ?3 AND secret_id = ?4 AND number = ?5',
            (draft.expire_ms, tx.now_ms, uuid, secret_id, old['latest_revision']),
        )
    tx.touch(uuid)


def remove(tx: Tx, uuid: str, secret_id: str, number: int | None = None) -> None:
    """Remove one revision, or the secret: when *number* is None, or was all there was.

    Raises:
        JujuError: there is no such secret or revision.
    """
    get(tx, uuid, secret_id)
    if number is not None:
        content(tx, uuid, secret_id, number)
        tx.db.execute(
            'DELETE FROM secret_revision WHERE model_uuid = ? AND secret_id = ? AND number = ?',
            (uuid, secret_id, number),
        )
    if number is None or not rows.exists(
        tx, 'SELECT 1 FROM secret_revision WHERE model_uuid = ? AND secret_id = ?', uuid, secret_id
    ):
        tx.db.execute('DELETE FROM secret WHERE model_uuid = ? AND id = ?', (uuid, secret_id))
    tx.touch(uuid)


def content(tx: Tx, uuid: str, secret_id: str, number: int) -> dict[str, str]:
    """Return the content of a revision, values in base64.

    Raises:
        JujuError: there is no such revision.
    """
    row = rows.one(
        tx,
        'SELECT content FROM secret_revision WHERE model_uuid = ? AND secret_id = ? AND number = ?',
        *(uuid, secret_id, number),
    )
    if row is None:
        raise JujuError(f'secret revision "{secret_id}/{number}" not found', NOT_FOUND)
    return rows.loads(row['content'])


def prune(tx: Tx, uuid: str, secret_id: str) -> None:
    """Remove the obsolete revisions of a secret that is to be pruned by itself."""
    tx.db.execute(
        'DELETE FROM secret_revision WHERE model_uuid = ?1 AND secret_id = ?2'
        ' AND EXISTS (SELECT 1 FROM secret WHERE model_uuid = ?1 AND id = ?2 AND auto_prune) AND number IN'
        ' (SELECT number FROM secret_obsolete WHERE model_uuid = ?1 AND secret_id = ?2)',
        (uuid, secret_id),
    )


def missing(secret_id: str) -> JujuError:
    """The error about a secret that is not there."""
    return JujuError(f'secret "{secret_id}" not found', NOT_FOUND)


def _put_content(tx: Tx, uuid: str, secret_id: str, values: Mapping[str, str], expire_ms: int | None) -> None:
    row = rows.one(
        tx,
        'UPDATE secret SET latest_revision = latest_revision + 1 WHERE model_uuid = ? AND id = ?'
        ' RETURNING latest_revision',
        *(uuid, secret_id),
    )
    assert row is not None
    tx.db.execute(
        'INSERT INTO secret_revision (model_uuid, secret_id, number, content, checksum, created_ms,'
        ' updated_ms, expire_ms, expire_due_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
        (
            *(uuid, secret_id, row['latest_revision'], rows.dumps(dict(values))),
            *(secretcontent.checksum(values), tx.now_ms, tx.now_ms, expire_ms, expire_ms),
        ),
    )


def _is_latest(tx: Tx, uuid: str, secret: sqlite3.Row, values: Mapping[str, str]) -> bool:
    return rows.exists(
        tx,
        'SELECT 1 FROM secret_revision'
        ' WHERE model_uuid = ? AND secret_id = ? AND number = ? AND checksum = ?',
        *(uuid, secret['id'], secret['latest_revision'], secretcontent.checksum(values)),
    )


def _require_free(tx: Tx, uuid: str, kind: OwnerKind, owner: str, label: str) -> None:
    if label and rows.exists(
        tx,
        'SELECT 1 FROM secret WHERE model_uuid = ? AND owner_kind = ? AND owner = ? AND label = ?',
        *(uuid, kind, owner, label),
    ):
        what = 'name' if kind is OwnerKind.MODEL else 'label'
        raise JujuError(f'secret with {what} "{label}" already exists', ALREADY_EXISTS)
