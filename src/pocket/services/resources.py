"""Resources of applications: declared by the charm, supplied by an upload or a store, given to units."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from bedrock.charm import Charm
from pocket.model import application_of
from pocket.model.resources import Resource
from pocket.services import charms, rows
from pocket.services.errors import BAD_REQUEST, NOT_FOUND, NOT_VALID, JujuError
from pocket.state import Tx

PENDING_MS = 24 * 3600 * 1000
"""A resource that was announced this long ago and never used is forgotten."""

_COLUMNS = (
    'type',
    'path',
    'description',
    'origin',
    'revision',
    'fingerprint',
    'size',
    'username',
    'source',
    'at_ms',
    'image',
)
_CONTENT = ('origin', 'revision', 'fingerprint', 'size', 'username', 'source', 'at_ms', 'image')


def declared(charm: Charm, application: str) -> dict[str, Resource]:
    """Return what *charm* wants, supplied by nobody yet."""
    return {
        name: Resource(
            application=application,
            name=name,
            type=str(spec.get('type') or 'file'),
            path=str(spec.get('filename') or ''),
            description=str(spec.get('description') or ''),
        )
        for name, spec in charm.resources.items()
    }


def add_pending(tx: Tx, uuid: str, charm_url: str, resources: Iterable[Resource]) -> list[str]:
    """Announce resources that a deployment or refresh will name by the ids that are returned.

    Raises:
        JujuError: the charm is known and has no such resource.
    """
    found = charms.find(tx, uuid, charm_url)
    ids: list[str] = []
    for resource in resources:
        wanted = resource
        if found is not None:
            own = declared(found.charm, resource.application).get(resource.name)
            if own is None:
                raise JujuError(f'charm "{found.name}" has no resource "{resource.name}"', NOT_FOUND)
            wanted = dataclasses.replace(
                resource, type=own.type, path=resource.path or own.path, description=own.description
            )
        pending = tx.new_uuid()
        _put(tx, uuid, dataclasses.replace(wanted, pending_id=pending, at_ms=tx.now_ms))
        ids.append(pending)
    return ids


def forget_pending(tx: Tx) -> None:
    """Forget what was announced long ago by clients that never came back."""
    tx.db.execute("DELETE FROM resource WHERE pending_id <> '' AND at_ms < ?", (tx.now_ms - PENDING_MS,))


def assign(tx: Tx, uuid: str, application: str, charm: Charm, pending: Mapping[str, str]) -> None:
    """Make an application's resources those that *charm* declares: the *pending* ones, else what there was.

    Args:
        pending: Ids of `add_pending` by name.

    Raises:
        JujuError: an id or a name is unknown.
    """
    wanted = declared(charm, application)
    for name, pending_id in pending.items():
        found = find(tx, uuid, application, name, pending_id=pending_id) if pending_id else None
        if found is None or name not in wanted:
            raise JujuError(f'pending resource "{application}/{name}" ({pending_id}) not found', NOT_FOUND)
        _put(tx, uuid, dataclasses.replace(found, pending_id=''))
        tx.db.execute(
            'DELETE FROM resource WHERE model_uuid = ? AND application = ? AND name = ? AND pending_id = ?',
            (uuid, application, name, pending_id),
        )
    for known in list_(tx, uuid, application):
        own = wanted.pop(known.name, None)
        if own is None:
            tx.db.execute(
                'DELETE FROM resource WHERE model_uuid = ? AND application = ? AND name = ?'
                " AND pending_id = ''",
                (uuid, application, known.name),
            )
        elif known.name not in pending:
            _put(tx, uuid, dataclasses.replace(own, **_content(known)))
    for own in wanted.values():
        _put(tx, uuid, own)
    tx.touch(uuid)


def put_store(tx: Tx, uuid: str, resources: Iterable[Resource]) -> None:
    """Have an application use what a store has."""
    for resource in resources:
        _put(tx, uuid, dataclasses.replace(resource, at_ms=tx.now_ms, pending_id=''))
    tx.touch(uuid)


def check_upload(
    tx: Tx, uuid: str, application: str, name: str, *, file_name: str, pending_id: str = ''
) -> Resource:
    """Return the resource that an upload is for.

    Raises:
        JujuError: there is none, or a file of that name cannot be it.
    """
    found = find(tx, uuid, application, name, pending_id=pending_id)
    if found is None:
        raise JujuError(f'resource "{name}" not found', NOT_FOUND)
    wanted = PurePosixPath(found.path).suffix
    if found.type == 'file' and PurePosixPath(file_name).suffix != wanted:
        raise JujuError(
            f'incorrect extension on resource upload "{file_name}", expected "{wanted}"', NOT_VALID
        )
    return found


def store_upload(
    tx: Tx,
    uuid: str,
    application: str,
    name: str,
    *,
    fingerprint: str,
    size: int,
    username: str,
    pending_id: str = '',
    image: str = '',
) -> Resource:
    """Keep that a resource's content was uploaded; units of a deployed application upgrade to it.

    Args:
        image: Of an oci-image, what `pocket.services.cluster.images.parse` says of it.

    Raises:
        JujuError: there is no such resource any more.
    """
    found = find(tx, uuid, application, name, pending_id=pending_id)
    if found is None:
        raise JujuError(f'resource "{name}" not found', NOT_FOUND)
    supplied = dataclasses.replace(
        found,
        origin='upload',
        revision=-1,
        fingerprint=fingerprint,
        size=size,
        username=username,
        source='',
        at_ms=tx.now_ms,
        image=image,
    )
    _put(tx, uuid, supplied)
    if not pending_id:
        # What was forced once was that upgrade; a hook in error puts this one off as any other.
        tx.db.execute(
            'UPDATE application SET charm_modified = charm_modified + 1, charm_forced = 0'
            ' WHERE model_uuid = ? AND name = ?',
            (uuid, application),
        )
        tx.touch(uuid)
    return supplied


def set_image(tx: Tx, uuid: str, resource: Resource, image: str) -> None:
    """Keep more of what is known of the image that an application's *resource* names; no unit upgrades.

    Args:
        image: See `store_upload`.
    """
    _put(tx, uuid, dataclasses.replace(resource, image=image))
    tx.touch(uuid)


def find(tx: Tx, uuid: str, application: str, name: str, *, pending_id: str = '') -> Resource | None:
    """Return a resource, None when there is none."""
    row = rows.one(
        tx,
        'SELECT * FROM resource WHERE model_uuid = ? AND application = ? AND name = ? AND pending_id = ?',
        *(uuid, application, name, pending_id),
    )
    return None if row is None else _record(row)


def list_(tx: Tx, uuid: str, application: str) -> list[Resource]:
    """Return the resources that an application has, by name."""
    found = rows.many(
        tx,
        "SELECT * FROM resource WHERE model_uuid = ? AND application = ? AND pending_id = '' ORDER BY name",
        *(uuid, application),
    )
    return [_record(row) for row in found]


def of_unit(tx: Tx, uuid: str, unit: str) -> list[Resource]:
    """Return what a unit was given, by name."""
    found = rows.many(
        tx, 'SELECT * FROM unit_resource WHERE model_uuid = ? AND unit = ? ORDER BY name', uuid, unit
    )
    return [_record(row) for row in found]


def given(tx: Tx, uuid: str, unit: str, resource: Resource) -> None:
    """Note that a unit has a resource now."""
    tx.db.execute(
        _insert('unit_resource', 'model_uuid', 'unit', 'name'),
        (uuid, unit, resource.name, *(getattr(resource, column) for column in _COLUMNS)),
    )


def fingerprints(tx: Tx) -> frozenset[str]:
    """Return the fingerprints of all content that some model names."""
    found = rows.many(tx, "SELECT DISTINCT fingerprint FROM resource WHERE fingerprint <> ''")
    return frozenset(str(row['fingerprint']) for row in found)


def images(tx: Tx) -> list[str]:
    """Return what is kept of each image that some model names, see `services.cluster.images.parse`."""
    return [
        str(row['image']) for row in rows.many(tx, "SELECT DISTINCT image FROM resource WHERE image <> ''")
    ]


def check_fingerprint(text: str) -> str:
    """Return *text* when it is a SHA-384 in hex.

    Raises:
        JujuError: it is not.
    """
    if len(text) != 96 or set(text.lower()) - set('0123456789abcdef'):
        raise JujuError(f'invalid fingerprint "{text[:100]}"', BAD_REQUEST)
    return text.lower()


def _content(resource: Resource) -> dict[str, Any]:
    return {column: getattr(resource, column) for column in _CONTENT}


def _put(tx: Tx, uuid: str, resource: Resource) -> None:
    tx.db.execute(
        _insert('resource', 'model_uuid', 'application', 'name', 'pending_id'),
        (
            *(uuid, resource.application, resource.name, resource.pending_id),
            *(getattr(resource, column) for column in _COLUMNS),
        ),
    )


def _insert(table: str, *keys: str) -> str:
    columns = (*keys, *_COLUMNS)
    marks = ', '.join('?' for _ in columns)
    return f'INSERT OR REPLACE INTO {table} ({", ".join(columns)}) VALUES ({marks})'  # noqa: S608 (constants)


def _record(row: sqlite3.Row) -> Resource:
    keys = row.keys()
    return Resource(
        application=str(row['application']) if 'application' in keys else application_of(str(row['unit'])),
        name=str(row['name']),
        pending_id=str(row['pending_id']) if 'pending_id' in keys else '',
        **{column: row[column] for column in _COLUMNS},
    )
