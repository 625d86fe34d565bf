"""A status document in one line a unit, or as counts: ``--format oneline`` and ``--format summary``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from pocket.client.render.status_table import scale, unit_rows
from pocket.client.render.text import natural, ports

Json = dict[str, Any]


def oneline(document: Json) -> str:
    """``- u/0: 10.0.0.5 (agent:idle, workload:active) 80/tcp`` for each unit."""
    lines = [_line(name, unit, depth) for name, unit, depth in unit_rows(document)]
    return '\n'.join(lines)


def summary(document: Json) -> str:
    """How many machines, units and applications there are in which state."""
    units = [unit for _, unit, _ in unit_rows(document)]
    machines: Json = document['machines']
    opened = sorted({str(port) for unit in units for port in unit.get('open-ports') or ()}, key=natural)
    lines = [
        f'{"Utilizing ports:":>18}  {ports(opened)}'.rstrip(),
        *_counts(
            '# Machines:', (machine.get('juju-status', {}).get('current') for machine in machines.values())
        ),
        '',
        *_counts('# Units:', (unit.get('workload-status', {}).get('current') for unit in units)),
        '',
        f'{"# Applications:":>18}  ({len(document["applications"])})',
    ]
    for name in sorted(document['applications'], key=natural):
        working, wanted = scale(document, name)
        exposed = '  exposed' if document['applications'][name].get('exposed') else ''
        lines.append(f'{name:>18}  {working}/{wanted}{exposed}')
    return '\n'.join(lines)


def _line(name: str, unit: Json, depth: int) -> str:
    address = unit.get('public-address') or unit.get('address') or ''
    agent = unit.get('juju-status', {}).get('current', '')
    workload = unit.get('workload-status', {}).get('current', '')
    indent = '  ' * depth
    opened = ports(unit.get('open-ports') or ())
    return f'{indent}- {name}: {address} (agent:{agent}, workload:{workload}) {opened}'.rstrip()


def _counts(title: str, states: Iterable[str | None]) -> list[str]:
    counted = Counter(state or 'unknown' for state in states)
    total = sum(counted.values())
    return [f'{title:>18}  ({total})', *(f'{state + ":":>18}  {counted[state]}' for state in sorted(counted))]
