"""``hoodoo show``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from hoodoo.cli import common
from hoodoo.journal import events, plain


@click.command('show')
@click.argument('run', type=int)
@click.option('--log', is_flag=True, help='Also every event and every line that programs printed.')
@click.option('--format', 'form', type=click.Choice(['table', 'json']), default='table', show_default=True)
def command(run: int, log: bool, form: str) -> None:
    """Show run number RUN: its phases with their times, and why it failed.

    \b
    Examples:
      hoodoo show 12
      hoodoo show 12 --log
    """
    with common.opened_journal(common.settings()) as opened:
        row = common.run_row(opened.get(run))
        records = opened.records(run)
    phases = _phases(records)
    if form == 'json':
        whole: dict[str, Any] = {**row, 'phases': phases}
        if log:
            whole['log'] = [json.loads(events.encode(record)) for record in records]
        click.echo(json.dumps(whole))
        return
    for key in ('run', 'outcome', 'source', 'stage', 'model', 'started', 'seconds', 'changes'):
        click.echo(f'{key + ":":<9} {"" if row[key] is None else row[key]}'.rstrip())
    click.echo()
    common.show(phases, 'table', ('phase', 'outcome', 'seconds', 'summary'), empty='No phase was reached.')
    if row['error']:
        click.echo(f'\n{row["error"]}')
    if log:
        click.echo()
        writer = plain.Plain()
        for record in records:
            for line in writer.lines(record):
                click.echo(line)


def _phases(records: Sequence[events.Record]) -> list[dict[str, Any]]:
    """Each phase of the run; those not reached too."""
    titles: tuple[str, ...] = ()
    rows: dict[int, dict[str, Any]] = {}
    for record in records:
        event = record.event
        if isinstance(event, events.RunStarted):
            titles = event.phases
        elif isinstance(event, events.PhaseStarted):
            rows[event.phase] = {'outcome': 'started', 'seconds': None, 'summary': ''}
        elif isinstance(event, events.PhaseEnded):
            rows[event.phase] = {
                'outcome': event.outcome,
                'seconds': round(event.seconds, 1),
                'summary': event.summary,
            }
    missing: dict[str, Any] = {'outcome': 'not reached', 'seconds': None, 'summary': ''}
    return [{'phase': title, **rows.get(index, missing)} for index, title in enumerate(titles)]
