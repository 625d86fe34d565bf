"""UserManager: the one user there is.

There are no others on purpose. The API answers this machine only, and whoever can read the client's files
may do everything anyway: a second user would look like a border and be none.
"""

from __future__ import annotations

from pocket.api import encode
from pocket.api.facade import Call, Facade, Method, Scope, each, one_result
from pocket.api.fields import Fields, untag
from pocket.api.identity import ADMIN
from pocket.api.rpc import Json
from pocket.services import models
from pocket.services.errors import MODEL_NOT_FOUND, NOT_SUPPORTED, JujuError

_ONE_USER = f'pocket has one user, {ADMIN}'


async def user_info(call: Call) -> Json:
    """UserManager.UserInfo: of the named users, or of all."""
    known = call.read(models.list_)
    since_ms = min((model.created_ms for model in known), default=0)

    async def one(tag: str) -> Json:
        check_user(tag)
        return one_result(
            {
                'username': ADMIN,
                'display-name': ADMIN,
                'access': 'superuser',
                'created-by': ADMIN,
                'date-created': encode.timestamp(since_ms),
                'disabled': False,
            }
        )

    tags = [entity.text('tag') for entity in call.params.children('entities')]
    return {'results': await each(tags or [f'user-{ADMIN}'], one)}


async def model_user_info(call: Call) -> Json:
    """UserManager.ModelUserInfo: who may use a model."""

    async def one(tag: str) -> Json:
        uuid = untag('model', tag)
        if uuid not in call.read(models.list_uuids):
            raise JujuError(f'model "{uuid}" not found', MODEL_NOT_FOUND)
        return one_result(model_user(uuid))

    tags = [entity.text('tag') for entity in call.params.children('entities')]
    return {'results': await each(tags, one)}


def model_user(uuid: str) -> Json:
    """The user of a model."""
    return {
        'model-tag': f'model-{uuid}',
        'user': ADMIN,
        'display-name': ADMIN,
        'last-connection': None,
        'access': 'admin',
    }


def check_user(tag: str) -> None:
    """Make sure that *tag* is the user.

    Raises:
        JujuError: it is another one.
    """
    name = untag('user', tag).removesuffix('@local')
    if name != ADMIN:
        raise JujuError(f'user "{name}" not found', 'user not found')


def refuse(doing: str, name: str) -> Method:
    """A bulk method that refuses each item of the list *name*: there is but one user."""

    async def method(call: Call) -> Json:
        async def one(_item: Fields) -> Json:
            raise JujuError(f'{doing} not supported: {_ONE_USER}', NOT_SUPPORTED)

        return {'results': await each(call.params.children(name), one)}

    return method


FACADE = Facade(
    name='UserManager',
    versions=(3,),
    scope=Scope.CONTROLLER,
    methods={
        'AddUser': refuse('adding users', 'users'),
        'DisableUser': refuse('disabling users', 'entities'),
        'EnableUser': refuse('enabling users', 'entities'),
        'ModelUserInfo': model_user_info,
        'RemoveUser': refuse('removing users', 'entities'),
        'ResetPassword': refuse('resetting passwords', 'entities'),
        'SetPassword': refuse('setting passwords', 'changes'),
        'UserInfo': user_info,
    },
)
