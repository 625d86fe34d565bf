"""HighAvailability: there is one controller, and it stays one."""

from __future__ import annotations

from pocket.api.facade import Call, Facade, Scope, each
from pocket.api.fields import Fields
from pocket.api.rpc import Json
from pocket.services.errors import NOT_SUPPORTED, JujuError


async def enable_ha(call: Call) -> Json:
    """HighAvailability.EnableHA: refused."""

    async def one(_spec: Fields) -> Json:
        raise JujuError(
            'high availability not supported: pocket is one controller on one machine', NOT_SUPPORTED
        )

    return {'results': await each(call.params.children('specs'), one)}


async def controller_details(call: Call) -> Json:
    """HighAvailability.ControllerDetails: the one controller."""
    here = {'controller-id': '0', 'api-endpoints': [f'127.0.0.1:{call.controller.port}']}
    return {'results': [here]}


FACADE = Facade(
    name='HighAvailability',
    versions=(2,),
    scope=Scope.BOTH,
    methods={'ControllerDetails': controller_details, 'EnableHA': enable_ha},
)
