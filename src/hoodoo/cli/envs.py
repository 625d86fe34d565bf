"""What the commands that look environments up share: the index, and how an environment is shown."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import click

from bedrock import errors
from hoodoo.cli import common
from hoodoo.inventory.environment import Environment
from hoodoo.inventory.state import State

if TYPE_CHECKING:
    from hoodoo.inventory import index


@contextlib.contextmanager
def opened_index() -> Generator[index.Index]:
    """The index, as the inventory's files are now.

    Where they have problems it is as they were before, with a warning: somebody else's slip must not keep one
    from an environment.
    """
    from hoodoo.inventory import index  # with the database: help does without it

    settings = common.settings()
    at = settings.state / 'index.db'
    with index.opened(at, settings.inventory, lenient=True) as (opened, inventory):
        if inventory.problems is not None:
            click.echo(f'WARNING {errors.render(inventory.problems).removeprefix("ERROR ")}', err=True)
            click.echo('  The inventory is shown as it was before.', err=True)
        yield opened


def row(environment: Environment, state: State) -> dict[str, Any]:
    """An environment and what was seen of it, as `common.show` takes it."""
    return {
        'environment': environment.name,
        'service': environment.service,
        'cloud': environment.cloud,
        'region': environment.region,
        'stage': environment.stage,
        'production': environment.production,
        'controller': environment.controller,
        'model': environment.model,
        'spec': environment.spec,
        'revision': environment.revision,
        'labels': dict(environment.labels),
        'owners': list(environment.owners),
        'runbook': environment.runbook,
        'dns': list(environment.dns),
        'health': state.health.value,
        'why': state.why,
        'seen': common.moment(state.seen_ms) if state.seen_ms is not None else None,
        'drift': state.drift,
        'run': state.run or None,
        'outcome': state.run_outcome or None,
        'deployed': state.revision or None,
    }
