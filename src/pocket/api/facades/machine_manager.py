"""MachineManager: machines that were asked for as such."""

from __future__ import annotations

from pocket.api import encode, storagejson
from pocket.api.facade import Call, Facade, each
from pocket.api.fields import Fields, untag
from pocket.api.rpc import Json
from pocket.model import unit_tag
from pocket.services import applications, machines
from pocket.services.errors import BAD_REQUEST, NOT_SUPPORTED, JujuError
from pocket.services.storage import instances as storage_instances

_CONTAINERS = ('lxd', 'kvm')


async def add_machines(call: Call) -> Json:
    """MachineManager.AddMachines."""

    async def one(request: Fields) -> Json:
        if request.has_any('disks'):
            raise JujuError('cannot add a machine: disks not supported by pocket', NOT_SUPPORTED)
        zone = _zone(call, request)
        machine_id = await call.write(
            machines.add,
            call.model_uuid,
            base=encode.parse_base(request.child('base')),
            constraints=request.values('constraints'),
            zone=zone,
        )
        return {'machine': machine_id}

    return {'machines': await each(call.params.children('params'), one)}


async def destroy_machine_with_params(call: Call) -> Json:
    """MachineManager.DestroyMachineWithParams."""
    params = call.params
    if params.flag('keep'):
        # It would be nobody's, and the next start of the controller would end it.
        raise JujuError('cannot keep the instance of a machine: not supported by pocket', NOT_SUPPORTED)

    async def one(tag: str) -> Json:
        machine_id = untag('machine', tag)
        call.read(machines.get, call.model_uuid, machine_id)
        units = [
            unit.name
            for unit in call.read(applications.list_units, call.model_uuid)
            if unit.machine == machine_id
        ]
        fate = call.read(storage_instances.fate, call.model_uuid, units, destroy_storage=False)
        if not params.flag('dry-run'):
            await call.write(machines.destroy, call.model_uuid, machine_id, force=params.flag('force'))
        return {
            'info': {
                'machine-id': machine_id,
                'destroyed-units': [{'tag': unit_tag(unit)} for unit in units],
                **storagejson.fate(fate),
            }
        }

    return {'results': await each(params.texts('machine-tags'), one)}


def _zone(call: Call, request: Fields) -> str:
    """The zone that a request for a machine names; containers on machines are refused in Juju's words."""
    kind, parent = request.text('container-type'), request.text('parent-id')
    place = request.child('placement')
    if place.text('scope') in _CONTAINERS:
        kind, parent = place.text('scope'), place.text('directive')
    if parent:
        call.read(machines.get, call.model_uuid, parent)
        raise JujuError(f'cannot add a new machine: machine {parent} cannot host {kind} containers')
    if kind:
        raise JujuError(f'cannot add a new machine: {kind} containers not supported', NOT_SUPPORTED)
    directive = place.text('directive')
    if not directive or directive == 'new':
        return ''
    key, equals, zone = directive.partition('=')
    if place.text('scope') == '#' or not equals or key != 'zone':
        raise JujuError(f'cannot add a new machine: invalid placement directive "{directive}"', BAD_REQUEST)
    return zone


FACADE = Facade(
    name='MachineManager',
    versions=(10,),
    methods={'AddMachines': add_machines, 'DestroyMachineWithParams': destroy_machine_with_params},
)
