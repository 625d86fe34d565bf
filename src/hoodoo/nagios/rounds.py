"""Run checks on many machines at once, and the bad ones again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from bedrock import errors
from hoodoo import model, wording
from hoodoo.juju import driver
from hoodoo.nagios import checks

_WORKERS = 8
_MACHINE_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Which checks to run, and what is good enough."""

    skips: tuple[str, ...] = ()
    fine: frozenset[str] = frozenset()
    """States next to ok that do not fail."""
    retry: int = 0
    """How often bad checks are run again."""
    sleep_s: float = 0.0
    """Before each of those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What to run on one machine."""

    machine: str
    unit: str
    only: tuple[str, ...] = ()


def run(
    juju: driver.Driver,
    machines: Mapping[str, str],
    rules: Rules,
    *,
    down: Sequence[str] = (),
    told: Callable[[str], None] = lambda _: None,
    rest: Callable[[float], None] = time.sleep,
) -> list[checks.Result]:
    """Return the results of all checks on *machines*, sorted by unit.

    A machine that does not answer has one result, which says so; the others go on.

    Args:
        machines: Numbers of machines, and the unit that each is known by.
        down: Machines that need not be asked: their agents are gone.
        told: Called with what is done at the moment.
    """
    tasks = [_Task(machine=machine, unit=unit) for machine, unit in machines.items()]
    results = {task.unit: list(found) for task, found in _round(juju, tasks, rules, down, told, 1)}
    for tries in range(2, rules.retry + 2):
        again = [task for one in tasks for task in _again(one, results[one.unit], rules)]
        if not again:
            break
        count = sum(len(task.only) or 1 for task in again)
        told(f'{wording.counted(count, "bad check")}, try {tries} in {rules.sleep_s:g} s')
        rest(rules.sleep_s)
        for task, found in _round(juju, again, rules, down, told, tries):
            results[task.unit] = _merged(results[task.unit], list(found), task)
    return [result for unit in sorted(results) for result in results[unit]]


def _round(
    juju: driver.Driver,
    tasks: Sequence[_Task],
    rules: Rules,
    down: Sequence[str],
    told: Callable[[str], None],
    tries: int,
) -> Iterator[tuple[_Task, list[checks.Result]]]:
    def one(task: _Task) -> list[checks.Result]:
        if task.machine in down:
            return [_unanswered(task, f'machine {task.machine} is down', tries)]
        script = checks.script(rules.skips, only=task.only)
        try:
            done = juju.execute(task.machine, script, timeout_s=_MACHINE_TIMEOUT_S)
        except errors.Fault as err:
            return [_unanswered(task, err.message, tries)]
        if done.returncode != 0:
            return [_unanswered(task, done.stderr.strip() or f'exit status {done.returncode}', tries)]
        return checks.read(task.unit, done.stdout, tries=tries)

    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix='nagios')
    try:
        futures = {pool.submit(one, task): task for task in tasks}
        for number, future in enumerate(as_completed(futures), 1):
            told(f'checks ran on {number} of {wording.counted(len(tasks), "machine")}')
            yield futures[future], future.result()
    finally:
        # Interrupted, what has not begun does not begin any more.
        pool.shutdown(cancel_futures=True)


def _again(task: _Task, results: Sequence[checks.Result], rules: Rules) -> Iterator[_Task]:
    """What of *task* must run again, if anything was bad."""
    names = tuple(result.name for result in results if not result.is_good(rules.fine))
    if names:
        yield _Task(machine=task.machine, unit=task.unit, only=() if '' in names else names)


def _merged(before: Sequence[checks.Result], now: list[checks.Result], task: _Task) -> list[checks.Result]:
    """The newest result of each check; one that a retry no longer finds was taken away meanwhile."""
    if not task.only:
        return now
    if any(not result.name for result in now):
        # It answers no more: what it said before is not known to hold.
        return [*(result for result in before if result.name not in task.only), *now]
    newest = {result.name: result for result in now}
    return [
        newest.get(result.name, result)
        for result in before
        if result.name not in task.only or result.name in newest
    ]


def _unanswered(task: _Task, why: str, tries: int) -> checks.Result:
    return checks.Result(unit=task.unit, name='', status=None, output=why, tries=tries)


def down(seen: model.ModelSnapshot) -> list[str]:
    """The machines whose agents are gone: they would not answer."""
    return [machine.id for machine in seen.machines.values() if machine.agent.value == 'down']
