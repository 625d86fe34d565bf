"""``pocket down``: stop the daemon, and the machines unless they are to go on."""

from __future__ import annotations

import asyncio

import click

from bedrock import errors
from pocket import settings as settings_
from pocket.cli import clean, output
from pocket.daemon import control
from pocket.settings import Settings
from pocket.substrate import preflight
from pocket.substrate.frontproxy import FrontProxies
from pocket.substrate.nspawn import Nspawn


@click.command()
@click.option('--keep-machines', is_flag=True, help='Leave the machines running.')
@click.option('--purge', is_flag=True, help='Remove all that pocket made, without a question.')
def down(keep_machines: bool, purge: bool) -> None:
    """Stop the controller and its machines; `pocket up` starts them again.

    Nothing is lost: models, addresses and disks stay.

    With --purge, models, machines and the controller are removed without a question, whatever state they are
    in, and the host is left as it was before. Cached images stay.

    \b
    Examples:
      sudo pocket down
      sudo pocket down --keep-machines
      sudo pocket down --purge
    """
    preflight.require_root()
    settings = settings_.load()
    if purge:
        if keep_machines:
            raise errors.UsageFault('cannot keep machines and purge them: give one of the two')
        clean.remove(settings)
        return
    stopped = control.stop(settings)
    output.note('the daemon has stopped' if stopped else 'the daemon was not running')
    if not keep_machines and settings.home.is_dir():
        asyncio.run(_halt(settings))


async def _halt(settings: Settings) -> None:
    await FrontProxies(settings).remove_all()  # the next daemon opens what the models say
    await Nspawn(settings).halt()
