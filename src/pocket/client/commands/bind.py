"""juju bind."""

from __future__ import annotations

from pocket.client import faults, flags, output, values
from pocket.client.context import Context
from pocket.client.flags import Flag, Given


def _bind(ctx: Context, given: Given) -> int:
    application, *words = given.args
    bindings = values.bindings(' '.join(words))
    if not bindings:
        raise faults.WrongUsage('no bindings specified')
    request = {
        'application-tag': f'application-{application}',
        'bindings': bindings,
        'force': given.on('force'),
    }
    with ctx.session(given) as session:
        answer = session.call('Application', 'MergeBindings', {'args': [request]})
    return output.item_errors(ctx, answer.get('results'))


BIND = flags.Command(
    name='bind',
    usage='<application> [<default space>] [<endpoint>=<space> ...]',
    summary='Change the network spaces of the endpoints of an application.',
    examples=('juju bind mysql alpha', 'juju bind mysql db=alpha cluster=alpha'),
    flags=(flags.MODEL, Flag('force', 'Even if units are not in the new spaces')),
    least=1,
    missing='no application specified',
    run=_bind,
)
