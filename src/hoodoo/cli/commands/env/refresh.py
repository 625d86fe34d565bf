"""``hoodoo env refresh``."""

from __future__ import annotations

import contextlib
import datetime
import os
import threading
import time

import click

from hoodoo import settings as settings_module
from hoodoo.cli import common
from hoodoo.fleet import budget, looking, nudge, purse, refresh
from hoodoo.inventory import index

_BACKGROUND_S = 900.0
"""One that nobody asked for ends after so long; what it could not do, the next one begins with."""


@click.command('refresh')
@click.option(
    '--budget',
    'per_minute',
    type=click.FloatRange(min=0, min_open=True),
    default=budget.PER_MINUTE,
    show_default=True,
    help='Requests a minute to each controller, of all refreshes together.',
)
@click.option(
    '--after',
    'after_min',
    type=click.FloatRange(0),
    help='Minutes for which what was seen is fresh; default $HOODOO_REFRESH, else 10.',
)
@click.option('--once/--daemon', default=True, help='Until all is fresh, the default; or for ever.')
@click.option('--drift/--no-drift', default=True, show_default=True, help='Also compare with the specs.')
@click.option('--background', is_flag=True, hidden=True)
def command(per_minute: float, after_min: float | None, once: bool, drift: bool, background: bool) -> None:
    """Renew what is known of the environments: how they are, their last runs, their drift.

    Other env commands start this in the background when the last time is longer ago than $HOODOO_REFRESH
    (minutes, 0 for never); it writes to refresh.log in the state's folder. One process at a time refreshes.
    Each look at a model is two requests; drift, which is renewed a sixth as often, some more.

    \b
    Examples:
      hoodoo env refresh
      hoodoo env refresh --after 0 --budget 300
      hoodoo env refresh --daemon --budget 120 --after 5

    Exit codes: 0 done, or another process is at it; 2 wrong usage.
    """
    settings = common.settings()
    default_s = settings_module.refresh_after_s(settings.environ) or _BACKGROUND_S
    rules = refresh.Rules(
        after_s=default_s if after_min is None else after_min * 60,
        drift=drift,
        within_s=_BACKGROUND_S if background else None,
        timeout_s=looking.DEFAULT_TIMEOUT_S,
    )
    if background:
        os.nice(10)
    with refresh.alone(settings.state / nudge.LOCK) as ours, contextlib.ExitStack() as stack:
        if not ours:
            click.echo('another process is refreshing')
            return
        opened, _ = stack.enter_context(
            index.opened(settings.state / 'index.db', settings.inventory, lenient=True)
        )
        memory = stack.enter_context(common.opened_journal(settings))
        paid = stack.enter_context(
            contextlib.closing(
                purse.Purse(settings.state / 'refresh.db', budget.Budget(per_minute=per_minute))
            )
        )
        refresher = refresh.Refresher(settings, opened, memory, paid, note=_note)
        while True:
            opened.sync(settings.inventory, lenient=True)
            environments = opened.environments()
            spent = paid.spent
            outcome = refresher.round(environments, rules)
            _note(refresh.worded(outcome, paid.spent - spent))
            if once:
                return
            now_ms = time.time_ns() // 1_000_000
            rest_s = refresh.next_s(environments, opened.states(), now_ms=now_ms, after_s=rules.after_s)
            threading.Event().wait(max(1.0, rest_s))
            # Commands see that somebody is at it.
            os.utime(settings.state / nudge.LOCK)


def _note(line: str) -> None:
    click.echo(f'{datetime.datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {line}')
