"""Units and applications: what the API answers -> ``juju show-unit`` and ``juju show-application``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pocket.client import shape, values

Json = dict[str, Any]


def unit(result: Json, *, endpoint: str = '', related_unit: str = '', application_only: bool = False) -> Json:
    """One unit; the arguments narrow its relation data.

    Args:
        endpoint: Only relations of this endpoint.
        related_unit: Only the data of this remote unit.
        application_only: Only the data of the applications.
    """
    own = values.entity(result['tag'])
    relations = [
        _relation(relation, own=own, related_unit=related_unit, application_only=application_only)
        for relation in shape.objects(result.get('relation-data'))
        if not endpoint or relation['endpoint'] == endpoint
    ]
    return {
        **_present({'workload-version': result.get('workload-version'), 'machine': result.get('machine')}),
        'opened-ports': result.get('opened-ports') or [],
        **_present({'public-address': result.get('public-address')}),
        'charm': result.get('charm') or '',
        'leader': bool(result.get('leader')),
        **_present(
            {
                'life': result.get('life'),
                'relation-info': relations,
                'provider-id': result.get('provider-id'),
                'address': result.get('address'),
            }
        ),
    }


def application(result: Json) -> Json:
    """One application."""
    base: Json = result.get('base') or {}
    channel = str(base.get('channel') or '').removesuffix('/stable')
    return {
        **_present(
            {
                'charm': result.get('charm'),
                'base': f'{base["name"]}@{channel}' if base.get('name') else '',
                'channel': result.get('channel'),
                'constraints': result.get('constraints'),
            }
        ),
        'principal': bool(result.get('principal')),
        'exposed': bool(result.get('exposed')),
        **_present({'exposed-endpoints': result.get('exposed-endpoints')}),
        'remote': bool(result.get('remote')),
        **_present(
            {
                'life': result.get('life'),
                'endpoint-bindings': dict(sorted(shape.mapping(result.get('endpoint-bindings')).items())),
            }
        ),
    }


def _relation(relation: Json, *, own: str, related_unit: str, application_only: bool) -> Json:
    made: Json = {
        'relation-id': relation['relation-id'],
        'endpoint': relation['endpoint'],
        **_present({'cross-model': relation.get('cross-model')}),
        'related-endpoint': relation['related-endpoint'],
        'application-data': _field(relation, 'ApplicationData') or {},
    }
    if application_only:
        return made
    units: Json = relation.get('unit-relation-data') or {}
    if own in units:
        made['local-unit'] = _member(units[own])
    shown = [name for name in sorted(units) if name != own and related_unit in ('', name)]
    others = {name: _member(units[name]) for name in shown}
    return {**made, **_present({'related-units': others})}


def _member(data: Json) -> Json:
    return {'in-scope': bool(_field(data, 'InScope')), 'data': _field(data, 'UnitData') or {}}


def _field(found: Json, name: str) -> Any:
    """A field whose Go name has no JSON name of its own; the case of such names does not count."""
    return next((value for key, value in found.items() if key.lower() == name.lower()), None)


def _present(found: Mapping[str, Any]) -> Json:
    return {key: value for key, value in found.items() if value}
