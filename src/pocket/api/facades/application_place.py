"""The part of Application that is about where: bases and scales that machines do not have."""

from __future__ import annotations

from pocket.api.facade import Call, each
from pocket.api.fields import Fields, untag
from pocket.api.rpc import Json
from pocket.services import applications
from pocket.services.errors import NOT_SUPPORTED, JujuError


async def scale_applications(call: Call) -> Json:
    """Application.ScaleApplications: it is for models of containers."""

    async def one(request: Fields) -> Json:
        call.read(applications.get, call.model_uuid, untag('application', request.text('application-tag')))
        raise JujuError('scaling applications on a non-container model not supported', NOT_SUPPORTED)

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
