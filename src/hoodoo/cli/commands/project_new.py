"""``hoodoo project-new``."""

from __future__ import annotations

import click

from bedrock import errors
from hoodoo import settings as settings_module
from hoodoo.cli import common
from hoodoo.projects import layout


@click.command('project-new')
@click.argument('name', default='')
@click.option('-s', '--series', default='', help='Any word; default $MOJO_SERIES, else noble.')
@click.option(
    '-c',
    '--container',
    type=click.Choice(layout.CONTAINER_CLASSES),
    help='Where build and script phases run; lxc and lxd mean nspawn.  Default $MOJO_CONTAINER_CLASS, '
    'else containerless.',
)
def command(name: str, series: str, container: str | None) -> None:
    """Make project NAME (default $MOJO_PROJECT); "run" does so by itself where there is none.

    \b
    Examples:
      hoodoo project-new archive-mirror --series noble
      hoodoo project-new archive-mirror -c nspawn
    """
    settings = common.settings()
    project = layout.Project(
        root=settings.root,
        name=layout.check_name('project', name or settings.project),
        series=layout.check_name('series', series or settings.series or settings_module.DEFAULT_SERIES),
        asked_class=container or settings.container_class,
    )
    if project.exists():
        raise errors.UsageFault(f'cannot make project "{project.name}": it is there, at {project.path}')
    kind = project.container_class()
    project.ensure()
    if project.asked_class not in ('', kind):
        click.echo(f'note: container class {project.asked_class} means {kind} here', err=True)
    click.echo(project.path)
