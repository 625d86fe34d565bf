"""``hoodoo drift``."""

from __future__ import annotations

import json
from typing import Any

import click

from hoodoo import wording
from hoodoo.bundle.planning import drift, facts
from hoodoo.cli import common, options, seeing
from hoodoo.review import preview, request

_DIGEST_LETTERS = 12


@click.command('drift')
@options.which_run
@click.option('--values', is_flag=True, help='Show the values of options that are no secrets.')
@click.option('--format', 'form', type=click.Choice(['table', 'json']), default='table', show_default=True)
def command(values: bool, form: str, **given: str) -> None:
    """Show in what the model is not what SPEC asks for, and why.

    Three things are compared: what was last deployed from here, what the spec asks for now, and the model.

    \b
      not rolled out yet   the spec has changed since the last run
      changed by hand      somebody changed the model
      both                 both changed, each in another way
      gone                 it was deployed from here and somebody removed it
      unknown to the spec  it is there, and nothing in the spec asks for it
      differs              what was deployed last is not known here

    \b
    Exit codes: 0 no drift; 2 drift; 1 and 3 as usual.

    \b
    Examples:
      hoodoo drift specs/archive-mirror --stage ci
      hoodoo drift specs/archive-mirror --stage ci --values --format json
    """
    with seeing.sight(request.Given(**given)) as found:
        seen = preview.drifted(found.lines, found.juju, found.memory)
    rows = [_row(entry, seen, values=values) for entry in seen.entries]
    if form == 'json':
        click.echo(json.dumps({'entries': rows, 'model': seen.model or None, 'notes': list(seen.notes)}))
    else:
        for note in seen.notes:
            click.echo(note, err=True)
        columns = ('what', 'kind', 'deployed', 'spec', 'model')
        common.show(rows, 'table', columns, empty='no drift')
        if rows:
            click.echo(f'\n{wording.counted(len(rows), "difference")}', err=True)
    if rows:
        click.get_current_context().exit(2)


def _row(entry: drift.Entry, seen: preview.Drift, *, values: bool) -> dict[str, Any]:
    private = entry.what in seen.secret.get(entry.subject, frozenset())
    hidden = private or (entry.what.startswith('option ') and not values)

    def shown(fact: facts.Fact) -> str | None:
        if fact is None:
            return None
        if hidden or isinstance(fact, facts.Hidden):
            return preview.SECRET
        content = entry.what == 'charm' or entry.what.startswith('image ')
        if content and len(fact) > 2 * _DIGEST_LETTERS and ':' not in fact:
            return fact[:_DIGEST_LETTERS]
        return fact.partition('\n')[0]

    return {
        'what': ': '.join(filter(None, (entry.subject, entry.what))),
        'kind': entry.kind.value,
        'deployed': shown(entry.was),
        'spec': shown(entry.now),
        'model': shown(entry.live),
        'subject': entry.subject,
        'fact': entry.what or None,
    }
