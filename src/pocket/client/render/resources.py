"""Resources as ``juju resources`` shows them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from pocket.client import shape
from pocket.client.render import text

Shown = dict[str, Any]
_NEVER = '0001-01-01T00:00:00Z'


def of_application(found: Mapping[str, Any]) -> Shown:
    """What an application has, and what its store has newer."""
    resources = _sorted(found.get('resources'))
    shown: Shown = {'resources': [_resource(one) for one in resources]}
    if updates := _updates(found):
        shown['updates'] = updates
    return shown


def of_unit(found: Mapping[str, Any], unit: str) -> list[Shown]:
    """What a unit was given, and what it has yet to ask for."""
    given = _given(found, unit)
    expected = _sorted(found.get('resources'))
    merged = [given.pop(one['name']) if one['name'] in given else {**one, 'revision': -1} for one in expected]
    return [_resource(one) for one in (*merged, *_sorted(list(given.values())))]


def details(found: Mapping[str, Any], unit: str) -> Any:
    """What each unit has beside what it is to have."""
    rows = [
        {
            'unitID': name,
            'unit': _resource(_given(found, name).get(expected['name'], {})),
            'expected': _resource(expected),
        }
        for name in sorted(_units(found), key=text.natural)
        if unit in ('', name)
        for expected in _sorted(found.get('resources'))
    ]
    if unit:
        return rows
    updates = _updates(found)
    return {'resources': rows, **({'updates': updates} if updates else {})}


def charm_resource(one: Mapping[str, Any]) -> Shown:
    """A resource as a store offers it."""
    return {
        'name': one.get('name'),
        'type': one.get('type'),
        'path': one.get('path'),
        **({'description': one['description']} if one.get('description') else {}),
        **({'revision': one['revision']} if one.get('revision') else {}),
        'fingerprint': _hex(str(one.get('fingerprint') or '')),
        'size': one.get('size') or 0,
        'origin': one.get('origin'),
    }


def table(rows: Sequence[Mapping[str, Any]], *, with_origin: bool) -> str:
    """One line a resource."""
    if with_origin:
        lines = [[row['name'], _supplier(row), _short(row)] for row in rows]
        return text.table(('Resource', 'Supplied by', 'Revision'), lines)
    return text.table(('Resource', 'Revision'), [[row['name'], _short(row)] for row in rows])


def details_table(rows: Sequence[Mapping[str, Any]], *, with_unit: bool) -> str:
    """One line a resource of a unit."""
    header = (*(('Unit',) if with_unit else ()), 'Resource', 'Revision', 'Expected')
    lines = [
        [
            *([row['unitID']] if with_unit else []),
            row['expected']['name'],
            _short(row['unit']),
            _short(row['expected']),
        ]
        for row in rows
    ]
    return text.table(header, lines)


def charm_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """One line a resource of a charm."""
    lines = [[str(row['name']), str(row.get('revision', 0))] for row in rows]
    return text.table(('Resource', 'Revision'), lines)


def _resource(one: Mapping[str, Any]) -> Shown:
    used = bool(one.get('fingerprint'))
    revision = int(one.get('revision', -1))
    stamp = str(one.get('timestamp') or _NEVER)
    shown: Shown = {
        'resourceid': one.get('id'),
        'applicationId': one.get('application'),
        'name': one.get('name') or '',
        'type': one.get('type') or '',
        'path': one.get('path') or '',
        'description': one.get('description'),
        'revision': str(revision) if revision >= 0 else '-',
        'fingerprint': _hex(str(one.get('fingerprint') or '')),
        'size': one.get('size') or 0,
        'origin': one.get('origin') or '',
        'used': used,
        'timestamp': stamp,
        'username': one.get('username'),
    }
    optional = ('resourceid', 'applicationId', 'description', 'username')
    return {key: value for key, value in shown.items() if value or key not in optional}


def _supplier(row: Mapping[str, Any]) -> str:
    if row['origin'] == 'store':
        return 'charmstore'
    return str(row.get('username') or 'upload') if row['used'] else 'upload'


def _short(row: Mapping[str, Any]) -> str:
    """A store's revision, or the time of an upload."""
    if row['origin'] == 'store':
        return str(row['revision'])
    stamp = str(row['timestamp'])
    return '-' if stamp == _NEVER or row['origin'] != 'upload' else stamp[:16]


def _updates(found: Mapping[str, Any]) -> list[Shown]:
    newest = {str(one['name']): one for one in shape.objects(found.get('charm-store-resources'))}
    return [
        charm_resource(newest[name])
        for one in _sorted(found.get('resources'))
        if (name := str(one['name'])) in newest
        and one.get('origin') == 'store'
        and newest[name].get('revision') != one.get('revision')
    ]


def _units(found: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {
        '/'.join(str(one['tag']).removeprefix('unit-').rpartition('-')[::2]): _sorted(one.get('resources'))
        for one in shape.objects(found.get('unit-resources'))
    }


def _given(found: Mapping[str, Any], unit: str) -> dict[str, dict[str, Any]]:
    return {str(one['name']): one for one in _units(found).get(unit, [])}


def _sorted(found: object) -> list[dict[str, Any]]:
    return sorted(shape.objects(found), key=lambda one: str(one.get('name')))


def _hex(text_: str) -> str:
    try:
        return base64.b64decode(text_).hex()
    except binascii.Error:
        return ''
