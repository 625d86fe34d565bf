"""``hoodoo run``."""

from __future__ import annotations

import dataclasses

import click

from hoodoo.cli import common, options, rendering
from hoodoo.review import request
from hoodoo.runner import run


@click.command('run')
@options.which_run
@options.cloud
@click.option('--check', 'only_check', is_flag=True, help='As "hoodoo check" of this manifest.')
@click.option('--format', 'form', type=click.Choice(['text', 'json']), default='text', show_default=True)
def command(
    spec: str,
    workspace: str,
    stage: str,
    project: str,
    series: str,
    manifest: str,
    model: str,
    cloud: str,
    only_check: bool,
    form: str,
) -> None:
    """Run SPEC: a directory, or a git repository as git+https://host/path.

    Every problem that can be known is found before the first change. A run may be repeated: what is
    there already stays as it is.

    \b
    Examples:
      hoodoo run specs/archive-mirror --stage ci
      hoodoo run specs/archive-mirror --stage ci --check
      hoodoo run specs/archive-mirror --stage production --model aws:mirror --format json
    """
    given = request.Given(
        spec=spec,
        workspace=workspace,
        project=project,
        series=series,
        stage=stage,
        manifest=manifest,
        model=model,
        cloud=cloud,
    )
    execute(given, only_check=only_check, form=form)


def execute(given: request.Given, *, only_check: bool, form: str) -> None:
    """Do the run, or only check it, and show what happens in *form*."""
    settings = common.settings()
    if only_check:
        # Before the journal is opened: a check writes nothing.
        from hoodoo.cli.commands import check
        from hoodoo.review import survey

        only = dataclasses.replace(given, manifest=given.manifest or survey.MAIN)
        check.run(click.get_current_context(), only, settings, form=form)
        return
    with common.opened_journal(settings) as opened:
        runner = run.Runner(settings=settings, journal=opened, connect=run.connect_juju(settings))
        asked = request.complete(given, settings)
        with rendering.rendered(opened, form=form, logfile=settings.logfile):
            runner.run(asked)
