"""Key-value notes of clients on entities, by tag."""

from __future__ import annotations

from collections.abc import Mapping

from pocket.model import unit_tag
from pocket.services import rows
from pocket.services.errors import NOT_FOUND, JujuError
from pocket.state import Tx


def change(tx: Tx, uuid: str, tag: str, values: Mapping[str, str]) -> None:
    """Set notes on an entity; an empty value deletes one.

    Raises:
        JujuError: there is no such application, unit, machine or model.
    """
    if tag.partition('-')[0] in _KINDS and tag not in _tags(tx, uuid):
        raise JujuError(f'"{tag}" not found', NOT_FOUND)
    for name, value in values.items():
        if value:
            tx.db.execute('INSERT OR REPLACE INTO annotation VALUES (?, ?, ?, ?)', (uuid, tag, name, value))
        else:
            tx.db.execute(
                'DELETE FROM annotation WHERE model_uuid = ? AND tag = ? AND name = ?', (uuid, tag, name)
            )
    tx.touch(uuid, 'status')


def list_(tx: Tx, uuid: str) -> dict[str, dict[str, str]]:
    """Return the notes on every entity that has some, by tag."""
    found: dict[str, dict[str, str]] = {}
    for row in rows.many(
        tx, 'SELECT tag, name, value FROM annotation WHERE model_uuid = ? ORDER BY 1, 2', uuid
    ):
        found.setdefault(str(row['tag']), {})[str(row['name'])] = str(row['value'])
    return found


def get(tx: Tx, uuid: str, tag: str) -> dict[str, str]:
    """Return the notes on an entity."""
    found = rows.many(
        tx, 'SELECT name, value FROM annotation WHERE model_uuid = ? AND tag = ? ORDER BY name', uuid, tag
    )
    return {str(row['name']): str(row['value']) for row in found}


_KINDS = frozenset({'application', 'machine', 'model', 'unit'})


def _tags(tx: Tx, uuid: str) -> set[str]:
    names = {
        kind: [str(row['name']) for row in rows.many(tx, sql, uuid)]
        for kind, sql in (
            ('application', 'SELECT name FROM application WHERE model_uuid = ?'),
            ('unit', 'SELECT name FROM unit WHERE model_uuid = ?'),
            ('machine', 'SELECT id AS name FROM machine WHERE model_uuid = ?'),
        )
    }
    return {
        f'model-{uuid}',
        *(f'application-{name}' for name in names['application']),
        *(unit_tag(name) for name in names['unit']),
        *(f'machine-{name.replace("/", "-")}' for name in names['machine']),
    }
