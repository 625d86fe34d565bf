"""``hoodoo ci run``."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import sqlite3
from pathlib import Path

import click

from bedrock import errors
from hoodoo import settings as settings_module
from hoodoo.ci import asking, attempts, places, removing, run, tidying
from hoodoo.ci.reports import github as workflow
from hoodoo.ci.reports import markdown, report
from hoodoo.cli import common, options, rendering

_HOUR_S = 3600.0


@click.command('run')
@click.argument('spec', metavar='SPEC[@REV]')
@click.option('--path', 'below', default='', metavar='DIR', help='Where in its repository the spec is.')
@click.option('--stage', default='', help='Default "ci".')
@options.project
@options.series
@options.manifest
@click.option('--controller', default='', help="Default $JUJU_CONTROLLER, else the client's current one.")
@options.cloud
@click.option(
    '--reports',
    type=click.Path(file_okay=False, path_type=Path),
    metavar='DIR',
    help='Where the reports go, in place of earlier ones; default a folder for each attempt.',
)
@click.option(
    '--timeout',
    'timeout_s',
    type=click.FloatRange(min=0),
    default=_HOUR_S,
    show_default=True,
    help='Seconds for all but the destruction of the model; 0 for no bound.',
)
@click.option(
    '--destroy-timeout',
    'graceful_s',
    type=click.FloatRange(min=0),
    default=removing.GRACEFUL_S,
    show_default=True,
    help='Seconds after which the model is destroyed by force.',
)
@click.option('--keep-on-failure', is_flag=True, help='Leave the model of a failed attempt.')
@click.option(
    '--keep-for',
    'keep_h',
    type=click.FloatRange(min=0),
    default=24.0,
    show_default=True,
    help='Hours until such a model expires.',
)
@click.option(
    '--keep-reports',
    'keep',
    default='',
    metavar='COUNT,AGE|all',
    help='How many attempts made by hand are kept with their reports, and for how long; default '
    '$HOODOO_CI_KEEP, else 100,90d.',
)
@click.option(
    '--github/--no-github',
    default=None,
    help='Annotate files of a pull request; default: when $GITHUB_ACTIONS says so.',
)
@click.option('--format', 'form', type=click.Choice(['text', 'json']), default='text', show_default=True)
@click.pass_context
def command(
    ctx: click.Context,
    spec: str,
    below: str,
    stage: str,
    project: str,
    series: str,
    manifest: str,
    controller: str,
    cloud: str,
    reports: Path | None,
    timeout_s: float,
    graceful_s: float,
    keep_on_failure: bool,
    keep_h: float,
    keep: str,
    github: bool | None,
    form: str,
) -> None:
    """Check SPEC, run it in a new model, run it again to see that nothing changes, and destroy the model.

    SPEC is what "hoodoo run" takes; "@REV" names a commit, tag or branch of its repository. Without it a
    directory is tried as it is, changed files included.

    DIR of --reports gets junit.xml, summary.md and, of a failure, what explains it. Ctrl-C destroys the
    model too; once more gives that up. "hoodoo ci reap" removes what a killed attempt left.

    Of earlier attempts made by hand what is more than --keep-reports says goes at the end, but for those that
    run, may have left a model, or whose model is kept. A DIR of --reports stays as it is.

    \b
    Examples:
      hoodoo ci run specs/archive-mirror
      hoodoo ci run specs/archive-mirror@HEAD~1 --reports build/ci
      hoodoo ci run git+https://git.example.com/specs@v12 --path mirror --keep-on-failure --timeout 1800

    Exit codes: 0 passed; 1 failed; 2 wrong usage, or the check found errors and nothing was made; 3 the
    repository or the controller does not answer, that adds no model, or goes away in the middle; 130
    interrupted.
    """
    settings = common.settings()
    settings.refuse_connected('try a revision')
    kept = tidying.parse(keep or settings_module.kept_attempts(settings.environ))
    asked = asking.Asked(
        spec=spec,
        below=below,
        stage=stage,
        project=project,
        series=series,
        manifest=manifest,
        controller=controller,
        cloud=cloud,
        reports=reports,
        timeout_s=timeout_s,
        bounds=removing.Bounds(graceful_s=graceful_s),
        keep_on_failure=keep_on_failure,
        keep_s=keep_h * _HOUR_S,
    )
    with contextlib.closing(attempts.Attempts(settings.state / 'ci.db')) as opened:
        means = run.Means(
            settings=settings,
            attempts=opened,
            shown=functools.partial(rendering.rendered, form=form, logfile=settings.logfile, lasting=False),
            told=lambda text: click.echo(text, err=form == 'json'),
        )
        done = run.run(asked, means)
        if reports is None or reports.absolute().parent != places.watched(settings.state):
            _tidy(opened, settings.state, kept)
    environ = settings.environ
    if github or (github is None and environ.get('GITHUB_ACTIONS') == 'true'):
        for line in workflow.github(done):
            click.echo(line, err=form == 'json')
        _add_to_page(environ.get('GITHUB_STEP_SUMMARY', ''), done)
    _show(done, form)
    ctx.exit(done.exit_code)


def _tidy(opened: attempts.Attempts, state: Path, keep: tidying.Keep) -> None:
    """Remove old attempts; that this does not work fails nothing."""
    try:
        tidying.sweep(opened, state, keep, now_ms=run.now_ms())
    except (errors.Fault, OSError, sqlite3.Error) as err:
        click.echo(f'Old attempts could not be removed: {err}', err=True)


def _show(done: report.Report, form: str) -> None:
    if form == 'json':
        click.echo(json.dumps(dataclasses.asdict(done), default=lambda value: value.value))
        return
    for finding in done.findings:
        place = f'{finding.place.file}:{finding.place.line}: ' if finding.place else ''
        click.echo(f'{place}{finding.severity}: {finding.message}', err=True)
    # What the check found is said already.
    failed = [case for case in done.cases if case.outcome.bad]
    for case in failed if not done.findings else [case for case in failed if case.name != 'check']:
        click.echo(f'{case.suite}, {case.name}: {case.detail or case.message}', err=True)
    for seen in done.proof:
        click.echo(f'  {"gone" if seen.gone else "STILL THERE"}: {seen.what}')
    for note in done.notes:
        click.echo(note)
    click.echo(f'reports: {done.folder}')
    revision = f'@{done.revision}' if done.revision else ''
    why = f': {done.why}' if done.why else ''
    click.echo(f'attempt {done.number} {done.verdict} in {done.seconds:.1f} s: {done.spec}{revision}{why}')


def _add_to_page(name: str, done: report.Report) -> None:
    """Add the summary to the page of the build."""
    if name:
        try:
            with Path(name).open('a') as page:
                page.write(markdown.markdown(done))
        except OSError as err:
            raise errors.Fault(f'cannot write {name} (GITHUB_STEP_SUMMARY): {err.strerror}') from None
