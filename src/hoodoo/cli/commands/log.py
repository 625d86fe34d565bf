"""``hoodoo log``."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import click

from bedrock import errors
from hoodoo import wording
from hoodoo.cli import common
from hoodoo.journal import events, following, journal, plain


@click.command('log')
@click.argument('run', type=int, required=False)
@click.option('-f', '--follow', is_flag=True, help='Go on until the run ends.')
@click.option('--phase', default='', metavar='N|NAME', help='Only this phase: its number, title or kind.')
@click.option('--grep', 'pattern', default='', metavar='RE', help='Only lines that match.')
@click.option('--format', 'form', type=click.Choice(['text', 'json']), default='text', show_default=True)
def command(run: int | None, follow: bool, phase: str, pattern: str, form: str) -> None:
    """Print what run number RUN (default: the newest) said: its events and what its programs printed.

    Any process may follow a run, and several may.

    \b
    Examples:
      hoodoo log 12
      hoodoo log --follow
      hoodoo log 12 --phase verify --grep 'error|warning'

    Exit codes: 0 all was printed, however the run went; 2 there is no such run or phase.
    """
    matches = _matcher(pattern)
    with common.opened_journal(common.settings()) as opened:
        number = opened.get(run).id if run else _newest(opened)
        first = opened.records(number)
        wanted = _phase(phase, first)
        writer = plain.Plain()

        def show(record: events.Record) -> None:
            # The writer sees all of them: the first says when the run began.
            lines = list(writer.lines(record))
            if wanted is not None and getattr(record.event, 'phase', None) not in wanted:
                return
            if form == 'json':
                text = events.encode(record).decode()
                if matches(text):
                    click.echo(text)
                return
            for line in lines:
                if matches(line):
                    click.echo(line)

        for record in first:
            show(record)
        if follow:
            after = first[-1].seq if first else 0
            for record in following.follow(opened, number, after=after, sleep=time.sleep):
                show(record)


def _newest(opened: journal.Journal) -> int:
    found = opened.runs(limit=1)
    if not found:
        raise errors.UsageFault('cannot show a log: there are no runs yet', hint='"hoodoo run" makes one.')
    return found[0].id


def _matcher(pattern: str) -> Callable[[str], object]:
    try:
        return re.compile(pattern).search
    except re.error as err:
        raise errors.UsageFault(f'cannot use --grep "{pattern}": {err}') from None


def _phase(wanted: str, records: list[events.Record]) -> frozenset[int] | None:
    """The indices of the phases that *wanted* names; None for all."""
    if not wanted:
        return None
    titles = next((r.event.phases for r in records if isinstance(r.event, events.RunStarted)), ())
    if wanted.isdecimal() and 1 <= int(wanted) <= len(titles):
        return frozenset((int(wanted) - 1,))
    found = frozenset(n for n, title in enumerate(titles) if wanted in (title, title.partition(' ')[0]))
    if not found:
        known = ', '.join(f'{n} ({title})' for n, title in enumerate(titles, 1)) or 'none'
        hint = f'{wording.guess(wanted, titles)} Phases of the run: {known}.'.strip()
        raise errors.UsageFault(f'cannot find phase "{wanted}" of the run', hint=hint)
    return found
