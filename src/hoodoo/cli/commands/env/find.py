"""``hoodoo env find``."""

from __future__ import annotations

from typing import Any

import click

from bedrock import errors
from hoodoo.cli import common, envs
from hoodoo.inventory.environment import Environment
from hoodoo.inventory.state import State

_COLUMNS = ('name', 'controller', 'model', 'revision', 'health', 'drift')


@click.command('find')
@click.argument('words', nargs=-1, required=True)
@click.option(
    '-n',
    '--limit',
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help='How many, the likeliest first.',
)
@common.format_option
def command(words: tuple[str, ...], limit: int, form: str) -> None:
    """Find environments by words for them, in any order and as people say them.

    Clouds, regions and stages have their usual names, too: "gcp", "tokyo", "prod". A slip of the hand does no
    harm, but numbers must be right.

    \b
    Examples:
      hoodoo env find archive mirror azure japan east
      hoodoo env find mirror tokyo prod
      hoodoo env find archive-mirror ap-northeast-1 --format json
    """
    text = ' '.join(words)
    with envs.opened_index() as index:
        found = [(hit, index.state(hit.environment.name)) for hit in index.find(text, limit)]
        guesses = () if found else index.guesses(text)
        empty = not found and not index.names(1)
    if form != 'table':
        from hoodoo.inventory import showing  # with YAML

        whole = [{**showing.row(hit.environment, state), 'score': hit.score} for hit, state in found]
        common.show(whole, form, (), empty='')
    elif found:
        common.show([_row(hit.environment, state) for hit, state in found], form, _COLUMNS, empty='')
    if empty:
        raise errors.Fault(
            f'cannot find "{text}": the inventory is empty', hint='"hoodoo env add" adds an environment.'
        )
    if not found:
        tried = ', '.join(f'"{guess}"' for guess in guesses)
        hint = f'There are environments for {tried}.' if tried else '"hoodoo env list" lists all.'
        raise errors.Fault(f'cannot find an environment for "{text}"', hint=hint)


def _row(environment: Environment, state: State) -> dict[str, Any]:
    """What the table shows, as that of ``hoodoo env list`` does."""
    return {
        'name': environment.name,
        'controller': environment.controller,
        'model': environment.model,
        'revision': environment.revision,
        'health': state.health.value,
        'drift': state.drift,
    }
