"""A storage document -> the tables of ``juju storage`` and ``juju storage-pools``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pocket.client.render.text import natural, table

Json = dict[str, Any]

_UNITS = ('KiB', 'MiB', 'GiB', 'TiB', 'PiB')


def size(mib: int) -> str:
    """1024 -> ``1.0 GiB``, 102400 -> ``100 GiB``."""
    if not mib:
        return ''
    value, unit = float(mib), 1
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f'{value:.1f} {_UNITS[unit]}' if value < 9.95 else f'{value:.0f} {_UNITS[unit]}'


def instances(document: Json, *, for_status: bool = False) -> str:
    """The storage instances, one row for each unit that has one; empty when there is none.

    Pool and mount point are columns only when some row has one; the latter is for ``juju status`` only.
    """
    backing = _backing_by_storage(document)
    rows: list[list[str]] = []
    for name, item in _sorted(document.get('storage')):
        units: Json = item.get('attachments', {}).get('units') or {'': {}}
        behind = backing.get(name, {})
        state: Json = item['status']
        for unit in sorted(units, key=natural):
            place = units[unit].get('location') or ''
            cells = [unit, name, item['kind'], behind.get('pool', ''), place, size(behind.get('size', 0))]
            rows.append([*cells, state.get('current', ''), state.get('message', '')])
    if not rows:
        return ''
    rows.sort(key=lambda row: (not row[0], natural(row[0]), natural(row[1])))
    header = ['Unit', 'Storage ID', 'Type', 'Pool', 'Mountpoint', 'Size', 'Status', 'Message']
    if for_status:
        header[0] = 'Storage Unit'
    empty = {column for column in (3, 4) if not any(row[column] for row in rows)}
    hidden = empty if for_status else empty | {4}
    return table(_without(header, hidden), [_without(row, hidden) for row in rows])


def filesystems(document: Json) -> str:
    """The filesystems, one row for each machine that has one mounted; empty when there is none."""
    header = ['Machine', 'Unit', 'Storage ID', 'ID', 'Provider ID', 'Mountpoint', 'Size', 'State', 'Message']
    rows = _backing_rows(document.get('filesystems'), place='mount-point')
    return table(header, rows) if rows else ''


def volumes(document: Json) -> str:
    """The volumes, one row for each machine that has one attached; empty when there is none."""
    header = [
        'Machine',
        'Unit',
        'Storage ID',
        'Volume ID',
        'Provider ID',
        'Device',
        'Size',
        'State',
        'Message',
    ]
    rows = _backing_rows(document.get('volumes'), place='device')
    return table(header, rows) if rows else ''


def pools(found: Mapping[str, Json]) -> str:
    """The pools by name."""
    rows = [
        [name, item['provider'], ' '.join(f'{key}={value}' for key, value in sorted(_attrs(item).items()))]
        for name, item in sorted(found.items())
    ]
    return table(['Name', 'Provider', 'Attributes'], rows)


def _backing_rows(items: Json | None, *, place: str) -> list[list[str]]:
    rows: list[list[str]] = []
    for name, item in _sorted(items):
        attachments: Json = item.get('attachments', {})
        unit = ', '.join(sorted(attachments.get('units') or {}, key=natural))
        machines: Json = attachments.get('machines') or {'': {}}
        state: Json = item['status']
        for machine in sorted(machines, key=natural):
            cells = [machine, unit, item.get('storage', ''), name, item.get('provider-id', '')]
            cells += [machines[machine].get(place) or '', size(item.get('size', 0))]
            rows.append([*cells, state.get('current', ''), state.get('message', '')])
    return sorted(rows, key=lambda row: (not row[0], natural(row[0]), natural(row[1]), natural(row[3])))


def _backing_by_storage(document: Json) -> Json:
    found: Json = {}
    for section in ('filesystems', 'volumes'):
        for item in document.get(section, {}).values():
            found.setdefault(item.get('storage', ''), item)
    return found


def _attrs(item: Json) -> Json:
    return item.get('attrs') or {}


def _sorted(items: Json | None) -> list[tuple[str, Json]]:
    return sorted((items or {}).items(), key=lambda entry: natural(entry[0]))


def _without(row: list[str], hidden: set[int]) -> list[str]:
    return [cell for column, cell in enumerate(row) if column not in hidden]
