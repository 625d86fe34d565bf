"""``hoodoo ci reap``."""

from __future__ import annotations

import contextlib
import dataclasses
import json

import click

from bedrock import errors
from hoodoo import wording
from hoodoo.ci import attempts, leftovers, run
from hoodoo.cli import common


@click.command('reap')
@click.argument('attempt', nargs=-1, type=click.IntRange(min=1))
@click.option('--dry-run', is_flag=True, help='Only say what would be removed.')
@click.option(
    '--all-expired',
    'strangers',
    is_flag=True,
    help='Also expired models that other hosts, containers and users made.',
)
@click.option(
    '--controller', default='', help='Look there for models too; default the one that a run would use.'
)
@click.option('--format', 'form', type=click.Choice(['text', 'json']), default='text', show_default=True)
def command(attempt: tuple[int, ...], dry_run: bool, strangers: bool, controller: str, form: str) -> None:
    """Remove the models that dead attempts left, and those that have expired.

    With the numbers of attempts, remove what these left and no more, a kept model too. A model is touched
    only if it was written down here before it was made, or carries the mark of CI. May be run by several
    at once, and by a timer.

    \b
    Examples:
      hoodoo ci reap
      hoodoo ci reap --dry-run
      hoodoo ci reap 12
      hoodoo ci reap --controller aws --all-expired

    Exit codes: 0 nothing is left; 1 something could not be removed.
    """
    settings = common.settings()
    with contextlib.closing(attempts.Attempts(settings.state / 'ci.db')) as opened:
        unknown = set(attempt) - opened.numbers()
        if unknown:
            numbers = ', '.join(map(str, sorted(unknown)))
            raise errors.UsageFault(
                f'cannot find attempt {numbers}', hint='"hoodoo ci list" lists the attempts.'
            )
        reaper = leftovers.Reaper(
            settings=settings,
            attempts=opened,
            told=lambda text: click.echo(text, err=True),
            now_ms=run.now_ms(),
        )
        found = reaper.reap(
            leftovers.Wanted(numbers=attempt, controller=controller, strangers=strangers, dry_run=dry_run)
        )
    if form == 'json':
        click.echo(json.dumps([dataclasses.asdict(each) for each in found]))
    else:
        _show(found, dry_run=dry_run)
    if any(each.problem for each in found):
        click.get_current_context().exit(1)


def _show(found: tuple[leftovers.Found, ...], *, dry_run: bool) -> None:
    for each in found:
        attempt = f' (attempt {each.attempt})' if each.attempt else ''
        if each.problem:
            click.echo(f'{each.model}{attempt}: NOT removed: {each.problem}')
        elif each.removed:
            click.echo(f'{each.model}{attempt}: removed, {each.standing}')
        else:
            stays = 'would be removed' if each.leftover and dry_run else 'stays'
            click.echo(f'{each.model}{attempt}: {stays}, {each.standing}')
    count = len([each for each in found if each.removed])
    left = len([each for each in found if each.problem])
    said = wording.counted(count, 'model') + ' removed' if count else 'nothing to remove' if not left else ''
    click.echo(', '.join(filter(None, (said, f'{left} left behind' if left else ''))), err=True)
