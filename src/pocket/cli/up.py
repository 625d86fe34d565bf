"""``pocket up``: start the controller, unless it runs, and say where it is."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from pocket import settings as settings_
from pocket.cli import output
from pocket.daemon import control
from pocket.settings import Settings
from pocket.substrate import preflight

_SHIM = """#!/bin/sh
# Made by pocket: the juju command, in pocket's own Python.
exec {python} -P -m pocket.client.main "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Where the controller is."""

    controller: str
    endpoint: str
    juju_data: str
    juju: str
    pid: int


@click.command()
@output.format_option
@click.option('--foreground', is_flag=True, help='Run the daemon here until Ctrl-C, with its log on stderr.')
def up(format_: str, foreground: bool) -> None:
    """Start the controller, unless it runs, and register it with the juju client.

    The first deployment builds an image of this host's own distribution, which takes half a minute.

    \b
    Examples:
      sudo pocket up
      sudo pocket up --format json
      sudo POCKET_HOME=/srv/second POCKET_PORT=17071 POCKET_CONTROLLER=second pocket up
    """
    settings = settings_.load()
    preflight.require_root()
    control.claim(settings)
    if control.find(settings.home) is None:
        preflight.check(settings)
    shim = write_shim(settings)
    if foreground:
        argv, env = control.host_command(settings), control.environment(settings, os.environ)
        sys.stderr.flush()
        os.execvpe(argv[0], argv, env)  # noqa: S606 - becoming the daemon is what was asked for
    info = control.ensure(settings)
    result = Result(
        controller=settings.controller_name,
        endpoint=f'127.0.0.1:{info.port}',
        juju_data=str(settings.juju_data),
        juju=str(shim),
        pid=info.pid,
    )
    fields = {name: getattr(result, name) for name in Result.__slots__}
    output.show(fields, format_, lambda: _table(result))


def write_shim(settings: Settings) -> Path:
    """Make the ``juju`` command of *settings*' home and return it."""
    shim = settings.home / 'bin' / 'juju'
    text = _SHIM.format(python=sys.executable)
    if not shim.is_file() or shim.read_text() != text:
        shim.parent.mkdir(parents=True, exist_ok=True)
        # Another `up` may be as far: each writes a file of its own and the last one stays.
        with tempfile.NamedTemporaryFile('w', dir=shim.parent, prefix='.juju.', delete=False) as part:
            part.write(text)
        Path(part.name).chmod(0o755)
        Path(part.name).replace(shim)
    return shim


def _table(result: Result) -> str:
    return '\n'.join(
        (
            f'controller  {result.controller} at {result.endpoint}',
            f'JUJU_DATA   {result.juju_data}',
            f'juju        {result.juju}',
            '',
            'To use it in this shell: eval "$(pocket env)"',
        )
    )
