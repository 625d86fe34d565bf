"""juju integrate (relate), juju remove-relation."""

from __future__ import annotations

from pocket.client import consuming, faults, flags, force, offerurls
from pocket.client.context import Context, Session
from pocket.client.flags import Flag, Given


def _integrate(ctx: Context, given: Given) -> int:
    if all(offerurls.is_one(word) for word in given.args):
        raise faults.WrongUsage('only one endpoint can be of another model')
    with ctx.session(given) as session:
        endpoints = [_local(ctx, session, word) for word in given.args]
        params = {'endpoints': endpoints, 'via-cidrs': given.listed('via')}
        session.call('Application', 'AddRelation', params)
    return 0


def _local(ctx: Context, session: Session, word: str) -> str:
    """What the model calls *word*: an offer of another model is consumed under its name first."""
    if not offerurls.is_one(word):
        return word
    url = offerurls.parse(word, user=session.target.controller.user)
    if f'{url.owner}/{url.model}' != session.target.model.name:
        consuming.consume(ctx, session, url)
    return f'{url.name}:{url.endpoint}' if url.endpoint else url.name


def _remove_relation(ctx: Context, given: Given) -> int:
    params = force.params(given)
    if len(given.args) == 1:
        if not given.args[0].isdecimal():
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
    details='One of them may be an offer of another model ([<owner>/]<model>.<offer>): it is consumed first.',
    examples=(
        'juju integrate wordpress mysql',
        'juju integrate wordpress:db mysql:database',
        'juju integrate wordpress admin/infra.mysql',
    ),
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
        force.NO_WAIT,
    ),
    least=1,
    most=2,
    missing='a relation must involve two applications',
    run=_remove_relation,
)
