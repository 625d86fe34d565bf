"""``hoodoo project-list``."""

from __future__ import annotations

import click

from bedrock import errors
from hoodoo.cli import common
from hoodoo.projects import layout


@click.command('project-list')
@common.format_option
def command(form: str) -> None:
    """List the projects.

    \b
    Example:
      hoodoo project-list --format json
    """
    rows = [
        {
            'project': project.name,
            'series': project.series,
            'container': _class(project),
            'workspaces': len(list(layout.workspaces(project))),
            'path': str(project.path),
        }
        for project in layout.projects(common.settings().root)
    ]
    columns = ('project', 'series', 'container', 'workspaces', 'path')
    common.show(rows, form, columns, empty='There are no projects yet.')


def _class(project: layout.Project) -> str | None:
    """Its container class; None, with a warning, where its file does not say."""
    try:
        return project.container_class()
    except errors.UsageFault as err:
        click.echo(f'warning: {err.message}', err=True)
        return None
