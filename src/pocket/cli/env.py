"""``pocket env``: what a shell needs to find the juju command and this controller."""

from __future__ import annotations

import shlex

import click

from pocket import settings as settings_


@click.command()
def env() -> None:
    """Print shell commands that put the juju command on PATH and select its data.

    \b
    Example:
      eval "$(pocket env)"
    """
    settings = settings_.load()
    click.echo(f'export PATH={shlex.quote(str(settings.home / "bin"))}:"$PATH"')
    click.echo(f'export JUJU_DATA={shlex.quote(str(settings.juju_data))}')
