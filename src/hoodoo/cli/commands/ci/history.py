"""``hoodoo ci history``."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click

from hoodoo import wording
from hoodoo.ci.watch import history
from hoodoo.cli import common, options

_COLUMNS = ('repository', 'spec', 'revision', 'branch', 'state', 'verdict', 'seconds', 'seen', 'reports')


@click.command('history')
@click.argument('repository', default='')
@options.limit
@click.option('--state', type=click.Choice(history.STATES), help='Only revisions of that state.')
@common.format_option
def command(repository: str, limit: int, state: str | None, form: str) -> None:
    """List the revisions that "hoodoo ci watch" saw, newest first; only those of REPOSITORY.

    "hoodoo ci list" lists attempts, whoever asked for them: a revision whose attempt was killed has two.

    One that waits, and of which the verdict is "untried", had no controller to be tried on; "undecided": that
    went away in the middle. Of revisions that are older than "keep" in the file of the watcher says, nothing
    is listed.

    \b
    Examples:
      hoodoo ci history
      hoodoo ci history specs --state done --format json
    """
    settings = common.settings()
    with contextlib.closing(history.History(settings.state / 'ci.db')) as opened:
        found = opened.newest(limit, repository=repository, state=state or '')
        removed = opened.past.removed(repository)
    common.show([_row(one) for one in found], form, _COLUMNS, empty='There are no such revisions.')
    if removed:
        older = wording.counted(removed, 'older revision')
        click.echo(
            f'{older} ended, and nothing more is kept of {"it" if removed == 1 else "them"}.', err=True
        )


def _row(one: history.Revision) -> dict[str, Any]:
    ended = one.began_ms is not None and one.ended_ms is not None
    return {
        'repository': one.repository,
        'spec': one.spec,
        'revision': one.commit_id[:8],
        'branch': one.branch,
        'state': one.state,
        'verdict': one.verdict,
        'seconds': round(((one.ended_ms or 0) - (one.began_ms or 0)) / 1000, 1) if ended else None,
        'seen': common.moment(one.seen_ms),
        'reports': one.reports if Path(one.reports).is_dir() else '',
        'commit': one.commit_id,
        'attempt': one.attempt or None,
        'tries': one.tries,
        'why': one.why,
    }
