"""Juju's websocket RPC for those who talk to many controllers and models at once, in one event loop.

`rpc.Connection` is the same for threads that wait.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any, cast

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from bedrock import errors
from hoodoo.juju import clientfiles, dialling, facades, login


class Session:
    """A logged-in connection; one request at a time."""

    def __init__(self, controller: clientfiles.Controller, socket: ClientConnection) -> None:
        self._controller = controller
        self._socket = socket
        self._sent = 0
        self._versions = facades.Versions(controller)
        self.user_access = ''
        """What the user may do on the controller: ``login`` or ``superuser``."""

    async def call(
        self, facade: str, request: str, params: Mapping[str, Any], *, id_: str = ''
    ) -> dict[str, Any]:
        """Send one request and wait for its answer, for as long as the caller allows.

        Raises:
            RpcFault: the controller refused it. UnreachableFault: the connection broke.
        """
        asked: dict[str, Any] = {
            'type': facade,
            'version': self._versions.of(facade),
            'request': request,
            'params': params,
        }
        if id_:
            asked['id'] = id_
        self._sent += 1
        try:
            await self._socket.send(json.dumps({'request-id': self._sent, **asked}))
            answer = await self._answer()
        except (WebSocketException, OSError) as err:
            name = self._controller.name
            raise errors.UnreachableFault(f'cannot hear controller "{name}": the connection broke') from err
        except ValueError as err:
            name = self._controller.name
            raise errors.UnreachableFault(f'cannot read what controller "{name}" says') from err
        if answer.get('error'):
            raise login.RpcFault(str(answer['error']), code=str(answer.get('error-code', '')))
        return cast('dict[str, Any]', answer.get('response') or {})

    async def log_in(self) -> None:
        """Become somebody.

        Raises:
            RpcFault: the login was refused. UnreachableFault: the connection broke.
        """
        who = self._controller
        try:
            answer = await self.call('Admin', 'Login', login.request(who))
        except login.RpcFault as err:
            raise login.refused(who, err) from None
        login.check(who, answer)
        self._versions.learn(answer)
        user = cast('Mapping[str, Any]', answer.get('user-info') or {})
        self.user_access = str(user.get('controller-access') or '')

    async def _answer(self) -> dict[str, Any]:
        while True:
            answer = cast('dict[str, Any]', json.loads(await self._socket.recv()))
            # What comes late is the answer to a request whose caller has given up.
            if int(answer.get('request-id', 0)) == self._sent:
                return answer


@contextlib.asynccontextmanager
async def connected(controller: clientfiles.Controller, *, model_uuid: str = '') -> AsyncGenerator[Session]:
    """A session with a controller, or with one of its models, until the block ends.

    Raises:
        UnreachableFault: no endpoint answers. RpcFault: the login was refused.
    """
    path = f'/model/{model_uuid}/api' if model_uuid else '/api'
    socket = await dialling.dial(controller, path)
    try:
        session = Session(controller, socket)
        await session.log_in()
        yield session
    finally:
        # Nobody waits for the other side's farewell: it may be the very one that does not answer.
        socket.close_timeout = 0.2
        await socket.close()
