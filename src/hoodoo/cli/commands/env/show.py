"""``hoodoo env show``."""

from __future__ import annotations

import json
from typing import Any

import click

from bedrock import yamltext
from hoodoo.cli import common
from hoodoo.inventory import index, reading, selecting, showing
from hoodoo.inventory.state import State


@click.command('show')
@click.argument('name')
@common.format_option
def command(name: str, form: str) -> None:
    """Show all that the inventory says of environment NAME, where it says so, and what was last seen of it.

    NAME may be shorter than the whole name where it can mean one environment only.

    \b
    Examples:
      hoodoo env show archive-mirror/azure/japaneast/production
      hoodoo env show archive-mirror/azure/japaneast/production --format json
    """
    settings = common.settings()
    inventory = reading.read(settings.inventory)
    environment = selecting.the_one(inventory.environments(), name)
    entry = next(one for one in inventory.entries if one.environment is environment)
    with index.opened(settings.state / 'index.db', settings.inventory) as (opened, _):
        state = opened.state(environment.name)
    said = list(showing.origins(entry, settings.inventory))
    row: dict[str, Any] = showing.row(environment, state)
    row['origins'] = {one.key: one.where for one in said}
    if form == 'json':
        click.echo(json.dumps(row))
    elif form == 'yaml':
        click.echo(yamltext.dump(row), nl=False)
    else:
        _table(said, state)


def _table(said: list[showing.Said], state: State) -> None:
    told = [one for one in said if one.value]
    width = max(len(one.key) for one in told)
    widest = max(len(one.value) for one in told)
    for one in told:
        click.echo(f'{one.key.ljust(width)}  {one.value.ljust(min(widest, 60))}  {one.where}')
    click.echo()
    seen = common.moment(state.seen_ms) if state.seen_ms is not None else 'never'
    lines = {
        'health': ': '.join(filter(None, (state.health.value, state.why))),
        'seen': seen,
        'drift': '' if state.drift is None else str(state.drift),
        'last run': f'{state.run} {state.run_outcome}'.strip() if state.run else '',
        'deployed': state.revision,
    }
    for key, value in lines.items():
        if value:
            click.echo(f'{key.ljust(width)}  {value}')
