"""UserManager: the one user there is."""

from __future__ import annotations

from pocket.api import encode
from pocket.api.facade import Call, Facade, Scope, each, one_result
from pocket.api.fields import untag
from pocket.api.identity import ADMIN
from pocket.api.rpc import Json
from pocket.services.errors import JujuError


async def user_info(call: Call) -> Json:
    """UserManager.UserInfo: of the named users, or of all."""

    async def one(tag: str) -> Json:
        name = untag('user', tag)
        if name != ADMIN:
            raise JujuError(f'user "{name}" not found', 'user not found')
        return one_result(
            {
                'username': ADMIN,
                'display-name': ADMIN,
                'access': 'superuser',
                'created-by': ADMIN,
                'date-created': encode.timestamp(0),
                'disabled': False,
            }
        )

    tags = [entity.text('tag') for entity in call.params.children('entities')]
    return {'results': await each(tags or [f'user-{ADMIN}'], one)}


FACADE = Facade(name='UserManager', versions=(3,), methods={'UserInfo': user_info}, scope=Scope.CONTROLLER)
