"""Storage as Juju's JSON has it: instances, their filesystems, and the volumes under those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pocket.api import encode
from pocket.api.fields import Fields
from pocket.api.rpc import Json
from pocket.model import unit_tag
from pocket.services.errors import BAD_REQUEST, JujuError
from pocket.services.storage.directives import Wanted
from pocket.services.storage.instances import Fate
from pocket.services.storage.pools import Pool
from pocket.services.storage.records import StorageRecord

__all__ = ['fate', 'filesystems', 'instances', 'pool', 'tag', 'untag', 'volumes', 'wanted', 'wanted_by_name']

_FILESYSTEM = 2
"""Juju's number of the kind."""


def tag(storage_id: str) -> str:
    """``data/0`` -> ``storage-data-0``."""
    return f'storage-{storage_id.replace("/", "-")}'


def untag(value: str) -> str:
    """``storage-data-0`` -> ``data/0``; python-libjuju writes ``storage-data/0``, which Juju reads as well.

    Raises:
        JujuError: it is no tag of storage.
    """
    suffix = value.removeprefix('storage-')
    name, dash, number = suffix.rpartition('/' if '/' in suffix else '-')
    if not value.startswith('storage-') or not dash or not name or not number.isdecimal():
        raise JujuError(f'"{value}" is not a valid storage tag', BAD_REQUEST)
    return f'{name}/{number}'


def wanted(fields: Fields) -> Wanted:
    """What a client asks for of one storage."""
    return Wanted(
        pool=fields.text('pool'),
        size_mib=fields.number('size') or None,
        count=fields.number('count') if 'count' in fields else None,
    )


def wanted_by_name(values: Mapping[str, Any], name: str) -> dict[str, Wanted]:
    """What a client asks for of each storage: the map that the field *name* is.

    Raises:
        JujuError: an entry is not what it should be.
    """
    found: dict[str, Wanted] = {}
    for key, value in values.items():
        if not isinstance(value, dict):
            raise JujuError(f'cannot read field "{name}": "{key}" is not an object', BAD_REQUEST)
        found[key] = wanted(Fields(value))  # pyright: ignore[reportUnknownArgumentType]
    return found


def instances(records: Sequence[StorageRecord]) -> list[Json]:
    """The storage instances."""
    return [_instance(record) for record in records]


def filesystems(records: Sequence[StorageRecord]) -> list[Json]:
    """The filesystems."""
    return [_filesystem(record) for record in records]


def volumes(records: Sequence[StorageRecord]) -> list[Json]:
    """The volumes; not every filesystem has one."""
    return [_volume(record) for record in records if record.volume_id]


def pool(value: Pool) -> Json:
    """A storage pool."""
    return {'name': value.name, 'provider': value.provider, 'attrs': dict(value.attributes)}


def fate(value: Fate) -> Json:
    """What becomes of the storage of what is removed."""
    found: Json = {}
    if value.destroyed:
        found['destroyed-storage'] = [{'tag': tag(each)} for each in value.destroyed]
    if value.detached:
        found['detached-storage'] = [{'tag': tag(each)} for each in value.detached]
    return found


def _instance(record: StorageRecord) -> Json:
    attachments: Json = {}
    if record.unit:
        owner = unit_tag(record.unit)
        attachments[owner] = {
            'storage-tag': tag(record.id),
            'unit-tag': owner,
            'machine-tag': f'machine-{record.machine}' if record.machine else '',
            'location': record.location if record.provisioned else '',
            'life': record.attachment_life.value,
        }
    return {
        'storage-tag': tag(record.id),
        'owner-tag': unit_tag(record.owner) if record.owner else '',
        'kind': _FILESYSTEM,
        'status': encode.entity_status(record.status),
        'life': record.life.value,
        'persistent': record.persistent,
        'attachments': attachments,
    }


def _filesystem(record: StorageRecord) -> Json:
    there = record.provisioned or not record.unit
    found: Json = {
        'filesystem-tag': f'filesystem-{record.filesystem_id.replace("/", "-")}',
        'info': {
            'filesystem-id': record.filesystem_id if there else '',
            'pool': record.pool,
            'size': record.size_mib,
        },
        'life': record.life.value,
        'status': encode.entity_status(record.status),
        'storage': _instance(record),
    }
    if record.volume_id:
        found['volume-tag'] = f'volume-{record.volume_id}'
    if record.unit:
        mount = {
            'mount-point': record.location if record.provisioned else '',
            'read-only': record.read_only,
            'life': record.attachment_life.value,
        }
        found |= _attached(record, mount)
    return found


def _volume(record: StorageRecord) -> Json:
    there = record.provisioned or not record.unit
    found: Json = {
        'volume-tag': f'volume-{record.volume_id}',
        'info': {
            'volume-id': f'volume-{record.volume_id}' if there else '',
            'pool': record.pool,
            'size': record.size_mib,
            'persistent': record.persistent,
        },
        'life': record.life.value,
        'status': encode.entity_status(record.status),
        'storage': _instance(record),
    }
    if record.unit:
        attachment = {'read-only': record.read_only, 'life': record.attachment_life.value}
        found |= _attached(record, attachment)
    return found


def _attached(record: StorageRecord, how: Json) -> Json:
    if not record.machine:
        return {'unit-attachments': {unit_tag(record.unit): how}}
    return {'machine-attachments': {f'machine-{record.machine}': how}}
