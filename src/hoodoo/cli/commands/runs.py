"""``hoodoo runs``."""

from __future__ import annotations

import click

from hoodoo.cli import common, options
from hoodoo.journal import rows

_COLUMNS = ('run', 'outcome', 'spec', 'stage', 'started', 'seconds', 'changes', 'model')


@click.command('runs')
@options.limit
@click.option('--stage', default='', help='Only runs of this stage.')
@click.option('--project', default='', help='Only runs of this project.')
@click.option('--model', default='', metavar='[CONTROLLER:]MODEL', help='Only runs on this model.')
@click.option('--outcome', type=click.Choice(rows.OUTCOMES), help='Only runs that ended like this.')
@common.format_option
def command(limit: int, stage: str, project: str, model: str, outcome: str | None, form: str) -> None:
    """List the runs that were made, newest first.

    \b
    Examples:
      hoodoo runs
      hoodoo runs --outcome failed --stage production
      hoodoo runs --limit 5 --format json
    """
    only = rows.Filter(stage=stage, project=project, model=model, outcome=outcome or '')
    with common.opened_journal(common.settings()) as opened:
        found = [common.run_row(run) for run in opened.runs(limit=limit, only=only)]
    empty = 'There are no runs yet.' if only == rows.Filter() else 'There are no such runs.'
    common.show(found, form, _COLUMNS, empty=empty)
