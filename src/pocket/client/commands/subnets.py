"""juju subnets, show-space."""

from __future__ import annotations

import ipaddress
from typing import Any

from pocket.client import flags, output, replies, shape
from pocket.client.context import Context
from pocket.client.flags import Flag, Given

Json = dict[str, Any]


def _subnets(ctx: Context, given: Given) -> int:
    space, zone = given.text('space'), given.text('zone')
    query: Json = {
        **({'space-tag': f'space-{space}'} if space else {}),
        **({'zone': zone} if zone else {}),
    }
    with ctx.session(given) as session:
        found = shape.objects(session.call('Subnets', 'ListSubnets', query).get('results'))
    if not found:
        ctx.info('No subnets found matching requested criteria.' if query else 'No subnets to display.')
        return 0
    output.show(ctx, given, {'subnets': {str(subnet['cidr']): _subnet(subnet) for subnet in found}})
    return 0


def _subnet(subnet: Json) -> Json:
    network = ipaddress.ip_network(str(subnet['cidr']))
    return {
        'type': f'ipv{network.version}',
        **({'provider-id': subnet['provider-id']} if subnet.get('provider-id') else {}),
        'status': 'in-use' if subnet.get('life') == 'alive' else 'terminating',
        'space': str(subnet.get('space-tag')).removeprefix('space-'),
        'zones': list(subnet.get('zones') or ()),
    }


def _show_space(ctx: Context, given: Given) -> int:
    name = given.args[0]
    with ctx.session(given) as session:
        answer = session.call('Spaces', 'ShowSpace', {'entities': [{'tag': f'space-{name}'}]})
    result = replies.only(answer)
    space = shape.mapping(result.get('space'))
    subnets = [
        {
            'cidr': subnet.get('cidr'),
            'vlan-tag': subnet.get('vlan-tag'),
            'zones': list(subnet.get('zones') or ()),
        }
        for subnet in shape.objects(space.get('subnets'))
    ]
    shown: Json = {
        'space': {'id': space.get('id'), 'name': space.get('name'), 'subnets': subnets},
        'applications': list(result.get('applications') or ()),
        'machine-count': result.get('machine-count'),
    }
    output.show(ctx, given, shown)
    return 0


SUBNETS = flags.Command(
    name='subnets',
    machines_only=True,
    summary='List the subnets that machines of a model are in.',
    examples=('juju subnets', 'juju subnets --space alpha --format json'),
    flags=(
        flags.MODEL,
        *flags.formats('yaml', 'json'),
        Flag('space', 'Of this space', value='SPACE'),
        Flag('zone', 'Of this zone', value='ZONE'),
    ),
    most=0,
    aliases=('list-subnets',),
    run=_subnets,
)

SHOW_SPACE = flags.Command(
    name='show-space',
    machines_only=True,
    usage='<name>',
    summary='Show a network space, with the applications in it.',
    examples=('juju show-space alpha',),
    flags=(flags.MODEL, *flags.formats('yaml', 'json')),
    least=1,
    most=1,
    missing='space name is required',
    run=_show_space,
)
