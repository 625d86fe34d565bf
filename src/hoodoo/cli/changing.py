"""What the commands share that change an inventory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from hoodoo.inventory import writing

Function = TypeVar('Function', bound=Callable[..., Any])


def dry_run_option(function: Function) -> Function:
    """``--dry-run``."""
    return click.option('--dry-run', is_flag=True, help='Show the difference and write nothing.')(function)


def carry_out(change: writing.Change, folder: Path, *, dry_run: bool) -> None:
    """Show *change* or write it, and say so."""
    if dry_run:
        click.echo(change.diff(folder), nl=False)
        return
    if change.before == change.after:
        click.echo(f'{change.path}: nothing to change', err=True)
        return
    writing.write(change)
    what = 'changed' if change.before and change.after else 'removed' if change.before else 'made'
    click.echo(f'{what} {change.path}', err=True)
