"""juju show-status-log."""

from __future__ import annotations

from typing import Any

from bedrock import errors
from pocket.client import faults, flags, output, replies, shape, timing, values
from pocket.client.context import Context
from pocket.client.flags import Flag, Given
from pocket.client.render.text import table

Json = dict[str, Any]

_KINDS = {
    'application': 'application',
    'container': 'machine',
    'juju-container': 'machine',
    'juju-machine': 'machine',
    'juju-unit': 'unit',
    'machine': 'machine',
    'model': 'model',
    'saas': 'application',
    'unit': 'unit',
    'workload': 'unit',
}


def _show_status_log(ctx: Context, given: Given) -> int:
    kind = given.text('type')
    if kind not in _KINDS:
        raise faults.WrongUsage(f'unexpected status type "{kind}": use one of {", ".join(sorted(_KINDS))}')
    with ctx.session(given) as session:
        name = given.args[0] if given.args else ''
        answer = session.call(
            'Client',
            'StatusHistory',
            {
                'requests': [
                    {
                        'historyKind': kind,
                        'size': given.number('n'),
                        'filter': _filter(given),
                        'tag': _tag(kind, name, session.target.model.uuid),
                    }
                ]
            },
        )
    history = replies.checked(shape.mapping(replies.only(answer).get('history')))
    found: list[Json] = history.get('statuses') or []
    shown = [_entry(item) for item in sorted(found, key=lambda item: str(item.get('since') or ''))]
    if not shown:
        raise errors.Fault('no status history available')

    def tabular() -> str:
        rows = [
            [
                timing.since(item['since'], utc=given.on('utc')),
                item['type'],
                item['status'],
                item.get('message', ''),
            ]
            for item in shown
        ]
        return table(['Time', 'Type', 'Status', 'Message'], rows)

    output.show(ctx, given, shown, {'tabular': tabular})
    return 0


def _filter(given: Given) -> Json:
    made: Json = {'size': given.number('n'), 'exclude': []}
    if given.text('days'):
        made['delta'] = given.number('days') * 86400 * 10**9
        made['size'] = 0
    if given.text('from-date'):
        made['date'] = f'{given.text("from-date")}T00:00:00Z'
        made['size'] = 0
    if not given.on('include-status-updates'):
        made['exclude'] = ['running update-status hook']
    return made


def _tag(kind: str, name: str, model_uuid: str) -> str:
    if _KINDS[kind] == 'model':
        return f'model-{model_uuid}'
    if not name:
        raise faults.WrongUsage('entity name is missing')
    if _KINDS[kind] == 'unit':
        return values.unit_tag(values.require_unit(name))
    return values.machine_tag(name) if _KINDS[kind] == 'machine' else f'application-{name}'


def _entry(item: Json) -> Json:
    return {
        'status': item.get('status') or '',
        **({'message': item['info']} if item.get('info') else {}),
        'since': item.get('since') or '',
        'type': item.get('kind') or '',
    }


SHOW_STATUS_LOG = flags.Command(
    name='show-status-log',
    usage='<name>',
    summary='Show the past statuses of a unit, machine, application or model.',
    examples=('juju show-status-log mysql/0', 'juju show-status-log 0 --type machine -n 50'),
    flags=(
        flags.MODEL,
        *flags.formats('tabular', 'json', 'yaml'),
        Flag('type', f'Whose: {", ".join(sorted(_KINDS))}', value='TYPE', default='unit'),
        Flag('n', 'At most this many', value='N', default='20'),
        Flag('days', 'Of this many days', value='N'),
        Flag('from-date', 'Since this day, for example 2026-11-22', value='DATE'),
        Flag('include-status-updates', 'The update-status hooks too'),
        Flag('utc', 'Show times in UTC'),
    ),
    most=1,
    run=_show_status_log,
)
