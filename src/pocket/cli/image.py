"""``pocket image``: the images that machines start from."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bedrock import errors
from pocket import settings as settings_
from pocket.cli import output
from pocket.model import Base
from pocket.substrate import bases, images, imports, preflight


@click.group()
def image() -> None:
    """Look after the images that machines start from.

    An image is built when the first machine needs it. All controllers of this host share them.

    \b
    Examples:
      pocket image list
      sudo pocket image import ubuntu@24.04 noble-root.tar.xz
    """


@image.command('list')
@output.format_option
def list_(format_: str) -> None:
    """List the images that are built.

    \b
    Example:
      pocket image list --format json
    """
    cache = images.Images(settings_.load())
    found, own = cache.list_(), cache.imports()
    result = [
        {
            'id': one.id,
            'base': one.base,
            'path': str(one.tree),
            'imported': one.id in own,
            'users': list(one.users),
        }
        for one in found
    ]

    def table() -> str:
        if not found:
            output.note('no image is built')
            return ''
        kind = {True: 'imported', False: 'built'}
        rows = [(one.id, one.base, kind[one.id in own], str(len(one.users))) for one in found]
        return output.columns([('Image', 'Base', 'Source', 'Machines'), *rows])

    output.show(result, format_, table)


@image.command()
@click.option('--base', 'wanted', default='', help="For example ubuntu@24.04; default: this host's own.")
def build(wanted: str) -> None:
    """Build the image of a base, unless it is built.

    Otherwise the first machine of that base waits until it is built.

    \b
    Examples:
      sudo pocket image build
      sudo pocket image build --base ubuntu@24.04
    """
    preflight.require_root()
    settings = settings_.load()
    base = _base(wanted) if wanted else images.host().base
    built = asyncio.run(bases.ensure_exact(images.Images(settings), base, note=output.note))
    if built is None:
        raise errors.Fault(
            f'cannot build an image of {base}: there is no archive in reach that this host can check',
            hint=f'Machines of it run {images.host().base}. To bring an image: pocket image import.',
        )
    click.echo(built.id)


@image.command('import')
@click.argument('wanted', metavar='BASE')
@click.argument('source', type=click.Path(path_type=Path))
def import_(wanted: str, source: Path) -> None:
    """Bring SOURCE as the image of BASE.

    SOURCE is a tarball or a folder with a root file system that has systemd.
    New machines of that base start from it; `pocket image rm` takes it back.

    \b
    Examples:
      sudo pocket image import ubuntu@24.04 noble-root.tar.xz
      sudo pocket image import debian@12 /srv/bookworm
    """
    preflight.require_root()
    cache = images.Images(settings_.load())
    click.echo(imports.import_(cache, _base(wanted), source).id)


def _base(text: str) -> Base:
    name, at, channel = text.partition('@')
    if not name or not at or not channel or name not in images.SUPPORTED or '/' in channel:
        raise errors.UsageFault(f'cannot read the base "{text}"', hint='For example ubuntu@24.04.')
    return Base(name=name, channel=channel)


@image.command()
@click.argument('name')
def rm(name: str) -> None:
    """Remove the image NAME, which no machine may stand on.

    \b
    Example:
      sudo pocket image rm debian-12-0123456789ab
    """
    preflight.require_root()
    images.Images(settings_.load()).remove(name)
