"""Storage: there is none to list."""

from __future__ import annotations

from pocket.api.facade import Call, Facade
from pocket.api.rpc import Json


async def list_nothing(call: Call) -> Json:
    """Storage.ListStorageDetails, ListFilesystems and ListVolumes."""
    return {'results': [{'result': []} for _ in call.params.children('filters')]}


async def list_pools(call: Call) -> Json:
    """Storage.ListPools."""
    return {'results': [{'storage-pools': []} for _ in call.params.children('filters')]}


FACADE = Facade(
    name='Storage',
    versions=(6,),
    methods={
        'ListFilesystems': list_nothing,
        'ListPools': list_pools,
        'ListStorageDetails': list_nothing,
        'ListVolumes': list_nothing,
    },
)
