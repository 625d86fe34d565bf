"""``pocket clean``: remove the controller and everything that it made on this host."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

import click

from bedrock import errors
from pocket import settings as settings_
from pocket.api import clientfiles, identity
from pocket.cli import output
from pocket.daemon import control
from pocket.settings import Settings
from pocket.substrate import preflight
from pocket.substrate.frontproxy import FrontProxies
from pocket.substrate.images import Images
from pocket.substrate.nspawn import Nspawn

_PATIENCE_S = 15.0
"""For the daemon to stop in an orderly way: what it would save goes anyway."""


@click.command()
@click.option('--yes', is_flag=True, help='Do not ask.')
@click.option('--images', 'with_images', is_flag=True, help='Remove the cached images as well.')
def clean(yes: bool, with_images: bool) -> None:
    """Remove the controller, its models and machines, and all that it set up on this host.

    It asks before; `pocket down --purge` does the same without asking.

    \b
    Examples:
      sudo pocket clean
      sudo pocket clean --yes --images
    """
    settings = settings_.load()
    preflight.require_root()
    if control.owns(settings):
        _confirm(settings, yes=yes)
    remove(settings)
    if with_images:
        _remove_images(settings)


def _confirm(settings: Settings, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise errors.UsageFault(
            f'cannot remove {settings.home} without being told to', hint='Add --yes to mean it.'
        )
    click.confirm(f'Remove every model and machine of {settings.home}?', abort=True)


def remove(settings: Settings) -> None:
    """Remove the controller of *settings* and all that it made, in whatever state, within a minute.

    Raises:
        UsageFault: the home is not pocket's.
    """
    if not control.owns(settings):
        if settings.home.is_dir() and any(settings.home.iterdir()):
            raise errors.UsageFault(f'cannot remove {settings.home}: it was not made by pocket')
        # Somebody may have removed the folder by hand and left its machines running.
        asyncio.run(FrontProxies(settings).remove_all())
        asyncio.run(Nspawn(settings).destroy())
        output.note(f'nothing to remove in {settings.home}')
        return
    info = control.stop(settings, patience_s=_PATIENCE_S)
    asyncio.run(FrontProxies(settings).remove_all())
    output.note('the daemon has stopped' if info else 'the daemon was not running')
    asyncio.run(Nspawn(settings).destroy())
    if (settings.home / 'controller-uuid').is_file():
        who = identity.load_or_create(settings.home)
        clientfiles.unregister(settings.juju_data, settings.controller_name, who.controller_uuid)
    _delete(settings.home)
    output.note(f'removed {settings.home}')


def _delete(home: Path) -> None:
    """Remove *home*; the mark goes last, so that it can be done again after an interruption."""
    for entry in home.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != control.MARK:
            entry.unlink()
    shutil.rmtree(home)


def _remove_images(settings: Settings) -> None:
    found = Images(settings)
    for one in found.list_():
        if one.users:
            output.note(f'image {one.id} stays: other homes have machines on it')
        else:
            found.remove(one.id)
            output.note(f'removed image {one.id}')
