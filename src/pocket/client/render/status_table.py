"""A status document -> the tables of ``juju status`` (juju.md 6.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pocket.client import shape
from pocket.client.render import storage_tables
from pocket.client.render.text import natural, ports, shortened, table

Json = dict[str, Any]

_VERSION_WIDTH = {'iaas': 15, 'caas': 30}
_BUSY = re.compile(r'running (?:action )?(\S+)(?: hook.*)?')


def tables(
    document: Json,
    relations: Sequence[Json] = (),
    *,
    with_relations: bool = False,
    with_storage: bool = False,
) -> str:
    """Every section that has something to show, a blank line between two."""
    kind: str = document['model']['type']
    sections = [
        _header(document),
        _saas(document),
        _applications(document, kind),
        _units(document, kind),
        machine_table(document['machines']) if kind != 'caas' else '',
        _offers(document),
        _relations(relations) if with_relations else '',
        storage_tables.instances(shape.mapping(document.get('storage')), for_status=True)
        if with_storage
        else '',
    ]
    return '\n\n'.join(section for section in sections if section)


def machine_table(machines: Json) -> str:
    """The machines and, below each, its containers."""
    header = ['Machine', 'State', 'Address', 'Inst id', 'Base', 'AZ', 'Message']
    rows = [_machine_row(name, machine) for name, machine in _with_containers(machines)]
    return table(header, rows) if rows else ''


def unit_rows(document: Json) -> list[tuple[str, Json, int]]:
    """Every unit as name, entry, and how deep below a principal it is."""
    rows: list[tuple[str, Json, int]] = []
    for _, application in _natural(document['applications']):
        for name, unit in _natural(application.get('units')):
            rows.append((name, unit, 0))
            rows.extend((inner, sub, 1) for inner, sub in _natural(unit.get('subordinates')))
    return rows


def scale(document: Json, name: str) -> tuple[int, int]:
    """How many units of the application *name* work, and how many there are or should be."""
    units = [unit for unit_name, unit, _ in unit_rows(document) if unit_name.partition('/')[0] == name]
    working = [
        unit
        for unit in units
        if unit.get('juju-status', {}).get('current') in ('idle', 'executing')
        and unit.get('workload-status', {}).get('current') != 'terminated'
    ]
    wanted = document['applications'][name].get('scale') if document['model']['type'] == 'caas' else None
    return len(working), len(units) if wanted is None else wanted


def _header(document: Json) -> str:
    model: Json = document['model']
    cells = {
        'Model': model['name'],
        'Controller': model['controller'],
        'Cloud/Region': '/'.join(part for part in (model['cloud'], model.get('region')) if part),
        'Version': model['version'],
    }
    if model.get('sla'):
        cells['SLA'] = model['sla']
    if document.get('controller'):
        cells['Timestamp'] = document['controller']['timestamp']
    note = _note(model)
    if note:
        cells['Notes'] = note
    return table(list(cells), [list(cells.values())])


def _note(model: Json) -> str:
    message = model['model-status'].get('message')
    if message:
        return message
    available = model.get('upgrade-available')
    return f'upgrade available: {available}' if available else ''


def _saas(document: Json) -> str:
    rows = [
        [name, remote.get('application-status', {}).get('current', ''), *_store(remote.get('url', ''))]
        for name, remote in _natural(document.get('application-endpoints'))
    ]
    return table(['SAAS', 'Status', 'Store', 'URL'], rows) if rows else ''


def _store(url: str) -> list[str]:
    store, colon, path = url.partition(':')
    return [store, path] if colon else ['local', url]


def _applications(document: Json, kind: str) -> str:
    rows: list[list[str]] = []
    for name, application in _natural(document['applications']):
        if 'status-error' in application:
            rows.append([name, *[''] * (8 if kind == 'caas' else 7), application['status-error']])
            continue
        status: Json = application['application-status']
        working, wanted = scale(document, name)
        address = [application.get('address', '')] if kind == 'caas' else []
        rows.append(
            [
                name,
                _version(application.get('version', ''), kind),
                status.get('current', ''),
                str(wanted) if working == wanted else f'{working}/{wanted}',
                application['charm-name'],
                application.get('charm-channel', ''),
                str(application['charm-rev']),
                *address,
                'yes' if application['exposed'] else 'no',
                shortened(status.get('message', '')),
            ]
        )
    place = ['Address'] if kind == 'caas' else []
    header = ['App', 'Version', 'Status', 'Scale', 'Charm', 'Channel', 'Rev', *place, 'Exposed', 'Message']
    return table(header, rows, right=('Scale', 'Rev')) if rows else ''


def _version(text: str, kind: str) -> str:
    first = text.partition('\n')[0]
    width = _VERSION_WIDTH.get(kind, 15)
    return first if len(first) <= width else first[: width - 3] + '...'


def _units(document: Json, kind: str) -> str:
    rows = [_unit_row(name, unit, depth, kind) for name, unit, depth in unit_rows(document)]
    place = ['Address'] if kind == 'caas' else ['Machine', 'Public address']
    header = ['Unit', 'Workload', 'Agent', *place, 'Ports', 'Message']
    return table(header, rows) if rows else ''


def _unit_row(name: str, unit: Json, depth: int, kind: str) -> list[str]:
    workload: Json = unit.get('workload-status', {})
    agent: Json = unit.get('juju-status', {})
    place = (
        [unit.get('address', '')]
        if kind == 'caas'
        else [unit.get('machine', ''), unit.get('public-address', '')]
    )
    return [
        '  ' * depth + name + ('*' if unit.get('leader') else ''),
        workload.get('current', ''),
        agent.get('current', ''),
        *place,
        ports(unit.get('open-ports') or ()),
        shortened(_busy(agent) + workload.get('message', '') + unit.get('status-error', '')),
    ]


def _busy(agent: Json) -> str:
    """``(install) `` while a hook or an action runs."""
    if agent.get('current') != 'executing':
        return ''
    running = _BUSY.fullmatch(agent.get('message', ''))
    return f'({running[1]}) ' if running and running[1] != 'commands' else ''


def _machine_row(name: str, machine: Json) -> list[str]:
    if 'status-error' in machine:
        return [name, '', '', '', '', '', machine['status-error']]
    base: Json = machine.get('base') or {}
    zone = re.search(r'availability-zone=(\S+)', machine.get('hardware', ''))
    return [
        name,
        machine['juju-status'].get('current', ''),
        machine.get('dns-name', ''),
        machine.get('display-name') or machine.get('instance-id', ''),
        f'{base["name"]}@{base["channel"]}' if base else '',
        zone[1] if zone else '',
        shortened(machine['machine-status'].get('message', '')),
    ]


def _with_containers(machines: Json) -> Iterable[tuple[str, Json]]:
    for name, machine in _natural(machines):
        yield name, machine
        yield from _with_containers(shape.mapping(machine.get('containers')))


def _offers(document: Json) -> str:
    rows: list[list[str]] = []
    for name, offer in _natural(document.get('offers')):
        charm: str = offer.get('charm', '')
        revision = charm.rpartition('-')[2]
        connected = f'{offer.get("active-connected-count", 0)}/{offer.get("total-connected-count", 0)}'
        first = [name, offer.get('application', ''), _offer_charm(charm), revision, connected]
        for endpoint, entry in _natural(offer.get('endpoints')):
            rows.append([*first, endpoint, entry['interface'], entry['role']])
            first = [''] * 5  # one offer's further endpoints stand below the first
    header = ['Offer', 'Application', 'Charm', 'Rev', 'Connected', 'Endpoint', 'Interface', 'Role']
    return table(header, rows, right=('Rev',)) if rows else ''


def _offer_charm(url: str) -> str:
    return url.rpartition(':')[2].rpartition('/')[2].rpartition('-')[0]


def _relations(relations: Sequence[Json]) -> str:
    rows: list[list[str]] = []
    for row in sorted(relations, key=lambda row: (natural(row['provider']), natural(row['requirer']))):
        message = '' if row['status'] in ('joined', '') else row['status']
        if message and row['message']:
            message += f' - {row["message"]}'
        rows.append([row['provider'], row['requirer'], row['interface'], row['type'], shortened(message)])
    header = ['Integration provider', 'Requirer', 'Interface', 'Type', 'Message']
    return table(header, rows) if rows else ''


def _natural(mapping: Json | None) -> list[tuple[str, Json]]:
    return sorted((mapping or {}).items(), key=lambda item: natural(item[0]))
