"""Follow an operation to its end and report it; shared by run and exec."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from bedrock import errors
from pocket.client import faults, flags, output, shape, values
from pocket.client.context import Context, Session
from pocket.client.flags import Flag, Given
from pocket.client.render import tasks

Json = dict[str, Any]

FLAGS = (
    *flags.formats('plain', 'json', 'yaml'),
    Flag('background', 'Do not wait for the result'),
    Flag('wait', 'Longest wait for the result', value='DURATION'),
    Flag('color', 'Use ANSI color codes', refused='results have no colours'),
    Flag('no-color', 'Use no ANSI color codes (results never have any)'),
    Flag('utc', 'Show times in UTC (they always are)'),
)

_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.25
_GROWTH = 1.5


def wait_ns(given: Given, *, default_s: int) -> int:
    """The longest wait: ``--wait``, else the command's own.

    Raises:
        WrongUsage: it is no duration, or given together with ``--background``.
    """
    if not given.text('wait'):
        return default_s * 10**9
    if given.on('background'):
        raise faults.WrongUsage('cannot specify both --wait and --background')
    return values.duration_ns(given.text('wait'), flag='wait') or default_s * 10**9


def follow(ctx: Context, given: Given, session: Session, enqueued: Json, *, limit_ns: int) -> int:
    """Say what was scheduled, wait for it and print the results; return the exit code.

    Raises:
        Fault: it took too long, or a program failed.
    """
    number = tasks.operation_id(enqueued)
    items: list[Json] = enqueued.get('actions') or []
    scheduled = [item for item in items if not item.get('error')]
    for item in items if scheduled else ():
        if item.get('error'):
            ctx.error(str(item['error'].get('message')))
    if not scheduled:
        refused = '\n'.join(str(item['error'].get('message')) for item in items)
        ctx.info(f'Operation {number} failed to schedule any tasks:\n{refused}')
        return 0
    ids = [tasks.task_id(item) for item in scheduled]
    if given.on('background'):
        _tell_scheduled(ctx, number, ids)
        return 0
    _tell_running(ctx, number, scheduled)
    results = _wait(ctx, session, scheduled, limit_ns=limit_ns)
    done = [result for result in results if result.get('status') in tasks.ENDED]
    _print(ctx, given, done)
    late = [tasks.host(result) for result in results if result.get('status') not in tasks.ENDED]
    if late:
        raise errors.Fault(f'timed out waiting for results from: {_hosts(late)}')
    failed = tasks.failure(done)
    if failed:
        raise errors.Fault(failed)
    return 0


def _wait(ctx: Context, session: Session, scheduled: Sequence[Json], *, limit_ns: int) -> list[Json]:
    """The tasks when all have ended, or as they are at the deadline."""
    entities = [{'tag': item['action']['tag']} for item in scheduled]
    deadline = time.monotonic() + limit_ns / 1e9
    pause_s = _FIRST_PAUSE_S
    told = 0
    while True:
        answer = session.call('Action', 'Actions', {'entities': entities})
        results: list[Json] = answer.get('results') or []
        for result in results:
            if result.get('error'):
                raise errors.Fault(str(result['error'].get('message')))
        told = _tell_logs(ctx, results, told)
        left_s = deadline - time.monotonic()
        if left_s <= 0 or all(result.get('status') in tasks.ENDED for result in results):
            return results
        # Juju's API has an event for what a task logs, but none for its end; so does its own client look.
        time.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * _GROWTH, _LONGEST_PAUSE_S)


def _tell_logs(ctx: Context, results: Sequence[Json], told: int) -> int:
    lines = [tasks.log_line(entry) for result in results for entry in shape.objects(result.get('log'))]
    if len(results) == 1:  # the lines of several tasks would change places between two looks
        for line in lines[told:]:
            ctx.info(line)
    return len(lines)


def _print(ctx: Context, given: Given, done: Sequence[Json]) -> None:
    if not done:
        return
    if given.text('format') != 'plain':
        output.show(ctx, given, tasks.by_host(done))
        return
    out, err = tasks.plain(done)
    output.write(ctx, given, out)
    ctx.stderr.write(err)
    ctx.stderr.flush()


def _tell_running(ctx: Context, number: str, scheduled: Sequence[Json]) -> None:
    count = len(scheduled)
    ctx.info(f'Running operation {number} with {count} task{"" if count == 1 else "s"}')
    for item in scheduled:
        ctx.info(f'  - task {tasks.task_id(item)} on {item["action"]["receiver"]}')
    ctx.info('')
    for item in scheduled:
        ctx.info(f'Waiting for task {tasks.task_id(item)}...')


def _tell_scheduled(ctx: Context, number: str, ids: Sequence[str]) -> None:
    if len(ids) == 1:
        ctx.info(f'Scheduled operation {number} with task {ids[0]}')
        ctx.info(f"Check task status with 'juju show-task {ids[0]}'")
        return
    ctx.info(f'Scheduled operation {number} with {len(ids)} tasks')
    for task in ids:
        ctx.info(f'  - task {task}')
    ctx.info(f"Check operation status with 'juju show-operation {number}'")


def _hosts(names: Sequence[str]) -> str:
    units = [name for name in names if values.is_unit(name)]
    machines = [name for name in names if name not in units]
    parts = [
        f'{kind}{"" if len(found) == 1 else "s"} {", ".join(found)}'
        for kind, found in (('machine', machines), ('unit', units))
        if found
    ]
    return ' and '.join(parts)
