"""``hoodoo show``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from hoodoo.cli import common
from hoodoo.journal import events, plain

_FACTS = ('run', 'outcome', 'source', 'stage', 'line', 'model', 'started', 'seconds', 'changes', 'process')


@click.command('show')
@click.argument('run', type=int)
@click.option('--log', is_flag=True, help='Also every event and every line that programs printed.')
@click.option('--format', 'form', type=click.Choice(['table', 'json']), default='table', show_default=True)
def command(run: int, log: bool, form: str) -> None:
    """Show run number RUN: its phases with their times, why it failed, and how to go on.

    \b
    Examples:
      hoodoo show 12
      hoodoo show 12 --log
    """
    with common.opened_journal(common.settings()) as opened:
        row = common.run_row(opened.get(run))
        records = opened.records(run)
    phases = _phases(records)
    again = _again(row['outcome'], run, records)
    if form == 'json':
        whole: dict[str, Any] = {**row, 'phases': phases, 'again': again}
        if log:
            whole['log'] = [json.loads(events.encode(record)) for record in records]
        click.echo(json.dumps(whole))
        return
    for key in _FACTS:
        if key not in ('line', 'process') or row[key]:
            click.echo(f'{key + ":":<9} {"" if row[key] is None else row[key]}'.rstrip())
    click.echo()
    columns = ('number', 'phase', 'outcome', 'seconds', 'summary')
    common.show(phases, 'table', columns, empty='No phase was reached.')
    if row['error']:
        click.echo(f'\n{row["error"]}')
    if again:
        click.echo('\nto go on:')
        click.echo('\n'.join(f'  {command}' for command in again))
    if log:
        click.echo()
        writer = plain.Plain()
        for record in records:
            for line in writer.lines(record):
                click.echo(line)


def _again(outcome: str, run: int, records: Sequence[events.Record]) -> list[str]:
    """How to go on with the run; one whose process was killed could not say."""
    if outcome == 'interrupted':
        return [f'hoodoo resume {run}']
    last = next((r.event for r in reversed(records) if isinstance(r.event, events.RunEnded)), None)
    return list(last.again) if last and outcome != 'running' else []


def _phases(records: Sequence[events.Record]) -> list[dict[str, Any]]:
    """Each phase of the run; those not reached too."""
    titles: tuple[str, ...] = ()
    found: dict[int, dict[str, Any]] = {}
    for record in records:
        event = record.event
        if isinstance(event, events.RunStarted):
            titles = event.phases
        elif isinstance(event, events.PhaseStarted):
            found[event.phase] = {'outcome': 'started', 'seconds': None, 'summary': ''}
        elif isinstance(event, events.PhaseEnded):
            found[event.phase] = {
                'outcome': event.outcome,
                'seconds': round(event.seconds, 1),
                'summary': event.summary,
            }
    missing: dict[str, Any] = {'outcome': 'not reached', 'seconds': None, 'summary': ''}
    return [
        {'number': index + 1, 'phase': title, **found.get(index, missing)}
        for index, title in enumerate(titles)
    ]
