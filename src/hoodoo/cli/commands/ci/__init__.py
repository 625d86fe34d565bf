"""``hoodoo ci``: one file a command."""

from __future__ import annotations

import click

from hoodoo.cli import lazy

_COMMANDS: dict[str, tuple[str, str]] = {}


@click.group('ci', cls=lazy.LazyGroup, commands_at=_COMMANDS)
def command() -> None:
    """Deploy a revision of a spec into a model of its own and report."""
