"""Tasks and operations: what the API answers of them -> what ``juju run`` and its relatives print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pocket.client import shape, timing, values

Json = dict[str, Any]

_STREAMS = ('return-code', 'stdout', 'stderr')
ENDED = frozenset({'completed', 'failed', 'cancelled', 'aborted', 'error'})
"""The states that a task does not leave."""


def task_id(result: Json) -> str:
    """The number of the task in *result*."""
    tag: str = shape.mapping(result.get('action')).get('tag') or ''
    return tag.removeprefix('action-')


def host(result: Json) -> str:
    """The unit or machine that the task in *result* is for."""
    return values.entity(shape.mapping(result.get('action')).get('receiver') or '')


def task(result: Json) -> Json:
    """One task as ``juju run --format json`` has it."""
    receiver: str = shape.mapping(result.get('action')).get('receiver') or ''
    kind = 'machine' if receiver.startswith('machine-') else 'unit'
    return {'id': task_id(result), 'status': result.get('status') or '', **_outcome(result)} | {
        kind: host(result)
    }


def by_host(results: Sequence[Json]) -> Json:
    """Tasks by the name of their host."""
    return {host(result): task(result) for result in sorted(results, key=host)}


def show_task(result: Json) -> Json:
    """One task as ``juju show-task`` prints it."""
    action: Json = result.get('action') or {}
    return {
        'id': task_id(result),
        'status': result.get('status') or '',
        **_present({'action': _action(action)}),
        **({'unit': host(result)} if action.get('receiver') else {}),
        **_outcome(result),
    }


def operation(found: Json) -> Json:
    """One operation with its tasks as ``juju show-operation`` prints it."""
    actions: list[Json] = found.get('actions') or []
    first: Json = (actions[0].get('action') if actions else None) or {}
    return {
        'summary': found.get('summary') or '',
        'status': found.get('status') or '',
        **_present(
            {
                'fail': found.get('fail'),
                'error': shape.mapping(found.get('error')).get('message'),
                'action': _action(first),
                'timing': _timing(found),
                'tasks': {task_id(result): _task_of(result) for result in actions},
            }
        ),
    }


def operation_id(found: Json) -> str:
    """The number of an operation."""
    tag: str = found.get('operation') or ''
    return tag.removeprefix('operation-')


def plain(results: Sequence[Json]) -> tuple[str, str]:
    """What the tasks printed, for stdout and stderr; several tasks are headed by their host."""
    out: list[str] = []
    err: list[str] = []
    for result in sorted(results, key=host):
        output: Json = result.get('output') or {}
        if len(results) > 1:
            out.append(f'{host(result)}:\n')
        rest = {key: value for key, value in output.items() if key not in _STREAMS}
        if result.get('status') == 'failed':
            message = result.get('message') or ''
            out.append(f'Action id {task_id(result)} failed: {message}\n' if message else '')
        if rest:
            out.append(_yaml(rest))
        out.append(_ended(str(output.get('stdout') or '')))
        err.append(_ended(str(output.get('stderr') or '')))
    return ''.join(out), ''.join(err)


def return_code(result: Json) -> int:
    """The exit status of the program in *result*; 0 when there is none."""
    output: Json = result.get('output') or {}
    return int(output.get('return-code') or 0)


def failure(results: Sequence[Json]) -> str:
    """The error for tasks whose program failed; empty when none did."""
    failed = [result for result in results if return_code(result)]
    if not failed:
        return ''
    lines = [f' - id "{task_id(result)}" with return code {return_code(result)}' for result in failed]
    word = 'task' if len(failed) == 1 else 'tasks'
    return (
        f'the following {word} failed:\n'
        + '\n'.join(lines)
        + "\n\nuse 'juju show-task' to inspect the failure"
        + ('' if len(failed) == 1 else 's')
    )


def log_line(entry: Mapping[str, Any]) -> str:
    """One message that an action logged."""
    return f'{timing.task_time(entry["timestamp"])} {entry["message"]}'


def _outcome(result: Json) -> Json:
    return _present(
        {
            'message': result.get('message'),
            'results': result.get('output'),
            'log': [log_line(entry) for entry in shape.objects(result.get('log'))],
            'timing': _timing(result),
        }
    )


def _task_of(result: Json) -> Json:
    return {'host': host(result), 'status': result.get('status') or '', **_outcome(result)}


def _action(action: Json) -> Json:
    if not action.get('name'):
        return {}
    return {'name': action['name'], 'parameters': action.get('parameters') or {}}


def _timing(found: Json) -> Json:
    """The times that are known; Go's zero time stands for one that is not."""
    return {
        key: timing.task_time(found[key])
        for key in ('enqueued', 'started', 'completed')
        if found.get(key) and not str(found[key]).startswith('0001-')
    }


def _yaml(value: Json) -> str:
    from pocket.client import output

    return output.as_yaml(value)


def _ended(text: str) -> str:
    return text if not text or text.endswith('\n') else f'{text}\n'


def _present(found: Mapping[str, Any]) -> Json:
    return {key: value for key, value in found.items() if value}
