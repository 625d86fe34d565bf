"""``hoodoo audit``."""

from __future__ import annotations

import datetime
import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import click

from bedrock import errors, files
from hoodoo import wording
from hoodoo.cli import common
from hoodoo.fleet import audit, audit_watch, session

_COLUMNS = ('at', 'who', 'environment', 'mode', 'outcome', 'exit', 'seconds', 'what')
_UNITS = {'s': 1, 'm': 60, 'h': 3_600, 'd': 86_400, 'w': 604_800}
_KEPT = (
    *('controller', 'model', 'production', 'account', 'login', 'user', 'sudo', 'host', 'from', 'tty'),
    *('reason', 'kind'),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    environments: tuple[str, ...]
    since_ms: int
    who: str
    writes: bool

    def holds(self, entry: audit.Entry) -> bool:
        name = str(entry.facts.get('environment', ''))
        return (
            entry.at_ms >= self.since_ms
            and (not self.environments or any(fnmatchcase(name, each) for each in self.environments))
            and (not self.who or self.who in (entry.who, entry.facts.get('login'), entry.facts.get('user')))
            and (not self.writes or entry.writes)
        )


@click.command('audit')
@click.argument('environment', nargs=-1)
@click.option(
    '--since', default='', metavar='WHEN', help='A time (2026-11-22 12:00), or an age: 30m, 12h, 7d.'
)
@click.option('--who', default='', metavar='USER', help='Only what this person did.')
@click.option('--writes', is_flag=True, help='Only what changes something, and sessions that may.')
@click.option('-f', '--follow', is_flag=True, help='Go on with what happens now.')
@common.format_option
def command(
    environment: tuple[str, ...], since: str, who: str, writes: bool, follow: bool, form: str
) -> None:
    """Show who was connected to which ENVIRONMENT (names or patterns; default: all), why, and which commands
    of juju they ran there.

    A command is written down before it begins and again when it has ended: one that was killed is shown as
    unfinished. Values of options and secrets are not kept.

    \b
    Examples:
      hoodoo audit
      hoodoo audit 'archive-mirror/*/production' --since 7d --writes
      hoodoo audit --who ada --format json
      hoodoo audit --follow
    """
    wanted = _Wanted(environments=environment, since_ms=_since(since), who=who, writes=writes)
    folder = session.audit_folder(common.settings())
    reader = audit.Reader(folder)
    if not follow:
        found = [entry for entry in audit.entries(reader.new()) if wanted.holds(entry)]
        empty = (
            'There is no such entry.'
            if found or reader.torn or any((environment, since, who, writes))
            else ''
        )
        common.show(list(map(_row, found)), form, _COLUMNS, empty=empty or 'Nobody was connected yet.')
        if reader.torn:
            click.echo(f'{wording.counted(reader.torn, "line")} cannot be read, in {folder}', err=True)
        return
    files.make_private_folder(folder)
    with audit_watch.watched(folder) as watch:
        records = list(reader.new())
        shown: dict[str, str] = {}
        while True:
            _tell((entry for entry in audit.entries(records) if wanted.holds(entry)), shown, form)
            watch.wait()
            records += reader.new()


def _tell(entries: Iterable[audit.Entry], shown: dict[str, str], form: str) -> None:
    """Print those that are new, or that have ended since they were printed."""
    for entry in entries:
        outcome = entry.outcome
        if shown.get(entry.id) == outcome:
            continue
        shown[entry.id] = outcome
        row = _row(entry)
        if form == 'table':
            parts = (row['at'], row['who'], row['environment'], row['mode'], row['outcome'], row['what'])
            click.echo('  '.join(map(str, parts)))
        else:  # a line each: the whole has no end
            click.echo(json.dumps(row))


def _row(entry: audit.Entry) -> dict[str, Any]:
    return {
        'at': common.moment(entry.at_ms),
        'who': entry.who,
        'environment': entry.facts.get('environment', ''),
        'mode': entry.facts.get('mode', ''),
        'outcome': entry.outcome,
        'exit': entry.exit,
        'seconds': None if entry.ms is None else round(entry.ms / 1000, 1),
        'what': entry.what,
        'event': entry.event,
        'writes': entry.writes,
        'refused': entry.refused,
        'at_ms': entry.at_ms,
        'session': entry.session,
        'argv': entry.facts.get('argv', []),
        **{key: entry.facts.get(key, '') for key in _KEPT},
    }


def _since(text: str) -> int:
    """Milliseconds since 1970.

    Raises:
        UsageFault: it is neither a time nor an age.
    """
    if not text:
        return 0
    age = re.fullmatch(r'(\d+)([smhdw])', text)
    if age:
        return time.time_ns() // 1_000_000 - int(age[1]) * _UNITS[age[2]] * 1000
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise errors.UsageFault(
            f'cannot use --since "{text}"',
            hint='Write a time, 2026-11-22 or 2026-11-22 12:00, or an age: 30m, 12h, 7d.',
        ) from None
    return int(moment.astimezone().timestamp() * 1000)
