"""``hoodoo env list``."""

from __future__ import annotations

from typing import Any

import click

from hoodoo.cli import common, envs
from hoodoo.inventory import selecting, showing

_COLUMNS = ('name', 'controller', 'model', 'revision', 'health', 'drift')


@click.command('list')
@click.argument('selector', nargs=-1)
@click.option('--columns', default='', metavar='A,B,...', help='Of the table; a label is a column, too.')
@common.format_option
def command(selector: tuple[str, ...], columns: str, form: str) -> None:
    """List the environments for which each SELECTOR holds; without one, all.

    A selector is a name, its beginning up to a slash, a pattern such as "*/production"; KEY=VALUE or
    KEY!=VALUE; or !NAME. Keys are name, service, cloud, region, stage, controller, model, owner, production
    and those of labels; values may be patterns, and several with commas between.

    What was last seen of them is shown; nothing is asked of controllers.

    \b
    Examples:
      hoodoo env list
      hoodoo env list archive-mirror stage=production 'region=japan*'
      hoodoo env list cloud=aws,azure tier!=front --columns name,dns,tier
      hoodoo env list production=true --format json
    """
    with envs.opened_index() as opened:
        environments, states = opened.environments(), opened.states()
    found = selecting.select(environments, selector)
    chosen = [column.strip() for column in columns.split(',') if column.strip()] or list(_COLUMNS)
    rows: list[dict[str, Any]] = [showing.row(one, states.get(one.name)) for one in found]
    if form == 'table':
        showing.check_columns(chosen, environments)
        rows = [{column: showing.cell(row, column) for column in chosen} for row in rows]
    empty = 'There are no such environments.' if selector else 'There are no environments yet.'
    common.show(rows, form, chosen, empty=empty)
