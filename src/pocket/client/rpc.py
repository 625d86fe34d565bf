"""One connection to a controller's websocket API: log in, call, read a stream."""

from __future__ import annotations

import contextlib
import itertools
import json
import ssl
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from pocket import version
from pocket.client import faults, shape, wire
from pocket.client.clientlog import LOG
from pocket.client.files import Controller

Json = dict[str, Any]

SERVER_NAME = 'juju-apiserver'
"""The name in every controller's certificate, whatever its address."""

_DIAL_S = 10.0
_SPOKEN: Mapping[str, frozenset[int]] = {
    'Action': frozenset({7}),
    'Admin': frozenset({3}),
    'AllWatcher': frozenset({3}),
    'Annotations': frozenset({2}),
    'Application': frozenset(range(15, 21)),
    'Block': frozenset({2}),
    'Bundle': frozenset({6}),
    'ApplicationOffers': frozenset({5}),
    'Charms': frozenset({5, 6, 7}),
    'Client': frozenset({6, 7, 8}),
    'Cloud': frozenset({7}),
    'Controller': frozenset({11, 12}),
    'KeyManager': frozenset({1}),
    'MachineManager': frozenset({9, 10}),
    'ModelConfig': frozenset({3}),
    'ModelManager': frozenset({9, 10}),
    'Resources': frozenset({3}),
    'Secrets': frozenset({2}),
    'SSHClient': frozenset({4}),
    'Spaces': frozenset({6}),
    'Subnets': frozenset({5}),
    'UserManager': frozenset({3}),
    'Storage': frozenset({6}),
}
"""Facade versions whose shapes this client knows; it calls the highest that the server has too."""


class Api:
    """A logged-in connection to *controller*, or to the model *model_uuid* on it.

    Raises:
        NoAnswer: no address answers. Refused: the login failed.
    """

    def __init__(self, controller: Controller, model_uuid: str = '') -> None:
        self._numbers = itertools.count(1)
        self._versions: dict[str, int] = {}
        path = f'/model/{model_uuid}/api' if model_uuid else '/api'
        self._socket = _dial(controller, path)
        try:
            self.login = self._log_in(controller)
        except BaseException:
            self.close()
            raise

    def call(
        self,
        facade: str,
        request: str,
        params: Mapping[str, Any] | None = None,
        *,
        watcher: str = '',
        timeout_s: float | None = None,
    ) -> Json:
        """Call a method and return its response.

        Args:
            watcher: The watcher that it is about.
            timeout_s: How long to wait for it; after a `TimedOut` the connection is of no more use.

        Raises:
            Refused: the server answered with an error. NoAnswer: it closed the connection.
            TimedOut: it did not answer in time.
        """
        number = next(self._numbers)
        best = self._versions.get(facade)
        if best is None:
            raise faults.Refused(
                f'facade "{facade}" is not available on this controller', code='not implemented'
            )
        LOG.debug(__name__, f'calling {facade}.{request}, version {best}')
        message = {
            'request-id': number,
            'type': facade,
            'version': best,
            'request': request,
            'params': params or {},
            **({'id': watcher} if watcher else {}),
        }
        try:
            self._socket.send(json.dumps(message))
            self._socket.set_timeout(timeout_s)
            while True:
                reply: Json = json.loads(self._socket.receive())
                if reply.get('request-id') == number:
                    break
        except TimeoutError as err:
            raise faults.TimedOut('the controller did not answer in time') from err
        except OSError as err:
            raise faults.NoAnswer('connection is shut down') from err
        if reply.get('error'):
            raise faults.Refused(str(reply['error']), code=str(reply.get('error-code') or ''))
        return reply.get('response') or {}

    def close(self) -> None:
        """Close the connection; may be called twice."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _log_in(self, controller: Controller) -> Json:
        self._versions = {'Admin': 3}
        response = self.call(
            'Admin',
            'Login',
            {
                'auth-tag': f'user-{controller.user}',
                'credentials': controller.password,
                'nonce': '',
                'bakery-version': 3,
                'client-version': version.JUJU_VERSION,
            },
        )
        if response.get('discharge-required') or response.get('bakery-discharge-required'):
            raise faults.Refused(
                f'cannot log in to controller "{controller.name}": it wants a login by macaroon',
            )
        self._versions = common_versions(response.get('facades') or [])
        return response


def common_versions(offered: list[Json]) -> dict[str, int]:
    """The version of each facade to call: the highest that both sides know."""
    common: dict[str, int] = {}
    for facade in offered:
        name = str(facade['name'])
        both = _SPOKEN.get(name, frozenset()).intersection(facade.get('versions') or ())
        if both:
            common[name] = max(both)
    return common


def log_stream(controller: Controller, model_uuid: str, query: list[tuple[str, str]]) -> Iterator[Json]:
    """The records of the model's log, until the server ends the stream.

    Raises:
        NoAnswer: no address answers. Refused: the server does not accept the query.
    """
    from base64 import b64encode

    secret = b64encode(f'user-{controller.user}:{controller.password}'.encode()).decode()
    path = f'/model/{model_uuid}/log?{urlencode(query)}'
    socket = _dial(controller, path, headers={'Authorization': f'Basic {secret}'})
    with contextlib.closing(socket):
        try:
            first: Json = json.loads(socket.receive())
            error = shape.mapping(first.get('error'))
            if error:
                raise faults.Refused(str(error.get('message')), code=str(error.get('code') or ''))
            while True:
                yield json.loads(socket.receive())
        except OSError as err:
            if not socket.ended_well:
                raise faults.NoAnswer('connection is shut down') from err


def tls(controller: Controller) -> ssl.SSLContext:
    """A TLS context that trusts the controller's own authority only."""
    return ssl.create_default_context(cadata=controller.ca_cert or None)


def _dial(controller: Controller, path: str, *, headers: Mapping[str, str] | None = None) -> wire.Socket:
    """Connect to the first address that answers."""
    if not controller.endpoints:
        raise faults.NoAnswer(f'cannot connect to controller "{controller.name}": it has no API addresses')
    context = tls(controller)
    last: Exception | None = None
    for address in controller.endpoints:
        try:
            return wire.Socket(
                address,
                path,
                tls=context,
                server_name=SERVER_NAME if controller.ca_cert else None,
                headers=headers or {},
                open_timeout_s=_DIAL_S,
            )
        except OSError as err:
            last = err
    addresses = ', '.join(controller.endpoints)
    raise faults.NoAnswer(
        f'cannot connect to controller "{controller.name}" at {addresses}',
        hint='Is it running? "pocket up" starts the one on this machine.',
    ) from last
