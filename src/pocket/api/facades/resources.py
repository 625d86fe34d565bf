"""Resources: applications are known to have none."""

from __future__ import annotations

from pocket.api.facade import Call, Facade, each
from pocket.api.fields import untag
from pocket.api.rpc import Json
from pocket.services import applications


async def list_resources(call: Call) -> Json:
    """Resources.ListResources."""

    async def one(tag: str) -> Json:
        call.read(applications.get, call.model_uuid, untag('application', tag))
        return {'resources': [], 'charm-store-resources': [], 'unit-resources': []}

    tags = [entity.text('tag') for entity in call.params.children('entities')]
    return {'results': await each(tags, one)}


FACADE = Facade(name='Resources', versions=(3,), methods={'ListResources': list_resources})
