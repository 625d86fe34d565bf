"""What several commands share: settings, the journal, formats, tables."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bedrock import alive
from hoodoo import settings as settings_module
from hoodoo.journal import rows

if TYPE_CHECKING:
    from hoodoo.journal import journal

Function = TypeVar('Function', bound=Callable[..., Any])


def settings() -> settings_module.Settings:
    """The settings, with the groups' ``--mojo-root``, ``--offline`` and ``--inventory`` on top."""
    loaded = settings_module.load()
    context = click.get_current_context()
    offline = loaded.offline or bool(context.meta.get('hoodoo.offline'))
    inventory: str = context.meta.get('hoodoo.inventory', '')
    return dataclasses.replace(
        loaded,
        inventory=Path(inventory).absolute() if inventory else loaded.inventory,
        root=Path(context.obj).absolute() if context.obj else loaded.root,
        offline=offline,
        # Phases and the programs that they run hear of it too.
        environ={**loaded.environ, 'HOODOO_OFFLINE': '1'} if offline else loaded.environ,
    )


@contextlib.contextmanager
def opened_journal(loaded: settings_module.Settings) -> Generator[journal.Journal]:
    """The journal, closed at the end."""
    from hoodoo.journal import journal  # with the database: not every command has one

    opened = journal.Journal(loaded.root / 'journal.db')
    try:
        yield opened
    finally:
        opened.close()


def format_option(function: Function) -> Function:
    """``--format table|json|yaml``."""
    option = click.option(
        '--format', 'form', type=click.Choice(['table', 'json', 'yaml']), default='table', show_default=True
    )
    return option(function)


def show(rows: Sequence[dict[str, Any]], form: str, columns: Sequence[str], *, empty: str) -> None:
    """Print *rows*: whole as JSON or YAML, *columns* of them as a table."""
    if form == 'json':
        click.echo(json.dumps(list(rows)))
    elif form == 'yaml':
        import yaml

        click.echo(yaml.safe_dump(list(rows), sort_keys=False), nl=False)
    elif not rows:
        click.echo(empty, err=True)
    else:
        cells = [[column.capitalize() for column in columns]]
        cells += [[str(row[column] if row[column] is not None else '') for column in columns] for row in rows]
        widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
        for line in cells:
            padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            click.echo('  '.join(padded).rstrip())


def moment(at_ms: int) -> str:
    """A time of the journal in the local zone."""
    return datetime.datetime.fromtimestamp(at_ms / 1000).astimezone().strftime('%Y-%m-%d %H:%M:%S')


def run_row(run: rows.Run) -> dict[str, Any]:
    """A run as `show` takes it."""
    seconds = None if run.ended_ms is None else round((run.ended_ms - run.started_ms) / 1000, 1)
    return {
        'run': run.id,
        'outcome': run.outcome,
        'spec': Path(run.spec).name,
        'stage': run.stage,
        'started': moment(run.started_ms),
        'seconds': seconds,
        'changes': run.changes,
        'model': run.model,
        'project': run.project,
        'workspace': run.workspace,
        'series': run.series,
        'manifest': run.manifest,
        'line': run.line,
        'process': alive.number(run.process) if run.outcome == rows.RUNNING else None,
        'source': run.spec,
        'error': run.error,
    }
