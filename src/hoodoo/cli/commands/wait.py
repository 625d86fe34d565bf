"""``hoodoo wait``."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Generator
from typing import Any

import click

from bedrock import errors
from hoodoo import wording
from hoodoo.cli import common
from hoodoo.juju import connect
from hoodoo.readiness import oracle, states, wait

_NOT_IN_TIME = 44
"""What juju-wait ends with when its time is over."""

Told = Callable[[tuple[str, ...]], None]


@click.command('wait')
@click.option(
    '--model',
    default='',
    metavar='[CONTROLLER:]MODEL',
    help="Default $JUJU_MODEL, else the client's current one.",
)
@click.option('--for', 'only', multiple=True, metavar='APPLICATION', help='Only this one; may be repeated.')
@click.option(
    '--timeout',
    'timeout_s',
    type=click.FloatRange(0),
    default=wait.DEFAULT_TIMEOUT_S,
    show_default=True,
    help='Seconds after which to give up.',
)
@click.option(
    '--settle',
    'settle_s',
    type=click.FloatRange(0),
    default=wait.DEFAULT_SETTLE_S,
    show_default=True,
    help='Seconds for which all agents must have been idle.',
)
@click.option(
    '--additional-ready-states',
    'accepted',
    default='',
    metavar='STATE,...',
    help='Workload states that are fine too, such as blocked.',
)
@click.option(
    '--retry-errors',
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help='How often a unit may fail before giving up; Juju retries by itself.',
)
@click.option('--format', 'form', type=click.Choice(['text', 'json']), default='text', show_default=True)
def command(
    model: str,
    only: tuple[str, ...],
    timeout_s: float,
    settle_s: float,
    accepted: str,
    retry_errors: int,
    form: str,
) -> None:
    """Wait until every unit of a model is ready, and show what it waits for.

    Any model will do; no spec is needed. Meanwhile it shows which unit waits for what, each cause below its
    effect, and when it gives up, the last log lines of the units that were not ready.

    \b
    Examples:
      hoodoo wait --timeout 600
      hoodoo wait --model aws:mirror --for haproxy --for nrpe
      hoodoo wait --additional-ready-states blocked,waiting --format json

    Exit codes: 0 ready; 1 a unit is in error; 44 not ready in time; 2 wrong usage; 3 no controller answers.
    """
    rules = oracle.Rules(
        settle_s=settle_s,
        accepted=frozenset(_states(accepted)),
        retry_errors=retry_errors,
        only=frozenset(only),
    )
    settings = common.settings()
    driver = connect.open_existing(
        settings, wanted=model or settings.model, note=lambda text: click.echo(text, err=True)
    )
    began = time.monotonic()
    with contextlib.closing(driver):
        try:
            with _shown(form) as told:
                seen = wait.wait(driver, rules, timeout_s=timeout_s, told=told)
        except wait.NotReady as err:
            if form == 'json':
                click.echo(json.dumps(_report(driver.model, began, failure=err)))
            else:
                click.echo(errors.render(err), err=True)
            click.get_current_context().exit(_NOT_IN_TIME if isinstance(err, wait.NotInTime) else 1)
    if form == 'json':
        click.echo(json.dumps(_report(driver.model, began)))
        return
    units = wording.counted(len(list(oracle.restricted(seen, rules.only).units())), 'unit')
    click.echo(f'{driver.model} is ready: {units}, after {time.monotonic() - began:.1f} s')


def _states(text: str) -> list[str]:
    given = [state.strip() for state in text.split(',') if state.strip()]
    for state in given:
        if state not in states.STATES:
            raise errors.UsageFault(f'cannot take "{state}" for a ready state', hint=states.hint(state))
    return given


def _report(model: str, began: float, *, failure: wait.NotReady | None = None) -> dict[str, Any]:
    report: dict[str, Any] = {
        'model': model,
        'outcome': 'ready',
        'seconds': round(time.monotonic() - began, 1),
        'waiting': [],
    }
    if failure is not None:
        report['outcome'] = 'timeout' if isinstance(failure, wait.NotInTime) else 'error'
        report['waiting'] = [dataclasses.asdict(node) for node in failure.nodes]
        report['error'] = failure.message
    return report


@contextlib.contextmanager
def _shown(form: str) -> Generator[Told]:
    """What hears the reasons: a tree that changes on a terminal, else lines with what is new."""
    if form == 'json':
        yield lambda _: None
    elif sys.stdout.isatty():
        from hoodoo.cli import live_wait

        with live_wait.shown() as told:
            yield told
    else:
        yield _plain()


def _plain() -> Told:
    began = time.monotonic()
    known: frozenset[str] = frozenset()

    def told(lines: tuple[str, ...]) -> None:
        nonlocal known
        for line in lines:
            if line.strip() not in known:
                click.echo(f'[{time.monotonic() - began:6.1f}s] waiting: {line}')
        known = frozenset(line.strip() for line in lines)

    return told
