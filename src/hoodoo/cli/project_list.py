"""``hoodoo project-list``."""

from __future__ import annotations

import click

from hoodoo.cli import common
from hoodoo.spec import layout


@click.command('project-list')
@common.format_option
def command(form: str) -> None:
    """List the projects.

    \b
    Example:
      hoodoo project-list --format json
    """
    rows = [
        {'project': project.name, 'series': project.series, 'path': str(project.path)}
        for project in layout.projects(common.settings().root)
    ]
    common.show(rows, form, ('project', 'series', 'path'), empty='There are no projects yet.')
