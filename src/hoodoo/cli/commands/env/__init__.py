"""``hoodoo env``: one file a command; by itself it lets one pick an environment."""

from __future__ import annotations

import click

from hoodoo.cli import lazy

_COMMANDS: dict[str, tuple[str, str]] = {
    'find': ('hoodoo.cli.commands.env.find', 'Find environments by words for them.'),
    'pick': ('hoodoo.cli.commands.env.pick', 'Pick an environment from a list while you type.'),
    'connect': ('hoodoo.cli.commands.env.connect', 'Open a shell that is connected to an environment.'),
    'exec': ('hoodoo.cli.commands.env.exec_', 'Run one command, connected to an environment.'),
    'status': ('hoodoo.cli.commands.env.status', 'Look at many environments at once.'),
    'refresh': ('hoodoo.cli.commands.env.refresh', 'Renew what is known of environments, slowly.'),
    'list': ('hoodoo.cli.commands.env.list_', 'List environments.'),
    'show': ('hoodoo.cli.commands.env.show', 'Show all that is said of an environment, and where.'),
    'check': ('hoodoo.cli.commands.env.check', 'Find every problem of the inventory.'),
    'add': ('hoodoo.cli.commands.env.add', 'Add an environment to the inventory.'),
    'adopt': ('hoodoo.cli.commands.env.adopt', 'Make an environment and a spec of a model that is there.'),
    'edit': ('hoodoo.cli.commands.env.edit', 'Change what the inventory says of an environment.'),
    'rm': ('hoodoo.cli.commands.env.rm', 'Take an environment out of the inventory.'),
    'schema': ('hoodoo.cli.commands.env.schema', 'Print the JSON Schema of files of an inventory.'),
}


@click.group('env', cls=lazy.LazyGroup, commands_at=_COMMANDS, invoke_without_command=True)
@click.option(
    '--inventory',
    default='',
    metavar='DIR',
    help='Which environments there are; default $HOODOO_INVENTORY, else ~/.config/hoodoo/inventory.',
)
@click.pass_context
def command(ctx: click.Context, inventory: str) -> None:
    """Find, connect to and look after environments.

    Which there are is said by an inventory, a folder of YAML in version control. Without a command, and on a
    terminal, it lets you pick one.

    \b
    Examples:
      hoodoo env
      hoodoo env find mirror tokyo prod
      hoodoo env list stage=production
      hoodoo env show archive-mirror/azure/japaneast/production
      hoodoo env --inventory ~/src/inventory check
    """
    if inventory:
        ctx.meta['hoodoo.inventory'] = inventory
    if ctx.invoked_subcommand is None:
        from hoodoo.cli.commands.env import pick  # the others do without a terminal

        pick.from_group(ctx)
