"""juju operations, show-operation, show-task, cancel-task, actions."""

from __future__ import annotations

import math
import time
from typing import Any

from bedrock import errors
from pocket.client import faults, flags, output, replies, shape, timing, values
from pocket.client.context import Context, Session
from pocket.client.flags import Flag, Given
from pocket.client.render import tasks
from pocket.client.render.text import natural, shortened, table

Json = dict[str, Any]

_PAUSE_S = 0.25


def _operations(ctx: Context, given: Given) -> int:
    limit = given.number('limit')
    query: Json = {
        'applications': given.listed('applications'),
        'units': given.listed('units'),
        'machines': given.listed('machines'),
        'actions': given.listed('actions'),
        'status': given.listed('status'),
        'limit': limit,
        'offset': given.number('offset'),
    }
    with ctx.session(given) as session:
        answer = session.call('Action', 'ListOperations', query)
    found: list[Json] = answer.get('results') or []
    if not found:
        ctx.info('no matching operations')
    shown = {tasks.operation_id(entry): tasks.operation(entry) for entry in found}
    output.show(ctx, given, shown, {'plain': lambda: _operation_table(found)})
    return 0


def _operation_table(found: list[Json]) -> str:
    rows: list[list[str]] = []
    for entry in sorted(found, key=lambda entry: natural(tasks.operation_id(entry))):
        numbers = [tasks.task_id(result) for result in shape.objects(entry.get('actions'))]
        clocks = [
            '' if str(entry.get(key) or '0001-').startswith('0001-') else timing.since(entry[key], utc=True)
            for key in ('started', 'completed')
        ]
        rows.append(
            [
                tasks.operation_id(entry),
                entry.get('status') or '',
                *(clock.replace(' ', 'T').removesuffix('Z') for clock in clocks),
                shortened(','.join(numbers), 20),
                shortened(entry.get('summary') or '', 60),
            ]
        )
    return table(['ID', 'Status', 'Started', 'Finished', 'Task IDs', 'Summary'], rows) if rows else ''


def _show_operation(ctx: Context, given: Given) -> int:
    number = _number(given.args[0], 'operation')
    with ctx.session(given) as session:

        def look() -> Json:
            answer = session.call('Action', 'Operations', {'entities': [{'tag': f'operation-{number}'}]})
            return _only(answer, f'operation "{number}" not found')

        found = _awaited(given, look)
    output.show(ctx, given, {number: tasks.operation(found)})
    return 0


def _show_task(ctx: Context, given: Given) -> int:
    number = _number(given.args[0], 'task')
    with ctx.session(given) as session:
        found = _awaited(given, lambda: _task(session, number))
    output.show(ctx, given, tasks.show_task(found), {'plain': lambda: _plain_task(found)})
    return 0


def _plain_task(found: Json) -> str:
    return output.as_yaml(tasks.show_task(found))


def _task(session: Session, number: str) -> Json:
    answer = session.call('Action', 'Actions', {'entities': [{'tag': f'action-{number}'}]})
    return _only(answer, f'task "{number}" not found')


def _awaited(given: Given, look: Any) -> Json:
    """What *look* finds, when it has ended or ``--wait`` is over."""
    wait = given.text('wait')
    limit_s = values.duration_ns(wait, flag='wait') / 1e9 if wait else 0
    deadline = math.inf if 'watch' in given.defaults and given.on('watch') else time.monotonic() + limit_s
    while True:
        found: Json = look()
        if found.get('status') in tasks.ENDED or time.monotonic() >= deadline:
            return found
        time.sleep(_PAUSE_S)


def _cancel_task(ctx: Context, given: Given) -> int:
    entities = [{'tag': f'action-{_number(word, "task")}'} for word in given.args]
    with ctx.session(given) as session:
        answer = session.call('Action', 'Cancel', {'entities': entities})
    results: list[Json] = answer.get('results') or []
    shown = [tasks.task(result) for result in results if not result.get('error')]
    if shown:
        output.show(ctx, given, shown)
    return output.item_errors(ctx, results)


def _actions(ctx: Context, given: Given) -> int:
    application = given.args[0]
    with ctx.session(given) as session:
        answer = session.call(
            'Action', 'ApplicationsCharmsActions', {'entities': [{'tag': f'application-{application}'}]}
        )
    specs: Json = _only(answer, f'application "{application}" not found').get('actions') or {}
    if not specs:
        ctx.info(f'No actions defined for {application}.')
        return 0
    described = {name: specs[name].get('description') or '' for name in sorted(specs)}
    shown: Json = {name: specs[name] for name in sorted(specs)} if given.on('schema') else described
    rows = [[name, shortened(text)] for name, text in described.items()]
    output.show(ctx, given, shown, {'default': lambda: table(['Action', 'Description'], rows)})
    return 0


def _only(answer: Json, missing: str) -> Json:
    results: list[Json] = answer.get('results') or []
    if not results:
        raise errors.Fault(missing)
    return replies.checked(results[0])


def _number(word: str, what: str) -> str:
    if not word.isdecimal():
        raise faults.WrongUsage(f'invalid {what} ID "{word}"')
    return word


_WAIT = (
    Flag('wait', 'Wait this long for its end', value='DURATION'),
    Flag('utc', 'Show times in UTC (they always are)'),
    Flag('watch', 'Wait for its end, however long it takes'),
)

OPERATIONS = flags.Command(
    name='operations',
    summary='List pending, running, and completed operations.',
    examples=('juju operations', 'juju operations --apps mysql --status failed --format json'),
    flags=(
        flags.MODEL,
        *flags.formats('plain', 'json', 'yaml'),
        Flag('actions', 'Of these actions', value='ACTION[,...]'),
        Flag('applications,apps', 'On these applications', value='APPLICATION[,...]'),
        Flag('limit', 'At most this many', value='N', default='50'),
        Flag('machines', 'On these machines', value='MACHINE[,...]'),
        Flag('offset', 'Leave out the first ones', value='N', default='0'),
        Flag('status', 'In these states', value='STATUS[,...]'),
        Flag('units', 'On these units', value='UNIT[,...]'),
        Flag('utc', 'Show times in UTC (they always are)'),
    ),
    most=0,
    aliases=('list-operations',),
    run=_operations,
)

SHOW_OPERATION = flags.Command(
    name='show-operation',
    usage='<operation id>',
    summary='Show an operation and its tasks.',
    examples=('juju show-operation 1', 'juju show-operation 1 --wait 2m'),
    flags=(flags.MODEL, *flags.formats('yaml', 'json'), *_WAIT),
    least=1,
    most=1,
    missing='no operation ID specified',
    run=_show_operation,
)

SHOW_TASK = flags.Command(
    name='show-task',
    usage='<task id>',
    summary='Show a task and its results.',
    examples=('juju show-task 2', 'juju show-task 2 --format json'),
    flags=(flags.MODEL, *flags.formats('plain', 'json', 'yaml'), *_WAIT),
    least=1,
    most=1,
    missing='no task ID specified',
    run=_show_task,
)

CANCEL_TASK = flags.Command(
    name='cancel-task',
    usage='<task id> [...]',
    summary='Cancel pending or running tasks.',
    examples=('juju cancel-task 2',),
    flags=(flags.MODEL, *flags.formats('yaml', 'json')),
    least=1,
    missing='no task IDs specified',
    run=_cancel_task,
)

ACTIONS = flags.Command(
    name='actions',
    usage='<application>',
    summary='List the actions of an application.',
    examples=('juju actions mysql', 'juju actions mysql --schema --format yaml'),
    flags=(
        flags.MODEL,
        *flags.formats('default', 'json', 'yaml'),
        Flag('schema', 'Show the parameters too (json and yaml)'),
    ),
    least=1,
    most=1,
    missing='no application specified',
    aliases=('list-actions',),
    run=_actions,
)
