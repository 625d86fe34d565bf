"""All about secrets but their content, for units and for clients."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from pocket.model.secrets import OwnerKind, Rotate, SecretMetadata
from pocket.services import rows
from pocket.services.secrets import access
from pocket.state import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionRecord:
    """One revision."""

    number: int
    checksum: str
    created_ms: int
    updated_ms: int
    expire_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRecord:
    """A secret as clients see it."""

    metadata: SecretMetadata
    created_ms: int
    updated_ms: int
    revisions: tuple[RevisionRecord, ...]

    @property
    def latest_checksum(self) -> str:
        """The checksum of the latest revision; empty when that was removed."""
        return next((r.checksum for r in self.revisions if r.number == self.metadata.latest_revision), '')


def managed_by(tx: Tx, uuid: str, unit: str) -> list[SecretMetadata]:
    """Return the secrets that a unit may change, oldest first."""
    found = rows.many(
        tx,
        'SELECT s.* FROM secret_manager m JOIN secret s ON s.model_uuid = m.model_uuid AND s.id = m.secret_id'
        ' WHERE m.model_uuid = ? AND m.unit = ? ORDER BY s.created_ms, s.id',
        *(uuid, unit),
    )
    return [metadata(tx, row) for row in found]


def list_(tx: Tx, uuid: str) -> list[SecretRecord]:
    """Return every secret of a model, oldest first."""
    found = rows.many(tx, 'SELECT * FROM secret WHERE model_uuid = ? ORDER BY created_ms, id', uuid)
    return [_record(tx, row) for row in found]


def count(tx: Tx, uuid: str) -> int:
    """Return how many secrets a model has."""
    row = rows.one(tx, 'SELECT count(*) AS number FROM secret WHERE model_uuid = ?', uuid)
    assert row is not None
    return int(row['number'])


def metadata(tx: Tx, row: sqlite3.Row) -> SecretMetadata:
    """Return what a row of the table says, with the grants."""
    uuid, secret_id = str(row['model_uuid']), str(row['id'])
    latest = rows.one(
        tx,
        'SELECT expire_ms FROM secret_revision WHERE model_uuid = ? AND secret_id = ? AND number = ?',
        *(uuid, secret_id, row['latest_revision']),
    )
    return SecretMetadata(
        id=secret_id,
        owner_kind=OwnerKind(row['owner_kind']),
        owner=str(row['owner']),
        label=str(row['label']),
        description=str(row['description']),
        rotate=Rotate(row['rotate_policy']),
        next_rotate_ms=row['next_rotate_ms'],
        latest_revision=int(row['latest_revision']),
        expire_ms=None if latest is None else latest['expire_ms'],
        access=access.of_secret(tx, uuid, secret_id),
    )


def _record(tx: Tx, row: sqlite3.Row) -> SecretRecord:
    found = rows.many(
        tx,
        'SELECT * FROM secret_revision WHERE model_uuid = ? AND secret_id = ? ORDER BY number',
        *(row['model_uuid'], row['id']),
    )
    return SecretRecord(
        metadata=metadata(tx, row),
        created_ms=int(row['created_ms']),
        updated_ms=int(row['updated_ms']),
        revisions=tuple(
            RevisionRecord(
                number=int(revision['number']),
                checksum=str(revision['checksum']),
                created_ms=int(revision['created_ms']),
                updated_ms=int(revision['updated_ms']),
                expire_ms=revision['expire_ms'],
            )
            for revision in found
        ),
    )
