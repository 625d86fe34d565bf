"""Options that several commands have, each written once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar('Function', bound=Callable[..., Any])

stage = click.option(
    '--stage', default='', help='Directory of the spec to look in first; default $MOJO_STAGE.'
)
project = click.option('--project', default='', help='Default $MOJO_PROJECT, else the name of the spec.')
series = click.option('-s', '--series', default='', help='Default $MOJO_SERIES, else noble.')
manifest = click.option(
    '-m', 'manifest', default='', metavar='NAME', help='Another manifest than "manifest".'
)
cloud = click.option(
    '--cloud',
    default='',
    metavar='CLOUD[/REGION]',
    help='Where a model that has to be made goes, and one that is there has to be; default $HOODOO_CLOUD.',
)
model = click.option(
    '--model', default='', metavar='[CONTROLLER:]MODEL', help='Default $JUJU_MODEL, else SPEC-STAGE.'
)
limit = click.option(
    '-n',
    '--limit',
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help='How many, newest first.',
)


def which_run(function: Function) -> Function:
    """SPEC, WORKSPACE and the options that say which run is meant."""
    spec, workspace = click.argument('spec', default=''), click.argument('workspace', default='')
    for decorate in (model, manifest, series, project, stage, workspace, spec):
        function = decorate(function)
    return function
