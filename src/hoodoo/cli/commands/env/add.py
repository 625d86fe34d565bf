"""``hoodoo env add``."""

from __future__ import annotations

from typing import Any

import click

from bedrock import errors
from hoodoo.cli import changing, common
from hoodoo.inventory import assigning, matrix, writing

_AXES = ('service', 'cloud', 'region', 'stage')
_WITHOUT_REGION = ('service', 'cloud', 'stage')


@click.command('add')
@click.argument('name')
@click.option('--controller', default='', help='As the Juju client knows it.')
@click.option('--model', default='', metavar='[OWNER/]MODEL', help='Default SERVICE-STAGE.')
@click.option('--spec', default='', help='A directory or an address, as in hoodoo run.')
@click.option('--revision', default='', help="Of the spec's repository.")
@click.option(
    '--set', 'sets', multiple=True, metavar='KEY=VALUE', help='Anything else; labels.KEY for labels.'
)
@click.option('--file', default='', help="The file to write to; default the service's.")
@changing.dry_run_option
def command(name: str, sets: tuple[str, ...], file: str, dry_run: bool, **given: str) -> None:
    """Add environment NAME, SERVICE/CLOUD/REGION/STAGE or SERVICE/CLOUD/STAGE, to the inventory.

    What is not said is as the defaults of its folder and its file have it. The rest of the file stays as it
    is, comments too. Nothing is written when the inventory would have a problem.

    \b
    Examples:
      hoodoo env add archive-mirror/azure/japanwest/production
      hoodoo env add blog/pocket/ci --controller pocket --spec specs/wordpress --dry-run
      hoodoo env add blog/aws/eu-west-1/demo --controller aws --set labels.tier=front --set owners=web
    """
    settings = common.settings()
    said = _said(name) | {key: value for key, value in given.items() if value} | assigning.parsed(sets)
    missing = [key for key in _WITHOUT_REGION if not said.get(key)]
    if missing:
        raise errors.UsageFault(
            f'cannot add environment "{name}": its {" and ".join(missing)} cannot be told',
            hint='Call it SERVICE/CLOUD/REGION/STAGE, or add --set service=... and so on.',
        )
    said = _nested(said)
    if matrix.name({key: value for key, value in said.items() if key != 'name'}) != name:
        said.setdefault('name', name)
    changing.carry_out(
        writing.added(settings.inventory, said, file=file), settings.inventory, dry_run=dry_run
    )


def _said(name: str) -> dict[str, Any]:
    parts = name.split('/')
    # The directories of a stage have slashes between them, too, so more parts belong to it.
    axes = _WITHOUT_REGION if len(parts) == len(_WITHOUT_REGION) else _AXES
    return dict(zip(axes, name.split('/', len(axes) - 1), strict=True)) if len(parts) >= len(axes) else {}


def _nested(said: dict[str, Any]) -> dict[str, Any]:
    """*said* with labels in one mapping."""
    found = {key: value for key, value in said.items() if not key.startswith('labels.')}
    labels = {key.partition('.')[2]: value for key, value in said.items() if key.startswith('labels.')}
    return {**found, 'labels': {**found.get('labels', {}), **labels}} if labels else found
