"""The part of Application that is about where and how many: bases, and scales on Kubernetes."""

from __future__ import annotations

from pocket.api.facade import Call, each
from pocket.api.fields import Fields, untag
from pocket.api.rpc import Json
from pocket.services import applications
from pocket.services.errors import NOT_VALID, JujuError


async def scale_applications(call: Call) -> Json:
    """Application.ScaleApplications: to a number of units, or by how many more or fewer."""

    async def one(request: Fields) -> Json:
        name = untag('application', request.text('application-tag'))
        to, change = request.number('scale'), request.number('scale-change')
        if to and change:
            raise JujuError('requesting both scale and scale-change not valid', NOT_VALID)
        scaled = await call.write(
            applications.scale,
            call.model_uuid,
            name,
            to=None if change else to,
            change=change,
            destroy_storage=request.flag('destroy-storage'),
        )
        return {'info': {'num-units': scaled}}

    return {'results': await each(call.params.children('applications'), one)}


async def update_base(call: Call) -> Json:
    """Application.UpdateApplicationBase: what units that are added from now on run on."""

    async def one(request: Fields) -> Json:
        name = untag('application', request.child('tag').text('tag'))
        channel = request.text('channel').partition('/')[0]
        await call.write(
            applications.set_base, call.model_uuid, name, channel=channel, force=request.flag('force')
        )
        return {}

    return {'results': await each(call.params.children('args'), one)}
