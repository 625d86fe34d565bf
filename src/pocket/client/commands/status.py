"""juju status."""

from __future__ import annotations

import time
from typing import Any

from pocket.client import faults, flags, output, values
from pocket.client.context import Context, Session
from pocket.client.flags import Flag, Given
from pocket.client.render import status

_TEXT_FORMATS = ('tabular', 'short', 'oneline', 'line', 'summary')


def _status(ctx: Context, given: Given) -> int:
    watch = given.text('watch')
    if not watch:
        return _once(ctx, given)
    interval_s = values.duration_ns(watch, flag='watch') / 1e9
    while True:
        # Connected anew each time: nobody would answer the server's pings in between.
        with ctx.session(given) as session:
            if ctx.stdout.isatty():
                ctx.stdout.write('\033[H\033[2J')
            _show(ctx, given, session)
        # An interval is what the user asked for: no event tells of changes in what status shows.
        time.sleep(interval_s)


def _once(ctx: Context, given: Given) -> int:
    left = given.number('retry-count')
    delay_s = values.duration_ns(given.text('retry-delay'), flag='retry-delay') / 1e9
    while True:
        try:
            with ctx.session(given) as session:
                _show(ctx, given, session)
            return 0
        except faults.NoAnswer:
            if left <= 0:
                raise
        left -= 1
        # Nothing tells when a controller is back; the pause is the one that the user asked for.
        time.sleep(delay_s)


def _show(ctx: Context, given: Given, session: Session) -> None:
    tabular = given.text('format') in _TEXT_FORMATS
    with_storage = given.on('storage') or not tabular
    params: dict[str, Any] = {'patterns': list(given.args)}
    if with_storage:
        params['include-storage'] = True
    full = session.call('Client', 'FullStatus', params)
    style = status.Style(utc=given.on('utc') or ctx.environ.get('JUJU_STATUS_ISO_TIME') == 'true')
    document = status.document(
        full, controller=session.target.controller.name, style=style, with_storage=with_storage
    )
    texts = {name: lambda: _text(ctx, given, document, full) for name in _TEXT_FORMATS}
    shown: Any = status.pruned(document) if given.text('format') == 'yaml' else document
    output.show(ctx, given, shown, texts)
    _explain_emptiness(ctx, given, document)


def _text(ctx: Context, given: Given, document: dict[str, Any], full: dict[str, Any]) -> str:
    # A program asks for JSON, again and again: it need not wait for what only a person reads.
    from pocket.client.render import status_lines, status_table

    if given.text('format') == 'summary':
        return status_lines.summary(document)
    if given.text('format') != 'tabular':
        return status_lines.oneline(document)
    text = status_table.tables(
        document,
        status.relation_rows(full),
        with_relations=given.on('relations'),
        with_storage=given.on('storage'),
    )
    return _coloured(text) if _wants_colour(ctx, given) else text


def _wants_colour(ctx: Context, given: Given) -> bool:
    if given.on('no-color') or given.text('output'):
        return False
    if given.on('color'):
        return True
    plain = ctx.environ.get('NO_COLOR') or ctx.environ.get('TERM') == 'dumb'
    return not plain and ctx.stdout.isatty()


def _coloured(text: str) -> str:
    """Headers in bold; the states keep their words, so nothing hangs on a colour."""
    lines = text.split('\n')
    return '\n'.join(
        f'\033[1m{line}\033[0m' if line and (number == 0 or not lines[number - 1]) else line
        for number, line in enumerate(lines)
    )


def _explain_emptiness(ctx: Context, given: Given, document: dict[str, Any]) -> None:
    if any(document.get(key) for key in ('machines', 'applications', 'application-endpoints', 'offers')):
        return
    if given.args:
        ctx.info('Nothing matched specified filter(s).')
    else:
        ctx.info(f'\nModel "{document["model"]["name"]}" is empty.')


STATUS = flags.Command(
    name='status',
    usage='[<selector> [...]]',
    summary='Report the status of the model, its machines, applications and units.',
    details=(
        'A selector is an application, a unit, a machine, a status such as "active", or a pattern with "*";\n'
        'it shows what matches it and what that needs to be understood.'
    ),
    examples=(
        'juju status',
        'juju status mysql --relations',
        'juju status --format json',
        'juju status --watch 5s',
    ),
    flags=(
        flags.MODEL,
        *flags.formats('tabular', 'json', 'yaml', 'short', 'oneline', 'line', 'summary'),
        Flag('relations,integrations', 'Show the integrations too (tabular only)'),
        Flag('storage', 'Show the storage too (tabular only)'),
        Flag('utc', 'Show times in UTC and ISO 8601'),
        Flag('watch', 'Show the status again and again at this interval', value='DURATION'),
        Flag('color', 'Use colour in any case'),
        Flag('no-color', 'Use no colour in any case'),
        Flag(
            'retry-count',
            'How often to try again when the controller does not answer',
            value='N',
            default='3',
        ),
        Flag('retry-delay', 'How long to wait before that', value='DURATION', default='100ms'),
    ),
    run=_status,
)
