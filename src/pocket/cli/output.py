"""What the commands share: choosing a format, printing a result, telling about progress."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click
import yaml

_F = TypeVar('_F', bound=Callable[..., Any])


def format_option(command: _F) -> _F:
    """Give *command* ``--format``, passed as ``format_``."""
    choice = click.Choice(['table', 'json', 'yaml'])
    option = click.option(
        '--format',
        'format_',
        type=choice,
        default='table',
        show_default=True,
        help='How to print.',
    )
    return option(command)


def show(result: Any, format_: str, table: Callable[[], str]) -> None:
    """Print *result*; *table* makes the form for people."""
    if format_ == 'json':
        click.echo(json.dumps(result, indent=2))
    elif format_ == 'yaml':
        click.echo(yaml.safe_dump(result, sort_keys=False), nl=False)
    else:
        text = table()
        if text:
            click.echo(text)


def note(message: str) -> None:
    """Tell about progress, where it does not mix with results."""
    click.echo(f'pocket: {message}', err=True)


def columns(rows: list[tuple[str, ...]]) -> str:
    """*rows* under each other, the first being the heading."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return '\n'.join(
        '  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
