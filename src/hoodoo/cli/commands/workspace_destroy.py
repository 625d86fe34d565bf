"""``hoodoo workspace-destroy``."""

from __future__ import annotations

import click

from bedrock import errors
from hoodoo import wording
from hoodoo.cli import asking, common
from hoodoo.projects import layout, removal


@click.command('workspace-destroy')
@click.argument('workspace', default='')
@click.option('--project', default='', help='Default $MOJO_PROJECT, else the only one that has WORKSPACE.')
@click.option('-s', '--series', default='', help='Default $MOJO_SERIES, else the only one that has it.')
@asking.no_prompt_option
def command(workspace: str, project: str, series: str, no_prompt: bool) -> None:
    """Remove WORKSPACE (default $MOJO_WORKSPACE): its copy of the spec, what was collected and built, its
    copies of secrets.

    Nothing is removed while a run is in it. What LOCAL holds, the journal and all Juju models stay.

    \b
    Examples:
      hoodoo workspace-destroy ci --project archive-mirror
      hoodoo workspace-destroy ci --no-prompt
    """
    settings = common.settings()
    name = layout.check_name('workspace', workspace or settings.workspace)
    project, series = project or settings.project, series or settings.series
    every = [space for found in layout.projects(settings.root) for space in layout.workspaces(found)]
    chosen = [
        space
        for space in every
        if space.name == name and project in ('', space.project.name) and series in ('', space.project.series)
    ]
    if len(chosen) != 1:
        raise _not_one(name, chosen or [space for space in every if space.name == name], every, bool(chosen))
    (space,) = chosen
    lines = [
        f'workspace {space.name} of project {space.project.name}, series {space.project.series}:',
        f'  {space.path}',
        f'What is in {settings.root / layout.LOCAL}, the journal and Juju models stay.',
    ]
    asking.confirm(lines, no_prompt=no_prompt)
    removal.workspace(space)
    click.echo(f'removed {space.path}')


def _not_one(
    name: str, near: list[layout.Workspace], every: list[layout.Workspace], several: bool
) -> errors.UsageFault:
    places = ', '.join(f'--project {space.project.name} --series {space.project.series}' for space in near)
    if several:
        return errors.UsageFault(
            f'there are {len(near)} workspaces "{name}"', hint=f'Choose one with {places}.'
        )
    hint = f'It is there for {places}.' if near else wording.guess(name, {space.name for space in every})
    return errors.UsageFault(f'there is no such workspace "{name}"', hint=hint)
