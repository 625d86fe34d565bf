"""``hoodoo env rm``."""

from __future__ import annotations

import click

from hoodoo.cli import changing, common
from hoodoo.inventory import reading, selecting, writing


@click.command('rm')
@click.argument('name')
@changing.dry_run_option
def command(name: str, dry_run: bool) -> None:
    """Take environment NAME out of the inventory; its model is not touched.

    Of a matrix it is excluded. The rest of the file stays as it is, comments too.

    \b
    Examples:
      hoodoo env rm archive-mirror/azure/japanwest/staging --dry-run
      hoodoo env rm archive-mirror/azure/japanwest/staging
    """
    folder = common.settings().inventory
    name = selecting.the_one(reading.load(folder), name).name
    changing.carry_out(writing.removed(folder, name), folder, dry_run=dry_run)
