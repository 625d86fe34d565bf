"""SSHClient: where to reach a unit or a machine, and how to know it."""

from __future__ import annotations

from pocket.api.facade import Call, Facade, each
from pocket.api.fields import untag
from pocket.api.rpc import Json
from pocket.services import applications, machines
from pocket.services.errors import JujuError
from pocket.services.machines import MachineRecord

NO_ADDRESS = 'no address set'


async def get_address(call: Call) -> Json:
    """SSHClient.PublicAddress and PrivateAddress: a machine has one address."""

    async def one(tag: str) -> Json:
        return {'address': _machine(call, tag).address}

    return {'results': await each(_tags(call), one)}


async def all_addresses(call: Call) -> Json:
    """SSHClient.AllAddresses."""

    async def one(tag: str) -> Json:
        return {'addresses': [_machine(call, tag).address]}

    return {'results': await each(_tags(call), one)}


async def public_keys(call: Call) -> Json:
    """SSHClient.PublicKeys: the host keys."""

    async def one(tag: str) -> Json:
        return {'public-keys': list(_machine(call, tag).ssh_host_keys)}

    return {'results': await each(_tags(call), one)}


async def proxy(_call: Call) -> Json:
    """SSHClient.Proxy: machines are reached directly."""
    return {'use-proxy': False}


def _tags(call: Call) -> list[str]:
    return [entity.text('tag') for entity in call.params.children('entities')]


def _machine(call: Call, tag: str) -> MachineRecord:
    """The machine of a unit's or machine's tag; it has an address."""
    if tag.startswith('unit-'):
        machine_id = call.read(applications.get_unit, call.model_uuid, untag('unit', tag)).machine
    else:
        machine_id = untag('machine', tag)
    machine = call.read(machines.get, call.model_uuid, machine_id)
    if not machine.address:
        raise JujuError(f'machine {machine_id} has no address yet', NO_ADDRESS)
    return machine


FACADE = Facade(
    name='SSHClient',
    versions=(4,),
    methods={
        'AllAddresses': all_addresses,
        'PrivateAddress': get_address,
        'Proxy': proxy,
        'PublicAddress': get_address,
        'PublicKeys': public_keys,
    },
)
