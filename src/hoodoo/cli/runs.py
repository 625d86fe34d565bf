"""``hoodoo runs``."""

from __future__ import annotations

import click

from hoodoo.cli import common

_COLUMNS = ('run', 'outcome', 'spec', 'stage', 'started', 'seconds', 'changes', 'model')


@click.command('runs')
@click.option(
    '-n',
    '--limit',
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help='How many, newest first.',
)
@common.format_option
def command(limit: int, form: str) -> None:
    """List the runs that were made, newest first.

    \b
    Examples:
      hoodoo runs
      hoodoo runs --limit 5 --format json
    """
    with common.opened_journal(common.settings()) as opened:
        rows = [common.run_row(run) for run in opened.runs(limit=limit)]
    common.show(rows, form, _COLUMNS, empty='There are no runs yet.')
