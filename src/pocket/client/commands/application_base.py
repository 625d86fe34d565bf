"""juju set-application-base."""

from __future__ import annotations

from pocket.client import flags, output
from pocket.client.context import Context
from pocket.client.flags import Flag, Given


def _set_base(ctx: Context, given: Given) -> int:
    application, base = given.args
    request = {
        'tag': {'tag': f'application-{application}'},
        'force': given.on('force'),
        # The name is that of the distribution; Juju's request has room for the channel alone.
        'channel': base.rpartition('@')[2],
    }
    with ctx.session(given) as session:
        answer = session.call('Application', 'UpdateApplicationBase', {'args': [request]})
    return output.item_errors(ctx, answer.get('results'))


SET_APPLICATION_BASE = flags.Command(
    name='set-application-base',
    usage='<application> <base>',
    summary='Change the base that further units of an application get.',
    details='Units that are there keep theirs.',
    examples=('juju set-application-base mysql ubuntu@22.04',),
    flags=(flags.MODEL, Flag('force', 'Even if the charm does not support the base')),
    least=2,
    most=2,
    missing='no arguments specified',
    run=_set_base,
)
