"""The storage part of a status document: storage instances, filesystems and volumes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pocket.client import shape, values

Json = dict[str, Any]
_KINDS = {1: 'block', 2: 'filesystem'}


def document(full: Json, status: Callable[[Mapping[str, Any]], Json]) -> Json:
    """The ``storage`` entry; empty when the model has none."""
    made: Json = {}
    if full.get('storage'):
        made['storage'] = {name(item['storage-tag']): instance(item, status) for item in full['storage']}
    if full.get('filesystems'):
        made['filesystems'] = {
            name(item['filesystem-tag']): _backing(item, status, 'filesystem-id')
            for item in full['filesystems']
        }
    if full.get('volumes'):
        made['volumes'] = {
            name(item['volume-tag']): _backing(item, status, 'volume-id') for item in full['volumes']
        }
    return made


def instance(item: Json, status: Callable[[Mapping[str, Any]], Json]) -> Json:
    """One storage instance."""
    units = _units(item)
    return {
        'kind': _KINDS.get(item.get('kind') or 0, 'unknown'),
        **_present({'life': _life(item)}),
        'status': status(shape.mapping(item.get('status'))),
        'persistent': bool(item.get('persistent')),
        **_present({'attachments': {'units': units} if units else {}}),
    }


def _units(item: Json) -> Json:
    return {
        values.entity(tag): _present(
            {
                'machine': values.entity(found.get('machine-tag') or ''),
                'location': found.get('location'),
                'life': _life(found),
            }
        )
        for tag, found in sorted(shape.mapping(item.get('attachments')).items())
    }


def _backing(item: Json, status: Callable[[Mapping[str, Any]], Json], id_key: str) -> Json:
    info: Json = item.get('info') or {}
    storage: Json = item.get('storage') or {}
    machines = {
        values.entity(tag): {
            **_place(found, is_filesystem=id_key == 'filesystem-id'),
            'read-only': bool(found.get('read-only')),
            **_present({'life': _life(found)}),
        }
        for tag, found in sorted(shape.mapping(item.get('machine-attachments')).items())
    }
    return {
        **_present(
            {
                'provider-id': info.get(id_key),
                'volume': name(item.get('volume-tag') or '') if id_key == 'filesystem-id' else '',
                'storage': name(storage.get('storage-tag') or ''),
                'attachments': _present({'machines': machines, 'units': _units(storage)}),
                'pool': info.get('pool'),
            }
        ),
        'size': info.get('size') or 0,
        **({'persistent': bool(info.get('persistent'))} if id_key == 'volume-id' else {}),
        **_present({'life': _life(item)}),
        'status': status(shape.mapping(item.get('status'))),
    }


def _place(attachment: Mapping[str, Any], *, is_filesystem: bool) -> Json:
    # Clients look for the mount point also before there is one.
    if is_filesystem:
        return {'mount-point': attachment.get('mount-point') or ''}
    return _present({'device': attachment.get('device-name')})


def name(tag: str) -> str:
    """``storage-data-0`` -> ``data/0``; ``filesystem-0-1`` -> ``0/1``."""
    kind, _, rest = tag.partition('-')
    return '/'.join(rest.rpartition('-')[::2]) if kind == 'storage' else rest.replace('-', '/')


def _life(thing: Mapping[str, Any]) -> str:
    life = thing.get('life') or ''
    return '' if life == 'alive' else life


def _present(found: Mapping[str, Any]) -> Json:
    return {key: value for key, value in found.items() if value}
