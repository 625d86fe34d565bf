"""``hoodoo env schema``."""

from __future__ import annotations

import click

from hoodoo.inventory import schema


@click.command('schema')
@click.option('--path', is_flag=True, help='Print where the file is instead.')
def command(path: bool) -> None:
    """Print the JSON Schema of files of an inventory, for editors that check while one types.

    \b
    Examples:
      hoodoo env schema > inventory.schema.json
      hoodoo env schema --path
    """
    click.echo(schema.FILE if path else schema.FILE.read_text(), nl=path)
