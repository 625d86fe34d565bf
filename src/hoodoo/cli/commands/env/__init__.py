"""``hoodoo env``: one file a command."""

from __future__ import annotations

import click

from hoodoo.cli import lazy

_COMMANDS: dict[str, tuple[str, str]] = {
    'status': ('hoodoo.cli.commands.env.status', 'Look at many environments at once.'),
    'connect': ('hoodoo.cli.commands.env.connect', 'Open a shell that is connected to an environment.'),
    'exec': ('hoodoo.cli.commands.env.exec_', 'Run one command, connected to an environment.'),
}


@click.group('env', cls=lazy.LazyGroup, commands_at=_COMMANDS)
def command() -> None:
    """Find, connect to and look after environments."""
