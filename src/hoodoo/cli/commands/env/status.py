"""``hoodoo env status``."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from hoodoo.cli import common, envs
from hoodoo.fleet import following, health, looking
from hoodoo.inventory import selecting
from hoodoo.inventory.environment import Environment
from hoodoo.inventory.state import Health, State

if TYPE_CHECKING:
    from hoodoo.cli import live_status

_COLUMNS = ('environment', 'health', 'applications', 'units', 'run', 'drift', 'why')


@click.command('status')
@click.argument('selector', nargs=-1)
@click.option(
    '--timeout',
    'timeout_s',
    type=click.FloatRange(min=0, min_open=True),
    default=looking.DEFAULT_TIMEOUT_S,
    show_default=True,
    help='Seconds for a controller to say which models it has, and again for each look at one of them.',
)
@click.option('--worst', is_flag=True, help='The worst first, instead of by name.')
@click.option('--watch', is_flag=True, help='Go on, and show what changes, until Ctrl-C.')
@common.format_option
def command(selector: tuple[str, ...], timeout_s: float, worst: bool, watch: bool, form: str) -> None:
    """Look at the environments for which each SELECTOR holds, all at once; without one, at all.

    Their controllers are asked over the network, side by side: one that does not answer delays no other. For
    selectors see "hoodoo env list --help". What was seen is kept for "hoodoo env list" and others.

    \b
      ready        all that "hoodoo wait" would wait for is so
      waiting      an agent is at work, or a workload waits for something
      blocked      a person has to do something
      error        a hook failed, or a machine cannot be had
      absent       the controller has no such model
      unreachable  the controller does not answer, or does not let us in

    \b
    Examples:
      hoodoo env status
      hoodoo env status archive-mirror stage=production --worst
      hoodoo env status cloud=aws --format json --timeout 3
      hoodoo env status 'region=japan*' --watch

    Exit codes: 0 all are ready; 1 some are not; 2 wrong usage.
    """
    settings = common.settings()
    with envs.opened_index() as opened:
        environments = selecting.select(opened.environments(), selector)
        manner = looking.Manner(
            account=looking.known_account(settings, timeout_s=timeout_s), timeout_s=timeout_s
        )
        if watch:
            with _shown(len(environments), form, stays=True) as told:
                following.follow(environments, opened, manner, told)
        with _shown(len(environments), form) as told:
            states = looking.look(environments, opened, manner, told)
    _print(environments, states, form, worst=worst)
    if any(state.health is not Health.READY for state in states.values()):
        click.get_current_context().exit(1)


@contextlib.contextmanager
def _shown(total: int, form: str, *, stays: bool = False) -> Generator[live_status.Told]:
    """What hears of answers as they come: a table on a terminal; else nobody, or lines where nothing follows.

    Args:
        stays: Whether what is shown is all that there is.
    """
    if form == 'table' and total and sys.stdout.isatty():
        from hoodoo.cli import live_status

        with live_status.shown(total, stays=stays) as told:
            yield told
    else:
        yield _lines(form) if stays else lambda _environment, _state: None


def _lines(form: str) -> live_status.Told:
    """A line for each environment that is not as it was."""
    known: dict[str, State] = {}

    def told(environment: Environment, state: State) -> None:
        same = dataclasses.replace(state, seen_ms=None)
        if known.get(environment.name) == same:
            return
        known[environment.name] = same
        if form == 'table':
            click.echo(' '.join(filter(None, (environment.name, state.health.value, state.why))))
        elif form == 'json':
            click.echo(json.dumps(row(environment, state)))
        else:
            import yaml

            click.echo('---\n' + yaml.safe_dump(row(environment, state), sort_keys=False), nl=False)

    return told


def _print(
    environments: Sequence[Environment], states: Mapping[str, State], form: str, *, worst: bool
) -> None:
    ordered = sorted(environments, key=lambda one: one.name)
    if worst:
        ordered.sort(key=lambda one: health.WORST_FIRST.index(states[one.name].health))
    rows = [row(one, states[one.name]) for one in ordered]
    if form == 'table':
        rows = [{**each, 'run': _run(each), 'drift': _drift(each)} for each in rows]
    common.show(rows, form, _COLUMNS, empty='There are no such environments.')
    if rows:
        click.echo(health.summary(states.values()), err=form != 'table')


def row(environment: Environment, state: State) -> dict[str, Any]:
    """An environment as it was seen, as `common.show` takes it."""
    return {
        'environment': environment.name,
        'health': state.health.value,
        'why': state.why,
        'applications': state.applications,
        'units': state.units,
        'machines': state.machines,
        'run': state.run or None,
        'run_outcome': state.run_outcome,
        'revision': state.revision,
        'drift': state.drift,
        'controller': environment.controller,
        'model': environment.model,
        'seen_ms': state.seen_ms,
    }


def _run(row: Mapping[str, Any]) -> str:
    return f'{row["run"]} {row["run_outcome"]}' if row['run'] else '-'


def _drift(row: Mapping[str, Any]) -> str:
    return '?' if row['drift'] is None else str(row['drift'] or '-')
