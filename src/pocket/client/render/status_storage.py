"""The storage part of a status document: storage instances, filesystems and volumes, and its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pocket.client import shape, values
from pocket.client.render.text import natural, table

Json = dict[str, Any]
_KINDS = {1: 'block', 2: 'filesystem'}


def document(full: Json, status: Callable[[Mapping[str, Any]], Json]) -> Json:
    """The ``storage`` entry; empty when the model has none."""
    made: Json = {}
    if full.get('storage'):
        made['storage'] = {_name(item['storage-tag']): _storage(item, status) for item in full['storage']}
    if full.get('filesystems'):
        made['filesystems'] = {
            _name(item['filesystem-tag']): _backing(item, status, 'filesystem-id')
            for item in full['filesystems']
        }
    if full.get('volumes'):
        made['volumes'] = {
            _name(item['volume-tag']): _backing(item, status, 'volume-id') for item in full['volumes']
        }
    return made


def storage_table(storage: Json) -> str:
    """The table of ``juju status --storage``; empty when there is none."""
    pools: Json = {}
    for section in ('filesystems', 'volumes'):
        for item in storage.get(section, {}).values():
            pools.setdefault(item.get('storage', ''), item)
    rows: list[list[str]] = []
    for name, item in sorted(storage.get('storage', {}).items(), key=lambda entry: natural(entry[0])):
        units: Json = item.get('attachments', {}).get('units') or {'': {}}
        backing: Json = pools.get(name, {})
        for unit in sorted(units, key=natural):
            state: Json = item['status']
            size = f'{backing["size"]} MiB' if backing.get('size') else ''
            place = units[unit].get('location') or ''
            now = [state.get('current', ''), state.get('message', '')]
            rows.append([unit, name, item['kind'], backing.get('pool', ''), place, size, *now])
    header = ['Storage Unit', 'Storage ID', 'Type', 'Pool', 'Mountpoint', 'Size', 'Status', 'Message']
    return table(header, rows) if rows else ''


def _storage(item: Json, status: Callable[[Mapping[str, Any]], Json]) -> Json:
    attachments = {
        values.entity(tag): _present(
            {
                'machine': values.entity(found.get('machine-tag') or ''),
                'location': found.get('location'),
                'life': _life(found),
            }
        )
        for tag, found in sorted(shape.mapping(item.get('attachments')).items())
    }
    return {
        'kind': _KINDS.get(item.get('kind') or 0, 'unknown'),
        **_present({'life': _life(item)}),
        'status': status(shape.mapping(item.get('status'))),
        'persistent': bool(item.get('persistent')),
        **_present({'attachments': {'units': attachments} if attachments else {}}),
    }


def _backing(item: Json, status: Callable[[Mapping[str, Any]], Json], id_key: str) -> Json:
    info: Json = item.get('info') or {}
    storage: Json = item.get('storage') or {}
    machines = {
        values.entity(tag): _present(
            {
                'mount-point': found.get('mount-point'),
                'device': found.get('device-name'),
                'life': _life(found),
            }
        )
        | {'read-only': bool(found.get('read-only'))}
        for tag, found in sorted(shape.mapping(item.get('machine-attachments')).items())
    }
    return {
        **_present(
            {
                'provider-id': info.get(id_key),
                'volume': _name(item.get('volume-tag') or '') if id_key == 'filesystem-id' else '',
                'storage': _name(storage.get('storage-tag') or ''),
                'attachments': {'machines': machines} if machines else {},
                'pool': info.get('pool'),
            }
        ),
        'size': info.get('size') or 0,
        **({'persistent': bool(info.get('persistent'))} if id_key == 'volume-id' else {}),
        **_present({'life': _life(item)}),
        'status': status(shape.mapping(item.get('status'))),
    }


def _name(tag: str) -> str:
    """``storage-data-0`` -> ``data/0``; ``filesystem-0-1`` -> ``0/1``."""
    kind, _, rest = tag.partition('-')
    return '/'.join(rest.rpartition('-')[::2]) if kind == 'storage' else rest.replace('-', '/')


def _life(thing: Mapping[str, Any]) -> str:
    life = thing.get('life') or ''
    return '' if life == 'alive' else life


def _present(found: Mapping[str, Any]) -> Json:
    return {key: value for key, value in found.items() if value}
