"""juju integrate (relate), juju remove-relation."""

from __future__ import annotations

from typing import Any

from bedrock import errors
from pocket.client import faults, flags
from pocket.client.context import Context
from pocket.client.flags import Flag, Given


def _integrate(ctx: Context, given: Given) -> int:
    for endpoint in given.args:
        if '/' in endpoint or '.' in endpoint.partition(':')[0]:
            raise errors.Fault(
                f'cannot integrate with "{endpoint}": offers of other models are not supported yet'
            )
    with ctx.session(given) as session:
        params = {'endpoints': list(given.args), 'via-cidrs': given.listed('via')}
        session.call('Application', 'AddRelation', params)
    return 0


def _remove_relation(ctx: Context, given: Given) -> int:
    params: dict[str, Any] = {'force': given.on('force')}
    if given.on('no-wait'):
        if not given.on('force'):
            raise faults.WrongUsage('--no-wait without --force not valid')
        params['max-wait'] = 0
    if len(given.args) == 1:
        if not given.args[0].isdigit():
            raise faults.WrongUsage('a relation must involve two applications, or be named by its id')
        params['relation-id'] = int(given.args[0])
    else:
        params['endpoints'] = list(given.args)
        params['relation-id'] = 0
    with ctx.session(given) as session:
        session.call('Application', 'DestroyRelation', params)
    return 0


INTEGRATE = flags.Command(
    name='integrate',
    usage='<application>[:<endpoint>] <application>[:<endpoint>]',
    summary='Integrate two applications.',
    examples=('juju integrate wordpress mysql', 'juju integrate wordpress:db mysql:database'),
    flags=(flags.MODEL, Flag('via', 'Networks that traffic comes from', value='CIDR[,...]')),
    least=2,
    most=2,
    missing='a relation must involve two applications',
    aliases=('relate',),
    run=_integrate,
)

REMOVE_RELATION = flags.Command(
    name='remove-relation',
    usage='<application>[:<endpoint>] <application>[:<endpoint>] | <relation id>',
    summary='Remove the relation between two applications.',
    examples=('juju remove-relation wordpress mysql', 'juju remove-relation 4'),
    flags=(
        flags.MODEL,
        Flag('force', 'Remove it even if hooks fail'),
        Flag('no-wait', 'With --force: do not wait between the steps'),
    ),
    least=1,
    most=2,
    missing='a relation must involve two applications',
    run=_remove_relation,
)
