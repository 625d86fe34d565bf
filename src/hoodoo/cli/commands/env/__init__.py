"""``hoodoo env``: one file a command."""

from __future__ import annotations

import click

from hoodoo.cli import lazy

_COMMANDS: dict[str, tuple[str, str]] = {
    'list': ('hoodoo.cli.commands.env.list_', 'List environments.'),
    'show': ('hoodoo.cli.commands.env.show', 'Show all that is said of an environment, and where.'),
    'check': ('hoodoo.cli.commands.env.check', 'Find every problem of the inventory.'),
    'add': ('hoodoo.cli.commands.env.add', 'Add an environment to the inventory.'),
    'edit': ('hoodoo.cli.commands.env.edit', 'Change what the inventory says of an environment.'),
    'rm': ('hoodoo.cli.commands.env.rm', 'Take an environment out of the inventory.'),
    'schema': ('hoodoo.cli.commands.env.schema', 'Print the JSON Schema of files of an inventory.'),
    'connect': ('hoodoo.cli.commands.env.connect', 'Open a shell that is connected to an environment.'),
    'exec': ('hoodoo.cli.commands.env.exec_', 'Run one command, connected to an environment.'),
}


@click.group('env', cls=lazy.LazyGroup, commands_at=_COMMANDS)
@click.option(
    '--inventory',
    metavar='DIR',
    help='Which environments there are; default $HOODOO_INVENTORY, else ~/.config/hoodoo/inventory.',
)
@click.pass_context
def command(ctx: click.Context, inventory: str | None) -> None:
    """Find, connect to and look after environments.

    Which there are is said by an inventory, a folder of YAML in version control.

    \b
    Examples:
      hoodoo env list stage=production
      hoodoo env show archive-mirror/azure/japaneast/production
      hoodoo env --inventory ~/src/inventory check
    """
    if inventory:
        ctx.meta['hoodoo.inventory'] = inventory
