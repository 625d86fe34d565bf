"""``hoodoo project-destroy``."""

from __future__ import annotations

from collections.abc import Iterator

import click

from bedrock import errors
from hoodoo import wording
from hoodoo.cli import asking, common
from hoodoo.projects import layout, removal


@click.command('project-destroy')
@click.argument('name', default='')
@click.option('-s', '--series', default='', help='Only of this series; default $MOJO_SERIES, else of all.')
@asking.no_prompt_option
def command(name: str, series: str, no_prompt: bool) -> None:
    """Remove project NAME (default $MOJO_PROJECT): its workspaces and its container.

    Nothing is removed while a run is in one of its workspaces. What LOCAL holds, the journal and all Juju
    models stay.

    \b
    Examples:
      hoodoo project-destroy archive-mirror
      hoodoo project-destroy archive-mirror --series noble --no-prompt
    """
    settings = common.settings()
    name = layout.check_name('project', name or settings.project)
    series = series or settings.series
    every = list(layout.projects(settings.root))
    named = [project for project in every if project.name == name]
    chosen = [project for project in named if series in ('', project.series)]
    if not chosen:
        of = f' of series {series}' if named else ''
        others = [project.series for project in named]
        hint = (
            f'It is there for {", ".join(others)}.'
            if others
            else wording.guess(name, {p.name for p in every})
        )
        raise errors.UsageFault(f'there is no project "{name}"{of} in {settings.root}', hint=hint)
    asking.confirm(_said(chosen), no_prompt=no_prompt)
    for project in chosen:
        removal.project(project)
        click.echo(f'removed {project.path}')


def _said(chosen: list[layout.Project]) -> Iterator[str]:
    for project in chosen:
        yield f'project {project.name}, series {project.series}, at {project.path}:'
        spaces = [space.name for space in layout.workspaces(project)]
        count = wording.counted(len(spaces), 'workspace')
        yield f'  {count}: {", ".join(spaces)}' if spaces else '  no workspace'
        if project.container_root.is_dir():
            yield f"  its container's root, {project.container_root}"
        elsewhere = _container_elsewhere(project)
        if elsewhere:
            yield f'  not its container at {elsewhere}, which lies outside of it and stays'
    yield f'What is in {chosen[0].root / layout.LOCAL}, the journal and Juju models stay.'


def _container_elsewhere(project: layout.Project) -> str:
    """Where the project's file, which may be written by hand, has its container, if not below the project."""
    try:
        root = str(project.facts()['container_root'])
    except errors.UsageFault:
        return ''  # what cannot be read must not keep anybody from removing it
    return '' if (project.root / root).is_relative_to(project.path) else root
