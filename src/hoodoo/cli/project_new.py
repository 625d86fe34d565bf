"""``hoodoo project-new``."""

from __future__ import annotations

import click

from bedrock import errors
from hoodoo import settings as settings_module
from hoodoo.cli import common
from hoodoo.spec import layout


@click.command('project-new')
@click.argument('name', default='')
@click.option('-s', '--series', default='', help='Default $MOJO_SERIES, else noble.')
@click.option(
    '-c',
    '--container',
    type=click.Choice(['containerless']),
    default='containerless',
    help='Only containerless is known.',
)
def command(name: str, series: str, container: str) -> None:
    """Make project NAME (default $MOJO_PROJECT); "run" does so by itself where there is none.

    \b
    Example:
      hoodoo project-new archive-mirror --series noble
    """
    settings = common.settings()
    project = layout.Project(
        root=settings.root,
        name=layout.check_name('project', name or settings.project),
        series=layout.check_name('series', series or settings.series or settings_module.DEFAULT_SERIES),
    )
    if project.exists():
        raise errors.UsageFault(f'cannot make project "{project.name}": it is there, at {project.path}')
    project.ensure()
    click.echo(project.path)
