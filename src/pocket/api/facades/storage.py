"""Storage: instances, filesystems, volumes and pools of a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pocket.api import storagejson
from pocket.api.facade import Call, Facade, each, one_result
from pocket.api.fields import Fields, untag
from pocket.api.rpc import Json
from pocket.services.errors import NOT_FOUND, NOT_SUPPORTED, JujuError
from pocket.services.storage import pools as storage_pools
from pocket.services.storage import records as storage_records
from pocket.services.storage import requests as storage_requests
from pocket.services.storage.pools import Pool
from pocket.services.storage.records import StorageRecord


async def storage_details(call: Call) -> Json:
    """Storage.StorageDetails."""
    known = {record.id: record for record in _records(call)}

    async def one(entity: Fields) -> Json:
        storage_id = storagejson.untag(entity.text('tag'))
        if storage_id not in known:
            raise JujuError(f'storage instance "{storage_id}" not found', NOT_FOUND)
        return one_result(storagejson.instances([known[storage_id]])[0])

    return {'results': await each(call.params.children('entities'), one)}


async def list_storage_details(call: Call) -> Json:
    """Storage.ListStorageDetails."""
    found = storagejson.instances(_records(call))
    return {'results': [{'result': found} for _ in call.params.children('filters')]}


async def list_filesystems(call: Call) -> Json:
    """Storage.ListFilesystems: all, or those of some machines."""
    return await _list(call, storagejson.filesystems)


async def list_volumes(call: Call) -> Json:
    """Storage.ListVolumes: all, or those of some machines."""
    return await _list(call, storagejson.volumes)


async def list_pools(call: Call) -> Json:
    """Storage.ListPools: all, or those of some names and providers."""

    async def one(wanted: Fields) -> Json:
        names, providers = wanted.texts('names'), wanted.texts('providers')
        for provider in providers:
            if provider not in call.read(storage_pools.providers, call.model_uuid):
                raise JujuError(f'storage provider "{provider}" not found', NOT_FOUND)
        pools = call.read(storage_pools.list_, call.model_uuid)
        return {
            'storage-pools': [
                storagejson.pool(pool)
                for pool in pools
                if (not names or pool.name in names) and (not providers or pool.provider in providers)
            ]
        }

    return {'results': await each(call.params.children('filters'), one)}


async def create_pool(call: Call) -> Json:
    """Storage.CreatePool."""

    async def one(wanted: Fields) -> Json:
        await call.write(storage_pools.create, call.model_uuid, _pool(wanted))
        return {}

    return {'results': await each(call.params.children('pools'), one)}


async def update_pool(call: Call) -> Json:
    """Storage.UpdatePool."""

    async def one(wanted: Fields) -> Json:
        await call.write(storage_pools.update, call.model_uuid, _pool(wanted))
        return {}

    return {'results': await each(call.params.children('pools'), one)}


async def remove_pool(call: Call) -> Json:
    """Storage.RemovePool."""

    async def one(wanted: Fields) -> Json:
        await call.write(storage_pools.remove, call.model_uuid, wanted.text('name'))
        return {}

    return {'results': await each(call.params.children('pools'), one)}


async def add_to_unit(call: Call) -> Json:
    """Storage.AddToUnit."""

    async def one(request: Fields) -> Json:
        made = await call.write(
            storage_requests.add_to_unit,
            call.model_uuid,
            untag('unit', request.text('unit')),
            request.text('name'),
            storagejson.wanted(request.child('storage')),
        )
        return one_result({'storage-tags': [storagejson.tag(storage_id) for storage_id in made]})

    return {'results': await each(call.params.children('storages'), one)}


async def attach(call: Call) -> Json:
    """Storage.Attach."""

    async def one(request: Fields) -> Json:
        storage_id = storagejson.untag(request.text('storage-tag'))
        unit = untag('unit', request.text('unit-tag'))
        await call.write(storage_requests.attach, call.model_uuid, storage_id, unit)
        return {}

    return {'results': await each(call.params.children('ids'), one)}


async def detach_storage(call: Call) -> Json:
    """Storage.DetachStorage."""
    force = call.params.flag('force')

    async def one(request: Fields) -> Json:
        storage_id = storagejson.untag(request.text('storage-tag'))
        unit = untag('unit', request.text('unit-tag')) if request.text('unit-tag') else ''
        await call.write(storage_requests.detach, call.model_uuid, storage_id, unit, force=force)
        return {}

    return {'results': await each(call.params.child('ids').children('ids'), one)}


async def remove(call: Call) -> Json:
    """Storage.Remove."""

    async def one(request: Fields) -> Json:
        await call.write(
            storage_requests.remove,
            call.model_uuid,
            storagejson.untag(request.text('tag')),
            destroy_attachments=request.flag('destroy-attachments'),
            destroy_storage=request.flag('destroy-storage'),
            force=request.flag('force'),
        )
        return {}

    return {'results': await each(call.params.children('storage'), one)}


async def import_storage(call: Call) -> Json:
    """Storage.Import: nothing that a provider here makes exists before it was made."""

    async def one(request: Fields) -> Json:
        pool = call.read(storage_pools.get, call.model_uuid, request.text('pool'))
        raise JujuError(
            f'importing filesystem with storage provider "{pool.provider}" not supported', NOT_SUPPORTED
        )

    return {'results': await each(call.params.children('storage'), one)}


async def _list(call: Call, encoded: Callable[[Sequence[StorageRecord]], list[Json]]) -> Json:
    async def one(wanted: Fields) -> Json:
        machines = [untag('machine', tag) for tag in wanted.texts('machines')]
        records = [each for each in _records(call) if not machines or each.machine in machines]
        return {'result': encoded(records)}

    return {'results': await each(call.params.children('filters'), one)}


def _records(call: Call) -> list[StorageRecord]:
    return call.read(storage_records.list_, call.model_uuid)


def _pool(wanted: Fields) -> Pool:
    return Pool(name=wanted.text('name'), provider=wanted.text('provider'), attributes=wanted.values('attrs'))


FACADE = Facade(
    name='Storage',
    versions=(6,),
    methods={
        'AddToUnit': add_to_unit,
        'Attach': attach,
        'CreatePool': create_pool,
        'DetachStorage': detach_storage,
        'Import': import_storage,
        'ListFilesystems': list_filesystems,
        'ListPools': list_pools,
        'ListStorageDetails': list_storage_details,
        'ListVolumes': list_volumes,
        'Remove': remove,
        'RemovePool': remove_pool,
        'StorageDetails': storage_details,
        'UpdatePool': update_pool,
    },
)
