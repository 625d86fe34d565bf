"""``hoodoo check``."""

from __future__ import annotations

import json
import shutil
import sys

import click

from bedrock import yamltext
from hoodoo import settings as settings_module
from hoodoo.cli import common, findings_text, options
from hoodoo.review import findings, request, survey


@click.command('check')
@click.argument('spec', default='')
@options.stage
@click.option('--all-stages', is_flag=True, help='Check every stage of the spec.')
@options.project
@options.series
@click.option(
    '-m',
    'manifest',
    default='',
    metavar='NAME',
    help='Only this manifest; default "manifest" and "manifest-*".',
)
@click.option('--strict', is_flag=True, help='Warnings count as errors.')
@click.option(
    '--format',
    'form',
    type=click.Choice(['text', 'json', 'yaml', 'github']),
    default='text',
    show_default=True,
)
@click.pass_context
def command(
    ctx: click.Context,
    spec: str,
    stage: str,
    all_stages: bool,
    project: str,
    series: str,
    manifest: str,
    strict: bool,
    form: str,
) -> None:
    """Find every problem of SPEC; ask no controller, write nothing.

    Every run does the same before its first change. Exit code 0: nothing is wrong; 2: something is.
    Warnings do not count, unless --strict says so.

    \b
    Examples:
      hoodoo check specs/archive-mirror --stage ci
      hoodoo check specs/archive-mirror --all-stages --strict
      hoodoo check specs/archive-mirror --all-stages --format github
    """
    if stage and all_stages:
        raise click.UsageError('--stage and --all-stages exclude each other.')
    given = request.Given(spec=spec, stage=stage, project=project, series=series, manifest=manifest)
    run(ctx, given, common.settings(), all_stages=all_stages, strict=strict, form=form)


def run(
    ctx: click.Context,
    given: request.Given,
    settings: settings_module.Settings,
    *,
    all_stages: bool = False,
    strict: bool = False,
    form: str = 'text',
) -> None:
    """Check what *given* names, print what is found, and exit with 2 if something is wrong.

    Raises:
        UsageFault: there is no such spec, stage or manifest.
    """
    done = survey.check_all(given, settings, all_stages=all_stages)
    _show(done, form)
    if findings.errors_of(done.findings) or (strict and done.findings):
        ctx.exit(2)


def _show(done: survey.Survey, form: str) -> None:
    rows = [finding.row() for finding in done.findings]
    stages = len(done.stages)
    if form == 'json':
        click.echo(json.dumps(rows, indent=2 if sys.stdout.isatty() else None))
    elif form == 'yaml':
        click.echo(yamltext.dump(rows), nl=False)
    elif form == 'github':
        for line in findings_text.github(done.findings):
            click.echo(line)
    else:
        columns = shutil.get_terminal_size((110, 24)).columns
        for line in findings_text.text(done.findings, stages=stages, mask=done.mask, columns=columns):
            click.echo(line)
        click.echo(findings_text.summary(done.findings, manifests=done.manifests, stages=stages))
