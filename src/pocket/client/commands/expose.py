"""juju expose, juju unexpose."""

from __future__ import annotations

from pocket.client import flags
from pocket.client.context import Context
from pocket.client.flags import Flag, Given


def _expose(ctx: Context, given: Given) -> int:
    limits = {'expose-to-spaces': given.listed('to-spaces'), 'expose-to-cidrs': given.listed('to-cidrs')}
    narrowed = any(limits.values()) or given.was_given('endpoints')
    endpoints = given.listed('endpoints') or ['']
    params = {
        'application': given.args[0],
        'exposed-endpoints': dict.fromkeys(endpoints, limits) if narrowed else {},
    }
    with ctx.session(given) as session:
        session.call('Application', 'Expose', params)
    return 0


def _unexpose(ctx: Context, given: Given) -> int:
    params = {'application': given.args[0], 'exposed-endpoints': given.listed('endpoints')}
    with ctx.session(given) as session:
        session.call('Application', 'Unexpose', params)
    return 0


_ENDPOINTS = Flag('endpoints', 'Only the ports of these endpoints', value='ENDPOINT[,...]')

EXPOSE = flags.Command(
    name='expose',
    usage='<application>',
    summary='Make an application reachable from outside.',
    details='A pocket notes it and closes no ports: this host reaches all of them anyway.',
    examples=('juju expose apache2', 'juju expose apache2 --endpoints www --to-cidrs 10.0.0.0/24'),
    flags=(
        flags.MODEL,
        _ENDPOINTS,
        Flag('to-cidrs', 'Only from these networks', value='CIDR[,...]'),
        Flag('to-spaces', 'Only from these spaces', value='SPACE[,...]'),
    ),
    least=1,
    most=1,
    missing='no application specified',
    run=_expose,
)

UNEXPOSE = flags.Command(
    name='unexpose',
    usage='<application>',
    summary='Take back what "juju expose" did.',
    examples=('juju unexpose apache2',),
    flags=(flags.MODEL, _ENDPOINTS),
    least=1,
    most=1,
    missing='no application specified',
    run=_unexpose,
)
