"""``hoodoo cancel``."""

from __future__ import annotations

import json

import click

from bedrock import errors
from hoodoo import wording
from hoodoo.cli import common
from hoodoo.journal import events, journal, rows
from hoodoo.runner import cancelling


@click.command('cancel')
@click.argument('run', type=int, required=False)
@click.option(
    '--timeout',
    'timeout_s',
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help='Seconds to wait.',
)
@click.option('--format', 'form', type=click.Choice(['text', 'json']), default='text', show_default=True)
def command(run: int | None, timeout_s: float, form: str) -> None:
    """End run number RUN, which another process is at, as Ctrl-C would, and wait until it has ended. Without
    a number it is the one that is running.

    Of a run whose process was killed, the programs that it left behind are stopped. "hoodoo resume" goes on
    with a cancelled run.

    \b
    Examples:
      hoodoo cancel
      hoodoo cancel 12
      hoodoo cancel 12 --timeout 5

    Exit codes: 0 the run has ended, now or before; 1 it is still there; 2 there is no such run.
    """
    settings = common.settings()
    settings.refuse_read_only('cancel a run')
    with common.opened_journal(settings) as opened:
        run = _running(opened) if run is None else run
        before, stopped = cancelling.cancel(opened, settings.root, run, timeout_s=timeout_s)
        now = opened.get(run).outcome
        phase = _phase(opened, run)
    if form == 'json':
        facts = {'run': run, 'before': before, 'outcome': now, 'phase': phase, 'programs_stopped': stopped}
        click.echo(json.dumps(facts))
    elif before == rows.RUNNING and now == cancelling.CANCELLED:
        click.echo(f'run {run} was stopped' + (f' in phase "{phase}"' if phase else ''))
    elif before == rows.INTERRUPTED:
        programs = wording.counted(stopped, 'program')
        click.echo(f'the process of run {run} had died; {programs} stopped that it left behind')
    else:
        click.echo(f'run {run} is not running: {now}', err=True)


def _running(opened: journal.Journal) -> int:
    """The one run that is running.

    Raises:
        UsageFault: none is, or several are.
    """
    numbers = [str(found.id) for found in opened.runs(only=rows.Filter(outcome=rows.RUNNING))]
    if not numbers:
        raise errors.UsageFault('cannot cancel a run: none is running')
    if len(numbers) > 1:
        raise errors.UsageFault(
            f'cannot tell which run is meant: {", ".join(numbers)} are running',
            hint=f'Name one: hoodoo cancel {numbers[0]}',
        )
    return int(numbers[0])


def _phase(opened: journal.Journal, run: int) -> str:
    """The phase that was begun last and not completed."""
    title = ''
    for record in opened.records(run):
        if isinstance(record.event, events.PhaseStarted):
            title = record.event.title
        elif isinstance(record.event, events.PhaseEnded) and record.event.outcome == rows.DONE:
            title = ''
    return title
