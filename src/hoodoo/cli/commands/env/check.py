"""``hoodoo env check``."""

from __future__ import annotations

import json
import shutil

import click

from bedrock import yamltext
from hoodoo import wording
from hoodoo.cli import common, findings_text
from hoodoo.inventory import checking, reading
from hoodoo.review import findings


@click.command('check')
@click.option('--strict', is_flag=True, help='Warnings count as errors.')
@click.option(
    '--format',
    'form',
    type=click.Choice(['text', 'json', 'yaml', 'github']),
    default='text',
    show_default=True,
)
@click.pass_context
def command(ctx: click.Context, strict: bool, form: str) -> None:
    """Find every problem of the inventory; ask no controller, write nothing.

    Exit code 0: nothing is wrong; 2: something is. Warnings do not count, unless --strict says so.

    \b
    Examples:
      hoodoo env check
      hoodoo env --inventory . check --strict --format github
    """
    inventory = reading.read(common.settings().inventory)
    found = checking.check(inventory)
    if form == 'json':
        click.echo(json.dumps([_row(finding) for finding in found]))
    elif form == 'yaml':
        click.echo(yamltext.dump([_row(finding) for finding in found]), nl=False)
    elif form == 'github':
        for line in findings_text.github(found):
            click.echo(line)
    else:
        columns = shutil.get_terminal_size((110, 24)).columns
        for line in findings_text.text(found, columns=columns):
            click.echo(line)
        click.echo(_summary(found, len(inventory.entries)))
    if findings.errors_of(found) or (strict and found):
        ctx.exit(2)


def _row(finding: findings.Finding) -> dict[str, object]:
    return {key: value for key, value in finding.row().items() if key != 'stages'}


def _summary(found: tuple[findings.Finding, ...], environments: int) -> str:
    wrong = len(findings.errors_of(found))
    counts = [wording.counted(wrong, 'error')] if wrong else []
    if len(found) > wrong:
        counts.append(wording.counted(len(found) - wrong, 'warning'))
    where = wording.counted(environments, 'environment')
    return f'{" and ".join(counts)} in {where}' if counts else f'no problem found in {where}'
