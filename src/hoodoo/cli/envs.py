"""The index, as the commands need it that look environments up."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING

import click

from bedrock import errors
from hoodoo.cli import common

if TYPE_CHECKING:
    from hoodoo.inventory import index
    from hoodoo.settings import Settings


@contextlib.contextmanager
def opened_index(settings: Settings | None = None) -> Generator[index.Index]:
    """The index, as the inventory's files are now.

    Where they have problems it is as they were before, with a warning: somebody else's slip must not keep one
    from an environment.

    Args:
        settings: Default: those of the command line.
    """
    from hoodoo.inventory import index  # with the database: help does without it

    settings = settings or common.settings()
    at = settings.state / 'index.db'
    with index.opened(at, settings.inventory, lenient=True) as (opened, inventory):
        if inventory.problems is not None:
            click.echo(f'WARNING {errors.render(inventory.problems).removeprefix("ERROR ")}', err=True)
            click.echo('  The inventory is shown as it was before.', err=True)
        yield opened
