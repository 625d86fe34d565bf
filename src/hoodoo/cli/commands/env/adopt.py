"""``hoodoo env adopt``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from bedrock import errors
from hoodoo.cli import common
from hoodoo.fleet import clientdir
from hoodoo.inventory import adopting, matrix, writing
from hoodoo.juju import connect

_STAGE = re.compile(r'(?P<service>.+)-(?P<stage>production|prod|staging|stage|ci|test|qa|demo|devel|dev)')
_SPECS = 'specs'


@click.command('adopt')
@click.argument('model', default='', metavar='[[CONTROLLER:]MODEL]')
@click.option('--as', 'name', default='', metavar='SERVICE/STAGE', help='Default: by the name of the model.')
@click.option(
    '--spec',
    type=click.Path(path_type=Path),
    help='The folder of the spec to make; default specs/SERVICE of the inventory.',
)
@click.option(
    '--charm',
    'charms',
    multiple=True,
    metavar='APPLICATION=PATH',
    help='Where a local charm is; default: fetch it from the controller.',
)
@click.option('--dry-run', is_flag=True, help='Check that it can be done and write nothing.')
@click.option('--format', 'form', type=click.Choice(['text', 'json']), default='text', show_default=True)
def command(
    model: str, name: str, spec: Path | None, charms: tuple[str, ...], dry_run: bool, form: str
) -> None:
    """Make an environment of MODEL, which is there: an entry of the inventory, and a spec.

    The first plan of the spec is empty; where that cannot be had, what differs is listed and nothing is
    written. The model is only looked at. Options that are secrets are not in the spec, but in a private file
    of this host, below MOJO_ROOT/LOCAL, where its runs find them. What else cannot be said is listed.

    \b
    Examples:
      hoodoo env adopt aws:blog-production
      hoodoo env adopt blog --as blog/staging --spec ~/src/specs/blog
      hoodoo env adopt mirror --charm haproxy=~/src/haproxy --dry-run
    """
    settings = common.settings()
    given = dict(_pair(word) for word in charms)
    juju = connect.open_existing(settings, wanted=model or settings.model, note=_told)
    try:
        controller, _, full = juju.model.partition(':')
        service, stage = _names(name, full)
        cloud, region = juju.home()
        said: dict[str, Any] = {
            'service': service,
            'cloud': cloud,
            **({'region': region} if region else {}),
            'stage': stage,
            'controller': controller,
            'model': full,
        }
        folder = settings.inventory
        target = (spec.expanduser() if spec else folder / _SPECS / service).absolute()
        said['spec'] = str(target.relative_to(folder) if target.is_relative_to(folder) else target)
        # The entry is checked before anything is fetched.
        change = writing.added(folder, said)
        # Those of the commands that name an environment, and of those that name the spec.
        projects = (clientdir.environment_name(service), settings.project or target.name)
        wish = adopting.Wish(target=target, stage=stage, charms=given, projects=projects)
        with common.opened_journal(settings) as notes:
            made = adopting.adopt(juju, wish, settings, notes=notes, told=_told, keep=not dry_run)
    finally:
        juju.close()
    if dry_run:
        click.echo(change.diff(folder), nl=False, err=form == 'json')
    else:
        writing.write(change)
    _show(made, {'name': matrix.name(said), 'spec': str(target), 'stage': stage, 'model': juju.model}, form)


def _pair(word: str) -> tuple[str, Path]:
    application, equals, path = word.partition('=')
    found = Path(path).expanduser()
    if not equals or not found.exists():
        raise errors.UsageFault(
            f'cannot use --charm {word}: there is no {path or "path"}', hint='Write --charm APPLICATION=PATH.'
        )
    return application, found


def _names(name: str, model: str) -> tuple[str, str]:
    """The service and the stage."""
    if name:
        service, _, stage = name.partition('/')
        if not service or not stage:
            raise errors.UsageFault(f'cannot use --as {name}', hint='Write --as SERVICE/STAGE.')
        return service, stage
    own = model.rpartition('/')[2]
    found = _STAGE.fullmatch(own)
    return (found['service'], found['stage']) if found else (own, 'production')


def _told(text: str) -> None:
    click.echo(text, err=True)


def _show(made: adopting.Made, facts: dict[str, str], form: str) -> None:
    if form == 'json':
        rows = {
            'secrets': list(made.bundle.secrets),
            'secrets_in': [str(folder) for folder in made.local],
            'left': list(made.bundle.left),
            'remarks': list(made.remarks),
        }
        click.echo(json.dumps({**facts, **rows}))
        return
    click.echo(
        f'{facts["name"]}: {facts["spec"]}, stage {facts["stage"]}; nothing is to do in {facts["model"]}'
    )
    private = ' and '.join(str(folder) for folder in made.local)
    titles = {
        f'Secrets, whose place is {private} and not the spec': made.bundle.secrets,
        'Not in the spec': made.bundle.left,
        'Left as it is': made.remarks,
    }
    for title, entries in titles.items():
        if entries:
            click.echo(f'{title}:')
            for entry in entries:
                click.echo(f'  {entry}')
