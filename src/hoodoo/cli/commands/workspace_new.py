"""``hoodoo workspace-new``."""

from __future__ import annotations

import click

from hoodoo.cli import common, options
from hoodoo.review import request
from hoodoo.spec import sources


@click.command('workspace-new')
@click.argument('spec', default='')
@click.argument('workspace', default='')
@options.project
@options.series
@click.option('--stage', default='', help='Default $MOJO_STAGE.')
def command(spec: str, workspace: str, project: str, series: str, stage: str) -> None:
    """Make WORKSPACE and bring SPEC into it; "run" does so by itself.

    SPEC is a directory, or the address of a repository: git+https://host/path or git@host:path, with
    ";branch=NAME" or ";revno=REVISION" after it where it should not be the newest.

    \b
    Examples:
      hoodoo workspace-new specs/archive-mirror ci --stage ci
      hoodoo workspace-new "git+https://host/specs;branch=next" ci --stage ci
    """
    given = request.Given(spec=spec, workspace=workspace, project=project, series=series, stage=stage)
    asked = request.complete(given, common.settings())
    with asked.workspace.held():
        asked.workspace.ensure(spec=asked.origin.url, stage=asked.stage)
        sources.refresh(asked.origin, asked.workspace.spec)
    click.echo(asked.workspace.path)
