"""Key-value notes of clients on entities, by tag."""

from __future__ import annotations

from collections.abc import Mapping

from pocket.services import rows
from pocket.state import Tx


def change(tx: Tx, uuid: str, tag: str, values: Mapping[str, str]) -> None:
    """Set notes on an entity; an empty value deletes one."""
    for name, value in values.items():
        if value:
            tx.db.execute('INSERT OR REPLACE INTO annotation VALUES (?, ?, ?, ?)', (uuid, tag, name, value))
        else:
            tx.db.execute(
                'DELETE FROM annotation WHERE model_uuid = ? AND tag = ? AND name = ?', (uuid, tag, name)
            )
    tx.touch(uuid, 'status')


def get(tx: Tx, uuid: str, tag: str) -> dict[str, str]:
    """Return the notes on an entity."""
    found = rows.many(
        tx, 'SELECT name, value FROM annotation WHERE model_uuid = ? AND tag = ? ORDER BY name', uuid, tag
    )
    return {str(row['name']): str(row['value']) for row in found}
