"""``hoodoo ci list``."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click

from bedrock import alive
from hoodoo.ci import attempts, marks
from hoodoo.cli import common, options

_COLUMNS = ('attempt', 'verdict', 'spec', 'revision', 'stage', 'started', 'seconds', 'model', 'why')
_STATES = {
    attempts.NONE: '',
    attempts.GONE: '',
    attempts.INTENDED: 'may be there',
    attempts.MADE: 'there',
    attempts.KEPT: 'kept',
    attempts.FORGOTTEN: 'forgotten',
}


@click.command('list')
@options.limit
@click.option('--verdict', type=click.Choice(attempts.VERDICTS), help='Only attempts that ended like this.')
@common.format_option
def command(limit: int, verdict: str | None, form: str) -> None:
    """List the attempts that were made from here, newest first.

    A model is named while it may be there.

    \b
    Examples:
      hoodoo ci list
      hoodoo ci list --verdict failed --format json
    """
    settings = common.settings()
    with contextlib.closing(attempts.Attempts(settings.state / 'ci.db')) as opened:
        rows = [_row(attempt) for attempt in opened.newest(limit, verdict=verdict or '')]
    common.show(rows, form, _COLUMNS, empty='There are no such attempts.')


def _row(attempt: attempts.Attempt) -> dict[str, Any]:
    owner = marks.Owner.parse(attempt.owner)
    ended = attempt.ended_ms
    state = _STATES[attempt.model_state]
    looked_for = attempt.model_state not in attempts.SETTLED
    return {
        'attempt': attempt.id,
        'verdict': attempt.verdict,
        'spec': attempt.spec,
        'revision': attempt.revision,
        'stage': attempt.stage,
        'started': common.moment(attempt.began_ms),
        'seconds': None if ended is None else round((ended - attempt.began_ms) / 1000, 1),
        'model': f'{attempt.controller}:{attempt.model}' if looked_for else '',
        'why': attempt.why,
        'commit': attempt.commit_id,
        'model_state': state,
        'expires': common.moment(attempt.expires_ms) if looked_for else '',
        'process': alive.number(owner.process) if owner and ended is None else None,
        'reports': attempt.reports if Path(attempt.reports).is_dir() else '',
    }
