"""Key-value notes of clients on entities, by tag."""

from __future__ import annotations

from collections.abc import Mapping

from pocket.services import rows
from pocket.services.errors import BAD_REQUEST, NOT_SUPPORTED, UNAUTHORIZED, JujuError
from pocket.state import Tx

_FOUND_BY = {
    'application': 'SELECT 1 FROM application WHERE model_uuid = ? AND name = ?',
    'charm': 'SELECT 1 FROM charm WHERE model_uuid = ? AND url = ?',
    'machine': 'SELECT 1 FROM machine WHERE model_uuid = ? AND id = ? AND NOT length(pod_of)',
    'storage': 'SELECT 1 FROM storage WHERE model_uuid = ? AND id = ?',
    'unit': 'SELECT 1 FROM unit WHERE model_uuid = ? AND name = ?',
}
_WITHOUT = frozenset({'action', 'operation', 'relation', 'user', 'cloud', 'controller'})


def change(tx: Tx, uuid: str, tag: str, values: Mapping[str, str]) -> None:
    """Set notes on an entity; an empty value deletes one.

    Raises:
        JujuError: there is no such entity, or a key has a dot; nothing was changed.
    """
    doing = f'while setting annotations to "{tag}"'
    _check_entity(tx, uuid, tag, doing)
    for name in values:
        if '.' in name or not name:
            raise JujuError(f'{doing}: cannot update annotations on {tag}: invalid key "{name}"', BAD_REQUEST)
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


def get_checked(tx: Tx, uuid: str, tag: str) -> dict[str, str]:
    """Return the notes on an entity.

    Raises:
        JujuError: there is no such entity.
    """
    _check_entity(tx, uuid, tag, f'while getting annotations to "{tag}"')
    return get(tx, uuid, tag)


def all_of(tx: Tx, uuid: str) -> dict[str, dict[str, str]]:
    """Return the notes on every entity of a model that is there, by tag."""
    found: dict[str, dict[str, str]] = {}
    for row in rows.many(tx, 'SELECT tag, name, value FROM annotation WHERE model_uuid = ?', uuid):
        found.setdefault(str(row['tag']), {})[str(row['name'])] = str(row['value'])
    return {tag: found[tag] for tag in sorted(found)}


def forget(tx: Tx, uuid: str, tag: str) -> None:
    """Drop the notes on an entity that is gone."""
    tx.db.execute('DELETE FROM annotation WHERE model_uuid = ? AND tag = ?', (uuid, tag))


def _check_entity(tx: Tx, uuid: str, tag: str, doing: str) -> None:
    kind, dash, name = tag.partition('-')
    if kind in _WITHOUT:
        raise JujuError(f'{doing}: entity "{tag}" does not support annotations', NOT_SUPPORTED)
    if not dash or not name or (kind not in _FOUND_BY and kind != 'model'):
        raise JujuError(f'{doing}: "{tag}" is not a valid tag', BAD_REQUEST)
    if kind in ('unit', 'storage'):
        name = '/'.join(name.rpartition('-')[::2])
    elif kind == 'machine':
        name = name.replace('-', '/')
    known = name == uuid if kind == 'model' else rows.exists(tx, _FOUND_BY[kind], uuid, name)
    if not known:
        # As in Juju: what cannot be found might not be the caller's to see.
        raise JujuError(f'{doing}: permission denied', UNAUTHORIZED)
