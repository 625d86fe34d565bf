"""``hoodoo env``: one file a command; by itself it lets one pick an environment."""

from __future__ import annotations

import click

from hoodoo.cli import lazy

_COMMANDS: dict[str, tuple[str, str]] = {
    'find': ('hoodoo.cli.commands.env.find', 'Find environments by words for them.'),
    'pick': ('hoodoo.cli.commands.env.pick', 'Pick an environment from a list while you type.'),
}


@click.group('env', cls=lazy.LazyGroup, commands_at=_COMMANDS, invoke_without_command=True)
@click.option(
    '--inventory',
    default='',
    metavar='DIR',
    help='Folder of the inventory; default $HOODOO_INVENTORY, else ~/.config/hoodoo/inventory.',
)
@click.pass_context
def command(ctx: click.Context, inventory: str) -> None:
    """Find, connect to and look after environments. Without a command: pick one and connect to it."""
    ctx.meta['hoodoo.inventory'] = inventory
    if ctx.invoked_subcommand is None:
        from hoodoo.cli.commands.env import pick  # the others do without a terminal

        ctx.invoke(pick.command)
