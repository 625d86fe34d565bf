"""FullStatus as the API answers it -> the document that ``juju status --format json`` prints (juju.md 6.1).

Keys that Juju leaves out when they are empty are left out here. The exception is what Juju's JSON cannot
leave out, an empty status: it is ``{}`` here, and `pruned` drops it for YAML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, cast

from pocket.client import shape, timing
from pocket.client.render import charm_url, status_storage

Json = dict[str, Any]

_STATUS_KEYS = frozenset(
    {
        'application-status',
        'juju-status',
        'machine-status',
        'model-status',
        'modification-status',
        'workload-status',
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How times are shown."""

    utc: bool = False
    zone: tzinfo | None = None
    """None is the machine's own."""


def document(full: Json, *, controller: str, style: Style, with_storage: bool = True) -> Json:
    """The status document of a model on *controller*."""
    relations: list[Json] = full.get('relations') or []
    made: Json = {
        'model': _model(full['model'], controller, style),
        'machines': {name: _machine(machine, style) for name, machine in _sorted(full.get('machines'))},
        'applications': {
            name: _application(name, application, relations, style)
            for name, application in _sorted(full.get('applications'))
        },
    }
    if full.get('remote-applications'):
        made['application-endpoints'] = {
            name: _remote(remote, style) for name, remote in _sorted(full['remote-applications'])
        }
    if full.get('offers'):
        made['offers'] = {name: _offer(offer) for name, offer in _sorted(full['offers'])}
    if with_storage:
        made['storage'] = storage(full, style)
    if full.get('controller-timestamp'):
        stamp = timing.clock(full['controller-timestamp'], utc=style.utc, zone=style.zone)
        made['controller'] = {'timestamp': stamp}
    return made


def storage(full: Json, style: Style) -> Json:
    """The storage document of a model: instances, filesystems, volumes, as far as *full* has them."""
    return status_storage.document(full, lambda found: _status(found, style))


def pruned(value: Any) -> Any:
    """*value* without empty statuses, as Juju's YAML has it."""
    if not isinstance(value, dict):
        return value
    kept = shape.mapping(cast('object', value)).items()
    return {key: pruned(item) for key, item in kept if item != {} or key not in _STATUS_KEYS}


def relation_rows(full: Json) -> list[Json]:
    """The relations of a model as the table shows them, provider first."""
    rows: list[Json] = []
    for relation in shape.objects(full.get('relations')):
        ends: list[Json] = relation['endpoints']
        provider = next((end for end in ends if end['role'] in ('provider', 'peer')), ends[0])
        requirer = next((end for end in ends if end is not provider), provider)
        kind = 'regular'
        if provider['role'] == 'peer':
            kind = 'peer'
        elif any(end.get('subordinate') for end in ends) and relation.get('scope') == 'container':
            kind = 'subordinate'
        status: Json = relation.get('status') or {}
        rows.append(
            {
                'provider': f'{provider["application"]}:{provider["name"]}',
                'requirer': f'{requirer["application"]}:{requirer["name"]}',
                'interface': relation['interface'],
                'type': kind,
                'status': status.get('status') or '',
                'message': status.get('info') or '',
            }
        )
    return rows


def _model(model: Json, controller: str, style: Style) -> Json:
    return {
        'name': model['name'],
        'type': model.get('type') or 'iaas',
        'controller': controller,
        'cloud': (model.get('cloud-tag') or '').removeprefix('cloud-'),
        **_present(
            {
                'region': model.get('region'),
            }
        ),
        'version': model.get('version') or '',
        **_present({'upgrade-available': model.get('available-version')}),
        'model-status': _status(model.get('model-status'), style),
        **_present({'sla': model.get('sla')}),
    }


def _machine(machine: Json, style: Style) -> Json:
    if machine.get('agent-status', {}).get('err'):
        return _broken(machine['agent-status']['err'])
    base: Json = machine.get('base') or {}
    jobs: list[str] = machine.get('jobs') or []
    return {
        'juju-status': _status(machine.get('agent-status'), style),
        **_present(
            {
                'hostname': machine.get('hostname'),
                'dns-name': machine.get('dns-name'),
                'ip-addresses': machine.get('ip-addresses'),
                'instance-id': machine.get('instance-id'),
                'display-name': machine.get('display-name'),
            }
        ),
        'machine-status': _status(machine.get('instance-status'), style),
        'modification-status': _status(machine.get('modification-status'), style),
        **_present(
            {
                'base': _base(base),
                'network-interfaces': dict(_sorted(machine.get('network-interfaces'))),
                'containers': {
                    name: _machine(inner, style) for name, inner in _sorted(machine.get('containers'))
                },
                'constraints': machine.get('constraints'),
                'hardware': machine.get('hardware'),
                'controller-member-status': 'has-vote' if 'JobManageModel' in jobs else '',
                'lxd-profiles': machine.get('lxd-profiles'),
            }
        ),
    }


def _application(name: str, application: Json, relations: list[Json], style: Style) -> Json:
    if application.get('err'):
        return _broken(application['err'])
    url = charm_url.parsed(application['charm'])
    return {
        'charm': url.name if url.schema == 'ch' else application['charm'],
        **_present({'base': _base(shape.mapping(application.get('base')))}),
        'charm-origin': url.origin,
        'charm-name': url.name,
        'charm-rev': url.revision,
        **_present(
            {
                'charm-channel': application.get('charm-channel'),
                'charm-version': application.get('charm-version'),
                'charm-profile': application.get('charm-profile'),
                'can-upgrade-to': application.get('can-upgrade-to'),
                'scale': application.get('int'),
                'provider-id': application.get('provider-id'),
                'address': application.get('public-address'),
            }
        ),
        'exposed': bool(application.get('exposed')),
        **_present({'life': _life(application)}),
        'application-status': _status(application.get('status'), style),
        **_present(
            {
                'relations': _relations(name, application, relations),
                'subordinate-to': sorted(application.get('subordinate-to') or ()),
                'units': {
                    unit: _unit(name, raw, relations, style)
                    for unit, raw in _sorted(application.get('units'))
                },
                'version': application.get('workload-version'),
                'endpoint-bindings': dict(_sorted(application.get('endpoint-bindings'))),
            }
        ),
    }


def _unit(application: str, unit: Json, relations: list[Json], style: Style) -> Json:
    if unit.get('err'):
        return _broken(unit['err'])
    workload: Json = dict(shape.mapping(unit.get('workload-status')))
    if workload.get('status') == 'error':
        workload['info'] = workload.get('info', '') + _blamed(application, workload, relations)
    return {
        'workload-status': _status(workload, style),
        'juju-status': _status(unit.get('agent-status'), style),
        **_present(
            {
                'leader': bool(unit.get('leader')),
                'upgrading-from': unit.get('charm'),
                'machine': unit.get('machine'),
                'open-ports': unit.get('opened-ports'),
                'public-address': unit.get('public-address'),
                'address': unit.get('address'),
                'provider-id': unit.get('provider-id'),
                'subordinates': {
                    name: _unit(name.partition('/')[0], raw, relations, style)
                    for name, raw in _sorted(unit.get('subordinates'))
                },
            }
        ),
    }


def _blamed(application: str, workload: Json, relations: list[Json]) -> str:
    """`` for app:endpoint``: whom a failed relation hook was about."""
    relation_id = shape.mapping(workload.get('data')).get('relation-id')
    for relation in relations:
        if relation_id is not None and relation.get('id') == relation_id:
            for end in relation['endpoints']:
                if end['application'] != application:
                    return f' for {end["application"]}:{end["name"]}'
    return ''


def _relations(name: str, application: Json, relations: list[Json]) -> Json:
    made: Json = {}
    for endpoint, others in _sorted(application.get('relations')):
        made[endpoint] = [
            {'related-application': other, **_between(name, endpoint, other, relations)}
            for other in sorted(others)
        ]
    return made


def _between(name: str, endpoint: str, other: str, relations: list[Json]) -> Json:
    """Interface and scope of the relation at *endpoint* of *name* with *other*."""
    for relation in relations:
        ends = [(end['application'], end['name']) for end in relation['endpoints']]
        if (name, endpoint) not in ends:
            continue
        partners = [end[0] for end in ends if end != (name, endpoint)] or [name]
        if other in partners:
            return {'interface': relation['interface'], 'scope': relation['scope']}
    return {'interface': '', 'scope': ''}


def _remote(remote: Json, style: Style) -> Json:
    if remote.get('err'):
        return _broken(remote['err'])
    return {
        'url': remote['offer-url'],
        **_present({'endpoints': _endpoints(remote.get('endpoints') or ()), 'life': _life(remote)}),
        'application-status': _status(remote.get('status'), style),
        **_present({'relations': dict(_sorted(remote.get('relations')))}),
    }


def _offer(offer: Json) -> Json:
    if offer.get('err'):
        return _broken(offer['err'])
    return {
        'application': offer['application-name'],
        **_present(
            {
                'charm': offer.get('charm'),
                'total-connected-count': offer.get('total-connected-count'),
                'active-connected-count': offer.get('active-connected-count'),
            }
        ),
        'endpoints': {
            name: {'interface': end['interface'], 'role': end['role']}
            for name, end in _sorted(offer.get('endpoints'))
        },
    }


def _endpoints(endpoints: Iterable[Json]) -> Json:
    return {end['name']: {'interface': end['interface'], 'role': end['role']} for end in endpoints}


def _status(status: Mapping[str, Any] | None, style: Style) -> Json:
    found = status or {}
    since: str = found.get('since') or ''
    return _present(
        {
            'current': found.get('status'),
            'message': found.get('info'),
            'since': timing.since(since, utc=style.utc, zone=style.zone) if since else '',
            'version': found.get('version'),
            'life': _life(found),
        }
    )


def _broken(error: Json) -> Json:
    return {'status-error': error.get('message') or ''}


def _base(base: Json) -> Json:
    channel: str = base.get('channel') or ''
    return {'name': base['name'], 'channel': channel.removesuffix('/stable')} if base.get('name') else {}


def _life(thing: Mapping[str, Any]) -> str:
    life = thing.get('life') or ''
    return '' if life == 'alive' else life


def _present(values: Mapping[str, Any]) -> Json:
    return {key: value for key, value in values.items() if value}


def _sorted(mapping: Mapping[str, Any] | None, key: Callable[[str], Any] = str) -> list[tuple[str, Any]]:
    return sorted((mapping or {}).items(), key=lambda item: key(item[0]))
