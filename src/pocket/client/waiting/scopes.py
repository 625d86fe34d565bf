"""What a query sees: the entities of a model with the names that wait-for knows them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pocket.client import shape

Json = dict[str, Any]
Entities = Mapping[tuple[str, str], Json]
Scope = dict[str, Any]

_SEVERITY = ('error', 'blocked', 'maintenance', 'waiting', 'active', 'terminated', 'unknown')


def scope(found: Entities, kind: str, name: str) -> Scope | None:
    """What a query about *name* sees; None while there is no such thing."""
    if kind == 'model':
        document = next((entry for (one, _), entry in found.items() if one == 'model'), None)
    else:
        document = found.get((kind, name))
    return None if document is None else _MAKERS[kind](found, document, 2)


def _model(found: Entities, document: Json, depth: int) -> Scope:
    made = {
        **document,
        'status': _current(document, 'status'),
        'status-message': _message(document, 'status'),
    }
    return made | {
        'applications': _all(found, 'application', depth),
        'machines': _all(found, 'machine', depth),
        'units': _all(found, 'unit', depth),
    }


def _application(found: Entities, document: Json, depth: int) -> Scope:
    name = document['name']
    own = [entry for (kind, _), entry in found.items() if kind == 'unit' and entry['application'] == name]
    status = _current(document, 'status')
    made: Scope = {
        **document,
        'status': _worst(own) if status in ('', 'unset') else status,
        'status-message': _message(document, 'status'),
    }
    if depth:
        machines = {str(unit.get('machine-id')) for unit in own}
        made['units'] = [_unit(found, unit, depth - 1) for unit in own]
        made['machines'] = [
            _machine(found, entry, depth - 1)
            for (kind, key), entry in found.items()
            if kind == 'machine' and key in machines
        ]
    return made


def _unit(found: Entities, document: Json, depth: int) -> Scope:
    made: Scope = {
        **document,
        'status': _current(document, 'workload-status'),
        'workload-status': _current(document, 'workload-status'),
        'workload-message': _message(document, 'workload-status'),
        'agent-status': _current(document, 'agent-status'),
        'agent-message': _message(document, 'agent-status'),
    }
    if depth:
        machine = found.get(('machine', str(document.get('machine-id'))))
        made['machines'] = [_machine(found, machine, depth - 1)] if machine else []
    return made


def _machine(found: Entities, document: Json, depth: int) -> Scope:
    made: Scope = {
        **document,
        'status': _current(document, 'agent-status'),
        'agent-status': _current(document, 'agent-status'),
        'instance-status': _current(document, 'instance-status'),
    }
    if depth:
        made['units'] = [
            _unit(found, entry, depth - 1)
            for (kind, _), entry in found.items()
            if kind == 'unit' and entry.get('machine-id') == document['id']
        ]
    return made


_MAKERS: Mapping[str, Callable[[Entities, Json, int], Scope]] = {
    'application': _application,
    'machine': _machine,
    'model': _model,
    'unit': _unit,
}


def _all(found: Entities, kind: str, depth: int) -> list[Scope]:
    return [_MAKERS[kind](found, entry, depth - 1) for (one, _), entry in found.items() if one == kind]


def _worst(units: list[Json]) -> str:
    """What Juju shows as the status of an application whose charm sets none."""
    seen = {_current(unit, 'workload-status') for unit in units}
    return next((status for status in _SEVERITY if status in seen), 'unknown')


def _current(document: Json, key: str) -> str:
    return str(shape.mapping(document.get(key)).get('current') or '')


def _message(document: Json, key: str) -> str:
    return str(shape.mapping(document.get(key)).get('message') or '')
