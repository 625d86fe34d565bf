"""``hoodoo workspace-list``."""

from __future__ import annotations

import click

from hoodoo.cli import common
from hoodoo.projects import layout


@click.command('workspace-list')
@click.option('--project', default='', help='Only of this project.')
@common.format_option
def command(project: str, form: str) -> None:
    """List the workspaces.

    \b
    Example:
      hoodoo workspace-list --project archive-mirror
    """
    rows = [
        {
            'project': space.project.name,
            'series': space.project.series,
            'workspace': space.name,
            **_facts(space),
            'path': str(space.path),
        }
        for found in layout.projects(common.settings().root)
        if not project or found.name == project
        for space in layout.workspaces(found)
    ]
    columns = ('project', 'series', 'workspace', 'stage', 'path')
    common.show(rows, form, columns, empty='There are no workspaces yet.')


def _facts(space: layout.Workspace) -> dict[str, str | None]:
    """The spec and the stage that it was last used with, where that is known."""
    try:
        return {**space.facts()}
    except (OSError, ValueError, KeyError):
        return {'spec': None, 'stage': None}
