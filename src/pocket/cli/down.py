"""``pocket down``: stop the daemon, and the machines unless they are to go on."""

from __future__ import annotations

import asyncio

import click

from pocket import settings as settings_
from pocket.cli import output
from pocket.daemon import control
from pocket.substrate import preflight
from pocket.substrate.nspawn import Nspawn


@click.command()
@click.option('--keep-machines', is_flag=True, help='Leave the machines running.')
def down(keep_machines: bool) -> None:
    """Stop the controller; nothing is lost, and `pocket up` goes on where it was.

    \b
    Examples:
      sudo pocket down
      sudo pocket down --keep-machines
    """
    preflight.require_root()
    settings = settings_.load()
    stopped = control.stop(settings)
    output.note('the daemon has stopped' if stopped else 'the daemon was not running')
    if not keep_machines and settings.home.is_dir():
        asyncio.run(Nspawn(settings).halt())
