"""juju debug-log."""

from __future__ import annotations

import time

from pocket.client import faults, flags, rpc, values
from pocket.client.context import Context
from pocket.client.flags import Flag, Given
from pocket.client.render import log

_DEFAULT_LINES = '10'
_MOST_LINES = 10_000
_LEVELS = frozenset({'TRACE', 'DEBUG', 'INFO', 'WARNING', 'ERROR'})


def _debug_log(ctx: Context, given: Given) -> int:
    follow = _follows(ctx, given)
    query = _query(given, follow=follow)
    style = log.Style(
        utc=given.on('utc'),
        date=given.on('date'),
        milliseconds=given.on('ms'),
        location=given.on('location'),
        color=given.on('color'),
    )
    target = ctx.target(given)
    delay_s = values.duration_ns(given.text('retry-delay'), flag='retry-delay') / 1e9
    while True:
        try:
            for record in rpc.log_stream(target.controller, target.model.uuid, query):
                ctx.out(log.line(record, style))
            return 0
        except faults.NoAnswer:
            if not given.on('retry'):
                raise
        # Nothing tells when a controller is back; the pause is the one that the user asked for.
        time.sleep(delay_s)


def _follows(ctx: Context, given: Given) -> bool:
    if given.on('tail') and given.on('no-tail'):
        raise faults.WrongUsage('setting --tail and --no-tail not valid')
    if given.on('tail'):
        return True
    return not given.on('no-tail') and not given.was_given('limit') and ctx.stdout.isatty()


def _query(given: Given, *, follow: bool) -> list[tuple[str, str]]:
    """The stream's query (juju.md 1.6)."""
    query: list[tuple[str, str]] = []
    for key, name in (
        ('include', 'includeEntity'),
        ('exclude', 'excludeEntity'),
        ('include-module', 'includeModule'),
        ('exclude-module', 'excludeModule'),
        ('include-label', 'includeLabel'),
        ('exclude-label', 'excludeLabel'),
    ):
        is_entity = name.endswith('Entity')
        query.extend((name, _entity(value) if is_entity else value) for value in given.many(key))
    level = given.text('level').upper()
    if level:
        if level not in _LEVELS:
            raise faults.WrongUsage(
                f'level value "{given.text("level")}" is not one of {", ".join(sorted(_LEVELS))}'
            )
        query.append(('level', level))
    if given.was_given('limit'):
        query.append(('maxLines', str(given.number('limit') or _MOST_LINES)))
    elif given.on('replay'):
        query.append(('replay', 'true'))
    else:
        query.append(('backlog', str(given.number('lines'))))
    if not follow:
        query.append(('noTail', 'true'))
    return query


def _entity(text: str) -> str:
    """A unit's or machine's name as its tag; tags and patterns stay."""
    if values.is_unit(text):
        return values.unit_tag(text)
    return values.machine_tag(text) if values.is_machine(text) else text


DEBUG_LOG = flags.Command(
    name='debug-log',
    summary='Display the log messages of a model.',
    details='On a terminal it goes on with new messages until it is interrupted.',
    examples=(
        'juju debug-log --replay --no-tail',
        'juju debug-log --include mysql/0 --level WARNING',
        'juju debug-log --limit 100',
    ),
    flags=(
        flags.MODEL,
        Flag('include,i', 'Only messages of this unit or machine; may be given again', value='ENTITY'),
        Flag('exclude,x', 'No messages of this unit or machine; may be given again', value='ENTITY'),
        Flag('include-module', 'Only messages of this module; may be given again', value='MODULE'),
        Flag('exclude-module', 'No messages of this module; may be given again', value='MODULE'),
        Flag('include-label', 'Only messages with this label; may be given again', value='LABEL'),
        Flag('exclude-label', 'No messages with this label; may be given again', value='LABEL'),
        Flag('level,l', 'Lowest level: TRACE, DEBUG, INFO, WARNING or ERROR', value='LEVEL'),
        Flag('lines,n', 'Messages from before to begin with', value='N', default=_DEFAULT_LINES),
        Flag('limit', 'Show the last N messages and end; 0 is as many as allowed', value='N', default='0'),
        Flag('replay', 'Begin with the first message'),
        Flag('no-tail', 'End after the messages from before'),
        Flag('tail', 'Go on with new messages in any case'),
        Flag('color', 'Use ANSI color codes for the levels'),
        Flag('date', 'Show dates too'),
        Flag('location', 'Show file and line too'),
        Flag('ms', 'Show milliseconds too'),
        Flag('utc', 'Show times in UTC'),
        Flag('retry', 'Connect again when the connection breaks'),
        Flag('retry-delay', 'How long to wait before that', value='DURATION', default='1s'),
    ),
    most=0,
    run=_debug_log,
)
