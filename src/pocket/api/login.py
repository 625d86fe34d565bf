"""Admin, the one facade of a connection before it is logged in."""

from __future__ import annotations

from pocket.api import facades
from pocket.api.facade import Call, Controller, Facade, Scope
from pocket.api.identity import ADMIN
from pocket.api.rpc import Json
from pocket.model import JUJU_VERSION
from pocket.services.errors import UNAUTHORIZED, JujuError

__all__ = ['FACADE', 'check_password', 'facade_list', 'login']


def check_password(controller: Controller, tag: str, password: str) -> str:
    """Return the user that *tag* and *password* belong to.

    Raises:
        JujuError: unknown user or wrong password; which of them is not told.
    """
    user = tag.removeprefix('user-').removesuffix('@local')
    known = controller.password_hash.matches(password)
    if not (tag.startswith('user-') and user == ADMIN and known):
        raise JujuError('invalid entity name or password', UNAUTHORIZED)
    return user


async def login(call: Call) -> Json:
    """Admin.Login: from here on the connection may call the facades that it is told of."""
    user = check_password(call.controller, call.params.text('auth-tag'), call.params.text('credentials'))
    call.session.user = user
    controller, uuid = call.controller, call.model_uuid
    reply: Json = {
        'servers': [[_server(controller.port)]],
        'controller-tag': controller.tag,
        'user-info': {
            'display-name': user,
            'identity': f'user-{user}',
            'controller-access': 'superuser',
            'model-access': 'admin' if uuid else '',
        },
        'facades': facade_list(Scope.MODEL if uuid else Scope.CONTROLLER),
        'server-version': JUJU_VERSION,
    }
    return {**reply, 'model-tag': f'model-{uuid}'} if uuid else reply


async def redirect_info(_call: Call) -> Json:
    """Admin.RedirectInfo: models never move away from here."""
    raise JujuError('not redirected')


def facade_list(kind: Scope) -> list[Json]:
    """The facades and versions that a connection of this kind may call."""
    return [
        {'name': facade.name, 'versions': list(facade.versions)}
        for facade in facades.ALL.values()
        if facade.scope in (kind, Scope.BOTH)
    ]


def _server(port: int) -> Json:
    return {'value': '127.0.0.1', 'type': 'ipv4', 'scope': 'local-machine', 'port': port}


FACADE = Facade(
    name='Admin',
    versions=(3,),
    methods={'Login': login, 'RedirectInfo': redirect_info},
    scope=Scope.BOTH,
)
