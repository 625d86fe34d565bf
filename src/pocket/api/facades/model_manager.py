"""ModelManager: models as a controller's user sees them."""

from __future__ import annotations

from pocket.api import encode
from pocket.api.facade import Call, Facade, Method, Scope, each, one_result
from pocket.api.facades import secrets, user_manager
from pocket.api.fields import Fields, untag
from pocket.api.identity import ADMIN
from pocket.api.rpc import Json
from pocket.model import Life
from pocket.services import blocks, clouds, credentials, machines, modelconfig, models, status
from pocket.services.blocks import Block
from pocket.services.errors import MODEL_NOT_FOUND, NOT_FOUND, NOT_SUPPORTED, JujuError
from pocket.services.machines import MachineRecord
from pocket.services.models import ModelRecord
from pocket.services.secrets import records as secret_records
from pocket.services.status import ModelSnapshot

OWNER_TAG = f'user-{ADMIN}'


async def create_model(call: Call) -> Json:
    """ModelManager.CreateModel."""
    cloud_tag = call.params.text('cloud-tag')
    cloud = call.read(clouds.get, untag('cloud', cloud_tag) if cloud_tag else clouds.OWN)
    owner = call.params.text('owner-tag', OWNER_TAG)
    if untag('user', owner) != ADMIN:
        raise JujuError(f'user "{untag("user", owner)}" not found', 'user not found')
    uuid = await call.write(
        models.add,
        name=call.params.text('name'),
        owner=ADMIN,
        cloud=cloud.name,
        region=clouds.region(cloud, call.params.text('region')),
        credential=call.read(credentials.for_model, cloud, call.params.text('credential')),
        config=call.params.map('config'),
    )
    return _info(call, call.read(status.snapshot, uuid))


async def list_models(call: Call) -> Json:
    """ModelManager.ListModels, and Controller.AllModels."""
    return {
        'user-models': [
            {
                'model': {
                    'name': record.name,
                    'uuid': record.uuid,
                    'type': record.type,
                    'owner-tag': f'user-{record.owner}',
                },
                'last-connection': None,
            }
            for record in call.read(models.list_)
        ]
    }


async def list_model_summaries(call: Call) -> Json:
    """ModelManager.ListModelSummaries."""
    snapshots = [call.read(status.snapshot, uuid) for uuid in call.read(models.list_uuids)]
    return {'results': [one_result(_summary(call, snapshot)) for snapshot in snapshots]}


async def model_info(call: Call) -> Json:
    """ModelManager.ModelInfo."""

    async def one(tag: str) -> Json:
        return one_result(_info(call, _snapshot(call, tag)))

    return {'results': await each(_tags(call), one)}


async def model_status(call: Call) -> Json:
    """ModelManager.ModelStatus, and Controller.ModelStatus: a client polls it while it destroys a model."""

    async def one(tag: str) -> Json:
        return _status(_snapshot(call, tag))

    return {'models': await each(_tags(call), one)}


async def destroy_models(call: Call) -> Json:
    """ModelManager.DestroyModels."""

    async def one(model: Fields) -> Json:
        uuid = _snapshot(call, model.text('model-tag')).model.uuid
        if not model.flag('force'):
            call.read(blocks.require_allowed, uuid, Block.DESTROY)
        await call.write(
            models.destroy,
            uuid,
            force=model.flag('force'),
            destroy_storage=model.flag('destroy-storage') if 'destroy-storage' in model else None,
        )
        return {}

    return {'results': await each(call.params.children('models'), one)}


async def model_defaults(call: Call) -> Json:
    """ModelManager.ModelDefaultsForClouds: what a model's options are unless it says otherwise."""

    async def one(tag: str) -> Json:
        call.read(clouds.get, untag('cloud', tag))
        return {'config': {name: {'default': value} for name, value in modelconfig.DEFAULTS.items()}}

    return {'results': await each(_tags(call), one)}


def _refuse(name: str, why: str) -> Method:
    """A bulk method that refuses each item of the list *name*."""

    async def method(call: Call) -> Json:
        async def one(_item: Fields) -> Json:
            raise JujuError(why, NOT_SUPPORTED)

        return {'results': await each(call.params.children(name), one)}

    return method


_DEFAULTS_STAY = 'changing the defaults of models not supported by pocket'
_NO_CREDENTIALS = 'changing the credential of a model not supported: machines of pocket need none'


def _tags(call: Call) -> list[str]:
    return [entity.text('tag') for entity in call.params.children('entities')]


def _snapshot(call: Call, tag: str) -> ModelSnapshot:
    try:
        return call.read(status.snapshot, untag('model', tag))
    except JujuError as error:
        if error.code == MODEL_NOT_FOUND:
            # About a model, rather than in one, it is an ordinary "not found": clients wait for that.
            raise JujuError('model not found', NOT_FOUND) from error
        raise


def _common(call: Call, record: ModelRecord) -> Json:
    return {
        'name': record.name,
        'uuid': record.uuid,
        'type': record.type,
        'controller-uuid': call.controller.identity.controller_uuid,
        'is-controller': record.is_controller,
        'provider-type': call.read(clouds.get, record.cloud).type,
        'cloud-tag': f'cloud-{record.cloud}',
        'cloud-region': record.region,
        **_credential(record),
        'owner-tag': f'user-{record.owner}',
        'life': record.life.value,
        'status': encode.entity_status(record.status),
        'sla': {'level': 'unsupported', 'owner': ''},
        'agent-version': record.agent_version,
    }


def _credential(record: ModelRecord) -> Json:
    if not record.credential:
        return {}
    tag = 'cloudcred-' + record.credential.replace('/', '_')
    return {'cloud-credential-tag': tag, 'cloud-credential-validity': True}


def _info(call: Call, snapshot: ModelSnapshot) -> Json:
    record = snapshot.model
    return {
        **_common(call, record),
        'default-base': str(call.read(machines.default_base, record.uuid)),
        'users': [user_manager.model_user(record.uuid)],
        'machines': [_machine(machine, call.controller.arch) for machine in snapshot.machines],
        'secret-backends': [_secret_backend(call, record.uuid)],
        'supported-features': [],
    }


def _secret_backend(call: Call, uuid: str) -> Json:
    return {
        'result': {'name': secrets.BACKEND, 'backend-type': 'controller', 'config': {}},
        'id': call.controller.identity.controller_uuid,
        'num-secrets': call.read(secret_records.count, uuid),
        'status': 'active',
    }


def _summary(call: Call, snapshot: ModelSnapshot) -> Json:
    counts = {
        'machines': len(snapshot.machines),
        'cores': sum(machine.cores or 0 for machine in snapshot.machines),
        'units': len(snapshot.units),
    }
    return {
        **_common(call, snapshot.model),
        'user-access': 'admin',
        'last-connection': None,
        'counts': [{'entity': entity, 'count': count} for entity, count in counts.items()],
    }


def _status(snapshot: ModelSnapshot) -> Json:
    record = snapshot.model
    return {
        'model-tag': f'model-{record.uuid}',
        'life': record.life.value,
        'type': record.type,
        'hosted-machine-count': sum(machine.life is not Life.DEAD for machine in snapshot.machines),
        'application-count': len(snapshot.applications),
        'unit-count': len(snapshot.units),
        'owner-tag': f'user-{record.owner}',
        'applications': [{'name': application.name} for application in snapshot.applications],
        'machines': [{'id': machine.id} for machine in snapshot.machines],
        'volumes': [
            {
                'id': each.volume_id,
                'provider-id': f'volume-{each.volume_id}',
                'status': each.status.value,
                'message': each.status.message,
                'detachable': each.persistent,
            }
            for each in snapshot.storage
            if each.volume_id
        ],
        'filesystems': [
            {
                'id': each.filesystem_id,
                'provider-id': each.filesystem_id,
                'status': each.status.value,
                'message': each.status.message,
                'detachable': each.persistent,
            }
            for each in snapshot.storage
        ],
    }


def _machine(machine: MachineRecord, arch: str) -> Json:
    hardware: Json = {'arch': arch, 'mem': machine.memory_mb, 'cores': machine.cores}
    hardware['availability-zone'] = machine.zone or None
    return {
        'id': machine.id,
        'hardware': {key: value for key, value in hardware.items() if value is not None},
        'instance-id': machine.host_name if machine.address else '',
        'status': machine.agent_status.value,
        'message': machine.agent_status.message,
    }


FACADE = Facade(
    name='ModelManager',
    versions=(9, 10),
    scope=Scope.CONTROLLER,
    methods={
        'ChangeModelCredential': _refuse('model-credentials', _NO_CREDENTIALS),
        'CreateModel': create_model,
        'DestroyModels': destroy_models,
        'ListModelSummaries': list_model_summaries,
        'ListModels': list_models,
        'ModelDefaultsForClouds': model_defaults,
        'ModelInfo': model_info,
        'ModelStatus': model_status,
        'ModifyModelAccess': user_manager.refuse('changing access', 'changes'),
        'SetModelDefaults': _refuse('config', _DEFAULTS_STAY),
        'UnsetModelDefaults': _refuse('keys', _DEFAULTS_STAY),
    },
)
