"""juju spaces."""

from __future__ import annotations

from typing import Any

from pocket.client import flags, output, shape
from pocket.client.context import Context
from pocket.client.flags import Flag, Given
from pocket.client.render.text import table

Json = dict[str, Any]


def _spaces(ctx: Context, given: Given) -> int:
    with ctx.session(given) as session:
        answer = session.call('Spaces', 'ListSpaces')
    found = [
        {
            'id': str(space.get('id')),
            'name': str(space.get('name')),
            'subnets': {str(subnet.get('cidr')): subnet for subnet in shape.objects(space.get('subnets'))},
        }
        for space in shape.objects(answer.get('results'))
    ]
    if given.on('short'):
        output.show(
            ctx,
            given,
            {'spaces': [space['name'] for space in found]},
            {'tabular': lambda: '\n'.join(['Space', *(str(space['name']) for space in found)])},
        )
        return 0
    rows = [
        [str(space['name']), str(space['id']), '\n'.join(shape.mapping(space['subnets']))] for space in found
    ]
    header = ['Name', 'Space ID', 'Subnets']
    output.show(ctx, given, {'spaces': found}, {'tabular': lambda: table(header, rows)})
    return 0


SPACES = flags.Command(
    name='spaces',
    machines_only=True,
    summary='List the network spaces of a model.',
    examples=('juju spaces', 'juju spaces --format json'),
    flags=(flags.MODEL, *flags.formats('tabular', 'json', 'yaml'), Flag('short', 'Only their names')),
    most=0,
    aliases=('list-spaces',),
    run=_spaces,
)
