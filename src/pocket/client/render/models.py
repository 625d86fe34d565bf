"""Models: what the API answers of them -> what ``juju models`` and ``juju show-model`` print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pocket.client import shape, timing
from pocket.client.render.text import natural, table

Json = dict[str, Any]


def shown_name(name: str, *, user: str) -> str:
    """``owner/name``, without the owner when that is *user*."""
    return name.removeprefix(f'{user}/')


def info(model: Json, *, controller: str, now: datetime) -> Json:
    """One model as ``juju show-model --format json`` has it."""
    made = _common(model, controller)
    status: Json = model.get('status') or {}
    return {
        **made,
        **_present(
            {
                'region': model.get('cloud-region'),
                'type': model.get('provider-type'),
            }
        ),
        'life': model.get('life') or 'alive',
        **_present(
            {
                'status': _status(status, now),
                'users': {
                    user['user']: {
                        **_present({'display-name': user.get('display-name')}),
                        'access': user['access'],
                        'last-connection': timing.friendly(user.get('last-connection'), now=now),
                    }
                    for user in shape.objects(model.get('users'))
                },
                'machines': {
                    machine['id']: {'cores': shape.mapping(machine.get('hardware')).get('cores') or 0}
                    for machine in sorted(model.get('machines') or (), key=lambda m: natural(m['id']))
                },
                'secret-backends': {
                    shape.mapping(backend.get('result')).get('name') or backend.get('id') or '': {
                        'num-secrets': backend.get('num-secrets') or 0,
                        'status': backend.get('status') or 'active',
                    }
                    for backend in shape.objects(model.get('secret-backends'))
                },
                'sla': shape.mapping(model.get('sla')).get('level'),
                'sla-owner': shape.mapping(model.get('sla')).get('owner'),
                'agent-version': model.get('agent-version'),
                'credential': _credential(model),
                'supported-features': [
                    _present({key: feature.get(key) for key in ('name', 'description', 'version')})
                    for feature in shape.objects(model.get('supported-features'))
                ],
            }
        ),
    }


def summary(model: Json, *, controller: str, now: datetime, exact: bool = False) -> Json:
    """One model as ``juju models --format json`` has it; *exact*: times as they are, not how long ago."""
    last = model.get('last-connection')
    return {
        **_common(model, controller),
        **_present(
            {
                'region': model.get('cloud-region'),
                'credential': _credential(model),
                'type': model.get('provider-type'),
            }
        ),
        'life': model.get('life') or 'alive',
        **_present({'status': _status(model.get('status') or {}, now)}),
        'access': model.get('user-access') or '',
        'last-connection': str(last) if exact and last else timing.friendly(last, now=now),
        **_present(
            {'sla': shape.mapping(model.get('sla')).get('level'), 'agent-version': model.get('agent-version')}
        ),
    }


def models_table(
    models: Sequence[Json],
    counts: Mapping[str, Mapping[str, int]],
    *,
    controller: str,
    current: str,
    user: str,
    uuid: bool = False,
) -> str:
    """The table of ``juju models``; *counts* are machines, cores and units by model UUID."""
    rows: list[list[str]] = []
    for model in sorted(models, key=lambda model: natural(model['name'])):
        mine = counts.get(model['model-uuid'], {})
        mark = '*' if model['name'] == current else ''
        rows.append(
            [
                shown_name(model['name'], user=user) + mark,
                *([model['model-uuid']] if uuid else []),
                '/'.join(part for part in (model['cloud'], model.get('region')) if part),
                model.get('type', ''),
                model.get('status', {}).get('current', ''),
                str(mine.get('machines', 0)),
                str(mine['units']) if mine.get('units') else '-',
                model['access'],
                model['last-connection'],
            ]
        )
    header = [
        'Model',
        *(['UUID'] if uuid else []),
        'Cloud/Region',
        'Type',
        'Status',
        'Machines',
        'Units',
        'Access',
        'Last connection',
    ]
    lines = table(header, rows, right=('Machines', 'Units'))
    return f'Controller: {controller}\n\n{lines}'


def _common(model: Json, controller: str) -> Json:
    owner: str = model['owner-tag'].removeprefix('user-')
    return {
        'name': f'{owner}/{model["name"]}',
        'short-name': model['name'],
        'model-uuid': model['uuid'],
        'model-type': model['type'],
        'controller-uuid': model['controller-uuid'],
        'controller-name': controller,
        'is-controller': bool(model.get('is-controller')),
        'owner': owner,
        'cloud': model['cloud-tag'].removeprefix('cloud-'),
    }


def credential_parts(tag: str) -> tuple[str, str, str]:
    """``cloudcred-cloud_owner_name`` -> cloud, owner, name."""
    cloud, _, rest = tag.removeprefix('cloudcred-').partition('_')
    owner, _, name = rest.partition('_')
    return cloud, owner, name


def _credential(model: Json) -> Json:
    tag: str = model.get('cloud-credential-tag') or ''
    if not tag:
        return {}
    cloud, owner, name = credential_parts(tag)
    validity = model.get('cloud-credential-validity')
    word = {True: 'valid', False: 'invalid'}.get(validity) if validity is not None else None
    return {'name': name, 'owner': owner, 'cloud': cloud, **_present({'validity-check': word})}


def _status(status: Json, now: datetime) -> Json:
    return _present(
        {
            'current': status.get('status'),
            'message': status.get('info'),
            'reason': shape.mapping(status.get('data')).get('reason'),
            'since': timing.friendly(status['since'], now=now) if status.get('since') else '',
        }
    )


def _present(found: Mapping[str, Any]) -> Json:
    return {key: value for key, value in found.items() if value}
