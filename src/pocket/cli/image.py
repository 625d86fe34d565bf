"""``pocket image``: the images that machines start from."""

from __future__ import annotations

import asyncio

import click

from pocket import settings as settings_
from pocket.cli import output
from pocket.substrate import images, preflight


@click.group()
def image() -> None:
    """Look after the images that machines start from; they are shared by all homes."""


@image.command('list')
@output.format_option
def list_(format_: str) -> None:
    """List the images that are built.

    \b
    Example:
      pocket image list --format json
    """
    found = images.Images(settings_.load()).list_()
    result = [{'id': one.id, 'path': str(one.tree), 'users': list(one.users)} for one in found]

    def table() -> str:
        if not found:
            output.note('no image is built')
            return ''
        rows = [('Image', 'Machines'), *((one.id, str(len(one.users))) for one in found)]
        return output.columns(rows)

    output.show(result, format_, table)


@image.command()
def build() -> None:
    """Build the image of this host's distribution now, unless it is built; else the first machine does it.

    \b
    Example:
      sudo pocket image build
    """
    preflight.require_root()
    settings = settings_.load()
    recipe = images.recipe_of_host(images.host())
    built = asyncio.run(images.Images(settings).ensure(recipe, note=output.note))
    click.echo(built.id)


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
