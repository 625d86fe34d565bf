"""MachineManager: machines that were asked for as such."""

from __future__ import annotations

from pocket.api import encode, storagejson
from pocket.api.facade import Call, Facade, each
from pocket.api.fields import Fields, untag
from pocket.api.rpc import Json
from pocket.model import unit_tag
from pocket.services import applications, machines, storage
from pocket.services.errors import NOT_SUPPORTED, JujuError


async def add_machines(call: Call) -> Json:
    """MachineManager.AddMachines."""

    async def one(request: Fields) -> Json:
        for name in ('container-type', 'parent-id', 'placement', 'disks'):
            if request.has_any(name) and not _plain(request, name, call.model_uuid):
                raise JujuError(f'cannot add a machine: {name} not supported by pocket', NOT_SUPPORTED)
        machine_id = await call.write(
            machines.add,
            call.model_uuid,
            base=encode.parse_base(request.child('base')),
            constraints=request.values('constraints'),
        )
        return {'machine': machine_id}

    return {'machines': await each(call.params.children('params'), one)}


async def destroy_machine_with_params(call: Call) -> Json:
    """MachineManager.DestroyMachineWithParams."""
    params = call.params

    async def one(tag: str) -> Json:
        machine_id = untag('machine', tag)
        call.read(machines.get, call.model_uuid, machine_id)
        units = [
            unit.name
            for unit in call.read(applications.list_units, call.model_uuid)
            if unit.machine == machine_id
        ]
        fate = call.read(storage.fate, call.model_uuid, units, destroy_storage=False)
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


def _plain(request: Fields, name: str, model_uuid: str) -> bool:
    """Whether a placement says no more than "a machine of this model's cloud"."""
    return name == 'placement' and not encode.placement(request.child(name), model_uuid)


FACADE = Facade(
    name='MachineManager',
    versions=(10,),
    methods={'AddMachines': add_machines, 'DestroyMachineWithParams': destroy_machine_with_params},
)
