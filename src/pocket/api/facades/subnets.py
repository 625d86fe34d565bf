"""Subnets: those that machines of the model are on; all are in the space alpha."""

from __future__ import annotations

from pocket.api.facade import Call, Facade, each
from pocket.api.rpc import Json
from pocket.services import network
from pocket.services.errors import NOT_FOUND, JujuError


async def list_subnets(call: Call) -> Json:
    """Subnets.ListSubnets."""
    wanted = call.params.text('space-tag')
    if wanted not in ('', 'space-alpha'):
        return {'results': []}
    return {'results': [_subnet(cidr) for cidr in call.read(network.subnets, call.model_uuid)]}


async def subnets_by_cidr(call: Call) -> Json:
    """Subnets.SubnetsByCIDR."""
    known = call.read(network.subnets, call.model_uuid)

    async def one(cidr: str) -> Json:
        if cidr not in known:
            raise JujuError(f'subnet "{cidr}" not found', NOT_FOUND)
        return {'subnets': [_subnet(cidr)]}

    return {'results': await each(call.params.texts('cidrs'), one)}


async def all_zones(_call: Call) -> Json:
    """Subnets.AllZones: one machine is no place for zones."""
    return {'results': []}


def _subnet(cidr: str) -> Json:
    return {
        'cidr': cidr,
        'provider-id': '',
        'vlan-tag': 0,
        'life': 'alive',
        'space-tag': 'space-alpha',
        'zones': [],
    }


FACADE = Facade(
    name='Subnets',
    versions=(5,),
    methods={'AllZones': all_zones, 'ListSubnets': list_subnets, 'SubnetsByCIDR': subnets_by_cidr},
)
