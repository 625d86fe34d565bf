"""What the Kubernetes API of a model keeps: objects by kind and name."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pocket.services import rows
from pocket.services.errors import ALREADY_EXISTS, NOT_FOUND, JujuError
from pocket.state import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeObject:
    """One object."""

    kind: str
    name: str
    uid: str
    version: int
    document: Mapping[str, Any]
    """Without what the other fields say."""
    created_ms: int


def find(tx: Tx, uuid: str, kind: str, name: str) -> KubeObject | None:
    """Return an object, if there is such a one."""
    row = rows.one(
        tx, 'SELECT * FROM kube_object WHERE model_uuid = ? AND kind = ? AND name = ?', uuid, kind, name
    )
    return None if row is None else _record(row)


def get(tx: Tx, uuid: str, kind: str, name: str) -> KubeObject:
    """Return an object.

    Raises:
        JujuError: there is no such one.
    """
    found = find(tx, uuid, kind, name)
    if found is None:
        raise JujuError(f'{kind} "{name}" not found', NOT_FOUND)
    return found


def list_(tx: Tx, uuid: str, kind: str) -> list[KubeObject]:
    """Return the objects of a kind by name."""
    found = rows.many(
        tx, 'SELECT * FROM kube_object WHERE model_uuid = ? AND kind = ? ORDER BY name', uuid, kind
    )
    return [_record(row) for row in found]


def create(tx: Tx, uuid: str, kind: str, name: str, document: Mapping[str, Any]) -> KubeObject:
    """Keep a new object.

    Raises:
        JujuError: there is one of that name.
    """
    try:
        tx.db.execute(
            'INSERT INTO kube_object VALUES (?, ?, ?, ?, 1, ?, ?)',
            (uuid, kind, name, tx.new_uuid(), rows.dumps(document), tx.now_ms),
        )
    except sqlite3.IntegrityError as err:
        raise JujuError(f'{kind} "{name}" already exists', ALREADY_EXISTS) from err
    tx.touch(uuid)
    return get(tx, uuid, kind, name)


def replace(tx: Tx, uuid: str, kind: str, name: str, document: Mapping[str, Any]) -> KubeObject:
    """Put another document in the place of an object's; the same one changes nothing.

    Raises:
        JujuError: there is no such object.
    """
    changed = tx.db.execute(
        'UPDATE kube_object SET document = ?4, version = version + 1'
        ' WHERE model_uuid = ?1 AND kind = ?2 AND name = ?3 AND document <> ?4',
        (uuid, kind, name, rows.dumps(document)),
    )
    if changed.rowcount:
        tx.touch(uuid)
    return get(tx, uuid, kind, name)


def put(tx: Tx, uuid: str, kind: str, name: str, document: Mapping[str, Any]) -> KubeObject:
    """Keep an object, new or not."""
    if find(tx, uuid, kind, name) is None:
        return create(tx, uuid, kind, name, document)
    return replace(tx, uuid, kind, name, document)


def delete(tx: Tx, uuid: str, kind: str, name: str) -> None:
    """Forget an object.

    Raises:
        JujuError: there is no such one.
    """
    get(tx, uuid, kind, name)
    tx.db.execute(
        'DELETE FROM kube_object WHERE model_uuid = ? AND kind = ? AND name = ?', (uuid, kind, name)
    )
    tx.touch(uuid)


def _record(row: sqlite3.Row) -> KubeObject:
    return KubeObject(
        kind=str(row['kind']),
        name=str(row['name']),
        uid=str(row['uid']),
        version=int(row['version']),
        document=rows.loads(row['document']),
        created_ms=int(row['created_ms']),
    )
