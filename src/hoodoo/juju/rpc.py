"""Juju's websocket RPC, as a client sees it: one connection, one request at a time."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Mapping
from typing import Any, cast

from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.sync.client import ClientConnection, connect

from bedrock import errors
from hoodoo.juju import clientfiles

# Which versions of each facade this client can read; the highest that the server has too is used.
_KNOWN: Mapping[str, tuple[int, ...]] = {
    'Admin': (3,),
    'AllWatcher': (3,),
    'Application': tuple(range(15, 23)),
    'Client': (6, 7, 8),
    'ModelManager': (9, 10),
}
_SERVER_NAME = 'juju-apiserver'
_MAX_FRAME = 64 * 2**20
_OPEN_S = 10.0


class RpcFault(errors.Fault):
    """The controller answered with an error."""

    def __init__(self, message: str, *, code: str = '') -> None:
        super().__init__(message)
        self.code = code


class Connection:
    """A logged-in connection to a controller, or to one of its models."""

    def __init__(self, controller: clientfiles.Controller, *, model_uuid: str = '') -> None:
        """Connect and log in.

        Raises:
            UnreachableFault: no endpoint answers. RpcFault: the login was refused.
        """
        self._controller = controller
        self._lock = threading.Lock()
        self._sent = 0
        self._versions: dict[str, int] = {'Admin': 3}
        self._socket = _open(controller, f'/model/{model_uuid}/api' if model_uuid else '/api')
        try:
            self._log_in()
        except BaseException:
            self._socket.close()
            raise

    def call(self, facade: str, request: str, params: Mapping[str, Any], *, id_: str = '') -> dict[str, Any]:
        """Send one request and wait for its answer.

        Raises:
            RpcFault: the controller refused it. UnreachableFault: the connection broke.
        """
        with self._lock:
            self._sent += 1
            message = {
                'request-id': self._sent,
                'type': facade,
                'version': self._versions.get(facade, 0),
                'request': request,
                'params': params,
            }
            if id_:
                message['id'] = id_
            try:
                self._socket.send(json.dumps(message))
                answer = self._answer(self._sent)
            except (WebSocketException, OSError) as err:
                raise errors.UnreachableFault(
                    f'cannot hear controller "{self._controller.name}": the connection broke'
                ) from err
        if answer.get('error'):
            raise RpcFault(str(answer['error']), code=str(answer.get('error-code', '')))
        return cast('dict[str, Any]', answer.get('response') or {})

    def close(self) -> None:
        """Hang up; a call that waits in another thread ends with UnreachableFault."""
        self._socket.close()

    def _answer(self, number: int) -> dict[str, Any]:
        while True:
            answer = cast('dict[str, Any]', json.loads(self._socket.recv()))
            if answer.get('request-id') == number:
                return answer

    def _log_in(self) -> None:
        who = self._controller
        answer = self.call(
            'Admin',
            'Login',
            {
                'auth-tag': f'user-{who.user}',
                'credentials': who.password,
                'nonce': '',
                'client-version': '3.6.0',
            },
        )
        for facade in cast('list[dict[str, Any]]', answer.get('facades') or []):
            known = _KNOWN.get(str(facade['name']), ())
            both = [version for version in facade.get('versions') or () if version in known]
            if both:
                self._versions[str(facade['name'])] = max(both)


def _open(controller: clientfiles.Controller, path: str) -> ClientConnection:
    """Connect to the first endpoint that answers."""
    # Juju signs for this name whatever the controller's address is.
    name = _SERVER_NAME if controller.ca else None
    context = ssl.create_default_context(cadata=controller.ca or None)
    failed: Exception | None = None
    for endpoint in controller.endpoints:
        try:
            return connect(
                f'wss://{endpoint}{path}',
                ssl=context,
                server_hostname=name,
                max_size=_MAX_FRAME,
                open_timeout=_OPEN_S,
                close_timeout=1,
                compression=None,
                proxy=None,
            )
        except (OSError, InvalidHandshake, TimeoutError) as err:
            failed = err
    where = ', '.join(controller.endpoints) or 'no known address'
    raise errors.UnreachableFault(
        f'cannot reach controller "{controller.name}" at {where}', hint='Is it running?'
    ) from failed
