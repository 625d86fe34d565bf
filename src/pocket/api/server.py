"""The TLS server: the websockets that carry RPC, and the HTTP endpoints beside them."""

from __future__ import annotations

import asyncio
import contextlib
import platform
import socket
from collections.abc import AsyncIterator
from dataclasses import replace

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import InvalidState

from bedrock.errors import Fault
from pocket.api import charmhttp, facades, identity, loghttp, podexec, resourcehttp
from pocket.api.dispatch import Dispatcher
from pocket.api.facade import Controller, Session
from pocket.api.identity import Identity, PasswordHash
from pocket.settings import Settings
from pocket.state import State
from pocket.substrate import Substrate

__all__ = ['ApiServer']

_RESOURCES = '/model/{{uuid}}/{}/resources/{{resource}}'
_HOST = '127.0.0.1'
_MAX_MESSAGE = 64 * 2**20
_PING_INTERVAL_S = 60.0
_PONG_WAIT_S = 90.0
_GRACE_S = 2
_GOODBYE_S = 0.01
_BACKLOG = 128
_ARCHITECTURES = {'x86_64': 'amd64', 'aarch64': 'arm64'}


class ApiServer:
    """Serves Juju's API on this machine.

    It handles no signals and owns no loop: whoever runs the daemon starts it, and stops it once.
    """

    def __init__(
        self,
        state: State,
        settings: Settings,
        *,
        identity: Identity | None = None,
        substrate: Substrate | None = None,
    ) -> None:
        """Prepare a server for *state*.

        Args:
            identity: Who this controller is; read from the home, and made there, when it is not given.
            substrate: Where pods run; without it no program can be started in one.
        """
        found = identity or _identity_of(settings)
        machine = platform.machine()
        self._controller = Controller(
            state=state,
            settings=settings,
            identity=found,
            password_hash=PasswordHash.of(found.password),
            port=settings.port,
            arch=_ARCHITECTURES.get(machine, machine),
        )
        self._substrate = substrate
        self._sessions: set[Session] = set()
        self._server: uvicorn.Server | None = None
        self._socket: socket.socket | None = None

    @property
    def identity(self) -> Identity:
        """Who this controller is."""
        return self._controller.identity

    @property
    def port(self) -> int:
        """Where it listens; 0 before `start` when any free port will do."""
        return self._controller.port

    async def start(self) -> int:
        """Listen, and return the port: the one of the settings, or the free one that was taken for 0.

        Raises:
            Fault: the port is taken.
        """
        wanted = self._controller.settings.port
        try:
            self._socket = _listen(wanted)
        except OSError as err:
            raise Fault(
                f'cannot listen on {_HOST}:{wanted}',
                hint='Another controller may use the port; POCKET_PORT names another one.',
            ) from err
        port = int(self._socket.getsockname()[1])
        self._controller = replace(self._controller, port=port)
        self._server = _uvicorn(self._application(), self._controller)
        await self._server.startup(sockets=[self._socket])
        return port

    async def stop(self) -> None:
        """Stop listening, end every connection, and wait for that with a bound; may be called twice."""
        server, self._server = self._server, None
        if server is None or self._socket is None:
            return None
        for session in tuple(self._sessions):
            await session.close()
        # uvicorn's shutdown raises, and stops half way, at a websocket whose peer is just saying goodbye. It
        # may be called again, and such a goodbye is over in a moment.
        async with asyncio.timeout(2 * _GRACE_S):
            while True:
                try:
                    return await server.shutdown(sockets=[self._socket])
                except InvalidState:
                    await asyncio.sleep(_GOODBYE_S)

    def _application(self) -> Starlette:
        app = Starlette(
            routes=[
                Route('/health', _health),
                Route('/model-{uuid}/charms/{object}', charmhttp.put_charm, methods=['PUT']),
                Route('/model-{uuid}/charms/{object}', charmhttp.get_charm_object, methods=['GET']),
                Route('/model/{uuid}/charms', charmhttp.post_charm, methods=['POST']),
                Route('/model/{uuid}/charms', charmhttp.get_charm, methods=['GET']),
                Route(_RESOURCES.format('applications/{application}'), resourcehttp.put, methods=['PUT']),
                Route(
                    _RESOURCES.format('applications/{application}'),
                    resourcehttp.get_application,
                    methods=['GET'],
                ),
                Route(_RESOURCES.format('units/{unit}'), resourcehttp.get_unit, methods=['GET']),
                WebSocketRoute('/', self._rpc),
                WebSocketRoute('/api', self._rpc),
                WebSocketRoute('/model/{uuid}/api', self._rpc),
                WebSocketRoute('/model/{uuid}/log', loghttp.stream),
                WebSocketRoute(podexec.PATH, podexec.Endpoint(self._substrate)),
            ]
        )
        app.state.controller = self._controller
        return app

    async def _rpc(self, websocket: WebSocket) -> None:
        """Serve one connection: requests run side by side, each reply goes out when it is ready."""
        session = Session(self._controller, str(websocket.path_params.get('uuid', '')))
        dispatcher = Dispatcher(session, facades.ALL)
        await websocket.accept()
        self._sessions.add(session)
        serving: set[asyncio.Task[None]] = set()
        try:
            async with asyncio.TaskGroup() as group:
                async for text in _messages(websocket):
                    task = group.create_task(_answer(websocket, dispatcher, text))
                    serving.add(task)
                    task.add_done_callback(serving.discard)
                # Nobody is left to answer: a Next that waits would wait for ever.
                for task in serving:
                    task.cancel()
        finally:
            self._sessions.discard(session)
            await session.close()


def _listen(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only where it sees TCP named; with it each connection costs 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


async def _messages(websocket: WebSocket) -> AsyncIterator[str | bytes]:
    while True:
        message = await websocket.receive()
        if message['type'] == 'websocket.disconnect':
            return
        yield message.get('text') or message.get('bytes') or ''


async def _answer(websocket: WebSocket, dispatcher: Dispatcher, text: str | bytes) -> None:
    reply = await dispatcher.answer(text)
    # The client may be gone by now; what it asked for is done all the same.
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await websocket.send_text(reply)


async def _health(_request: Request) -> Response:
    return PlainTextResponse('running')


def _identity_of(settings: Settings) -> Identity:
    return identity.load_or_create(settings.home)


def _uvicorn(app: Starlette, controller: Controller) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        access_log=False,
        lifespan='off',
        log_config=None,
        log_level='warning',
        loop='none',
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        ws='websockets-sansio',
        ws_max_size=_MAX_MESSAGE,
        ws_per_message_deflate=False,
        ws_ping_interval=_PING_INTERVAL_S,
        ws_ping_timeout=_PONG_WAIT_S,
    )
    config.load()
    config.ssl = controller.identity.certificates.server_context()
    server = uvicorn.Server(config)
    # `serve` would take over the signals and wake ten times a second; its two steps need neither.
    server.lifespan = config.lifespan_class(config)
    return server
