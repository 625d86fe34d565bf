"""Ask before something is removed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from bedrock import errors

Function = TypeVar('Function', bound=Callable[..., Any])


def no_prompt_option(function: Function) -> Function:
    """``--no-prompt``, by Juju's name."""
    return click.option('-y', '--no-prompt', is_flag=True, help='Do not ask.')(function)


def confirm(lines: Iterable[str], *, no_prompt: bool) -> None:
    """Say what will be done; go on when *no_prompt* or a person agrees.

    Raises:
        UsageFault: nobody is there to ask. Exit: the person does not agree.
    """
    for line in lines:
        click.echo(line, err=True)
    if no_prompt:
        return
    if not sys.stdin.isatty():
        raise errors.UsageFault('cannot ask whether to remove it', hint='Add --no-prompt.')
    if not click.confirm('Remove it?', err=True):
        click.echo('nothing was removed', err=True)
        raise click.exceptions.Exit(1)
