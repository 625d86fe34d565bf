"""``hoodoo ci reap``."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shlex

import click

from bedrock import errors
from hoodoo import wording
from hoodoo.ci import attempts, leftovers, removing, run
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
@click.option(
    '--destroy-timeout',
    'graceful_s',
    type=click.FloatRange(min=0),
    default=removing.GRACEFUL_S,
    show_default=True,
    help='Seconds after which a model is destroyed by force.',
)
@click.option(
    '--forget',
    default='',
    metavar='CONTROLLER',
    help='Look no more for what attempts left on a controller that the Juju client does not know.',
)
@click.option('--format', 'form', type=click.Choice(['text', 'json']), default='text', show_default=True)
def command(
    attempt: tuple[int, ...],
    dry_run: bool,
    strangers: bool,
    controller: str,
    graceful_s: float,
    forget: str,
    form: str,
) -> None:
    """Remove the models that dead attempts left, and those that have expired.

    With the numbers of attempts, remove what these left and no more, a kept model too. A model is touched
    only if it was written down here before it was made, or carries the mark of CI. May be run by several
    at once, and by a timer.

    Models on a controller that the Juju client does not know any more are told each time and fail nothing:
    register it again, or, if it is gone for good, say --forget CONTROLLER, which does no more than that.

    \b
    Examples:
      hoodoo ci reap
      hoodoo ci reap --dry-run
      hoodoo ci reap 12
      hoodoo ci reap --controller aws --all-expired
      hoodoo ci reap --forget aws

    Exit codes: 0 nothing is left that can be looked for; 1 something could not be removed, or a controller
    does not answer; 2 there is no such attempt or controller.
    """
    if forget and (attempt or controller or strangers):
        raise errors.UsageFault('cannot use --forget with attempts, --controller or --all-expired')
    settings = common.settings()
    settings.refuse_connected('remove models')
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
        wanted = leftovers.Wanted(
            numbers=attempt,
            controller=controller,
            strangers=strangers,
            dry_run=dry_run,
            bounds=removing.Bounds(graceful_s=graceful_s),
        )
        found = reaper.forget(forget, dry_run=dry_run) if forget else reaper.reap(wanted)
    if form == 'json':
        click.echo(json.dumps([dataclasses.asdict(each) for each in found]))
    elif forget:
        _show_forgotten(found, dry_run=dry_run)
    else:
        _show(found, dry_run=dry_run)
    if any(each.problem for each in found):
        click.get_current_context().exit(1)


def _show(found: tuple[leftovers.Found, ...], *, dry_run: bool) -> None:
    for each in found:
        if each.problem and ':' not in each.model:
            click.echo(f'controller {each.model}: NOT looked at: {each.problem}')
        elif each.problem:
            click.echo(f'{_named(each)}: NOT removed: {each.problem}')
        elif each.removed:
            click.echo(f'{_named(each)}: removed, {each.standing}')
        elif each.lost:
            click.echo(f'{_named(each)}: not looked for: {each.standing}')
        else:
            stays = 'would be removed' if each.leftover and dry_run else 'stays'
            click.echo(f'{_named(each)}: {stays}, {each.standing}')
    count = len([each for each in found if each.removed])
    left = len([each for each in found if each.problem and ':' in each.model])
    said = [f'{wording.counted(count, "model")} removed'] if count else []
    said += [f'{left} left behind'] if left else []
    if said or not any(each.problem or each.lost for each in found):
        click.echo(', '.join(said) or 'nothing to remove', err=True)
    for name in sorted({each.model.partition(':')[0] for each in found if each.lost}):
        click.echo(
            f'Controller "{name}" is not registered here: "juju login" or "juju register" makes it known; '
            f'if it is gone for good: hoodoo ci reap --forget {shlex.quote(name)}',
            err=True,
        )


def _show_forgotten(found: tuple[leftovers.Found, ...], *, dry_run: bool) -> None:
    for each in found:
        if each.problem:
            click.echo(f'{_named(each)}: NOT forgotten: {each.problem}')
        elif each.leftover:
            click.echo(f'{_named(each)}: {"would be forgotten" if dry_run else "forgotten"}')
        else:
            click.echo(f'{_named(each)}: stays, {each.standing}')
    if not found:
        click.echo('nothing to forget', err=True)


def _named(each: leftovers.Found) -> str:
    return f'{each.model} (attempt {each.attempt})' if each.attempt else each.model
