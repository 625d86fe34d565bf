"""``hoodoo resume``."""

from __future__ import annotations

import click

from bedrock import errors
from hoodoo.cli import common, rendering
from hoodoo.journal import rows
from hoodoo.runner import resuming, run

_RECENT = 1000


@click.command('resume')
@click.argument('number', metavar='[RUN]', type=int, required=False)
@click.option('--stage', default='', help='The last unfinished run of this stage; default $MOJO_STAGE.')
@click.option('--project', default='', help='... of this project; default $MOJO_PROJECT.')
@click.option('--workspace', default='', help='... of this workspace; default $MOJO_WORKSPACE.')
@click.option('--repeat', 'how', flag_value='repeat', help='Do the phase again that was begun.')
@click.option('--skip', 'how', flag_value='skip', help='Take the phase that was begun for done.')
@click.option('--format', 'form', type=click.Choice(['text', 'json']), default='text', show_default=True)
def command(number: int | None, stage: str, project: str, workspace: str, how: str | None, form: str) -> None:
    """Go on with run RUN from the first phase that it did not complete.

    RUN defaults to the last unfinished one. The run keeps its number, its options and its copy of the spec;
    secrets are copied again, and variables are those of now. Programs that a killed run left behind are
    stopped first. A phase that may not be begun again by itself needs --repeat or --skip.

    \b
    Examples:
      hoodoo resume
      hoodoo resume 12
      hoodoo resume 12 --skip

    Exit codes: those of run; 0 also when the run is done already.
    """
    settings = common.settings()
    with common.opened_journal(settings) as opened:
        if number is None:
            only = rows.Filter(
                stage=(stage or settings.stage).strip('/'),
                project=project or settings.project,
                workspace=workspace or settings.workspace,
            )
            recent = opened.runs(limit=_RECENT, only=only)
            found = resuming.unfinished(each for each in recent if not resuming.refused(opened, each))
            if found is None:
                raise errors.UsageFault(
                    'cannot find a run to go on with: none is unfinished',
                    hint='"hoodoo runs" lists the runs.',
                )
            number = found.id
        runner = run.Runner(settings=settings, journal=opened, connect=run.connect_juju(settings))
        with rendering.rendered(opened, form=form, logfile=settings.logfile):
            went_on = runner.resume(number, resuming.How(how or 'ask'))
        if not went_on:
            click.echo(f'run {number} is done: there is nothing to go on with', err=True)
