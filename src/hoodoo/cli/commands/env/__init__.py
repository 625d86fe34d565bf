"""``hoodoo env``: one file a command."""

from __future__ import annotations

import click

from hoodoo.cli import lazy

_COMMANDS: dict[str, tuple[str, str]] = {}


@click.group('env', cls=lazy.LazyGroup, commands_at=_COMMANDS)
def command() -> None:
    """Find, connect to and look after environments."""
