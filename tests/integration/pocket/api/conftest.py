"""A real server on a free port, over a real database, and real clients of it."""

from __future__ import annotations

import asyncio
import hashlib
import io
import itertools
import json
import ssl
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets.asyncio.client
from websockets.asyncio.client import ClientConnection

from pocket.api.server import ApiServer
from pocket.api.tls import SERVER_NAME
from pocket.services import models
from pocket.services.errors import JujuError
from pocket.settings import Settings
from pocket.state import State

METADATA = """
name: tester
summary: A charm for tests.
provides:
  web: {interface: http}
requires:
  db: {interface: pgsql, limit: 1}
  up: {interface: http}
peers:
  cluster: {interface: gossip}
"""
CONFIG = """
options:
  port: {type: int, default: 80, description: Where to listen.}
  name: {type: string, description: What to say.}
"""
ACTIONS = 'backup: {description: Make a copy., params: {where: {type: string, default: here}}}\n'
MANIFEST = 'bases: [{name: ubuntu, channel: "24.04", architectures: [amd64]}]\n'


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[State]:
    opened = State(tmp_path / 'home' / 'state.db')
    yield opened
    opened.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path / 'home',
        cache=tmp_path / 'cache',
        port=0,
        juju_data=tmp_path / 'juju',
        controller_name='pocket',
    )


@pytest.fixture
async def server(state: State, settings: Settings) -> AsyncIterator[ApiServer]:
    running = ApiServer(state, settings)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
def trust(server: ApiServer) -> ssl.SSLContext:
    """Trust in the controller's CA and nothing else, names checked."""
    return ssl.create_default_context(cadata=server.identity.ca_cert_pem)


@pytest.fixture
async def connect(
    server: ApiServer, trust: ssl.SSLContext
) -> AsyncIterator[Callable[[str], Awaitable[ClientConnection]]]:
    """Opens a websocket to a path, with the name that Juju's client checks for."""
    async with AsyncExitStack() as stack:

        async def to(path: str) -> ClientConnection:
            return await stack.enter_async_context(
                websockets.asyncio.client.connect(
                    f'wss://127.0.0.1:{server.port}{path}',
                    ssl=trust,
                    server_hostname=SERVER_NAME,
                    proxy=None,
                )
            )

        yield to


@pytest.fixture
async def http(server: ApiServer, trust: ssl.SSLContext) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=f'https://127.0.0.1:{server.port}',
        verify=trust,
        auth=('user-admin', server.identity.password),
        trust_env=False,
    ) as client:
        yield client


@pytest.fixture
async def model(state: State) -> str:
    """The uuid of an empty model."""
    return await state.write(models.add, name='m', owner='admin', cloud='pocket', region='default')


@pytest.fixture
def archive() -> bytes:
    """A charm."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, 'w') as opened:
        opened.writestr('metadata.yaml', METADATA)
        opened.writestr('config.yaml', CONFIG)
        opened.writestr('actions.yaml', ACTIONS)
        opened.writestr('manifest.yaml', MANIFEST)
        opened.writestr('dispatch', '#!/bin/sh\n')
    return packed.getvalue()


class Wire:
    """A logged-in connection whose calls may overlap; an error that comes back is raised."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.ensure_future(self._read())
        self._numbers = itertools.count(1)

    async def __call__(self, facade: str, version: int, method: str, *, of: str = '', **params: Any) -> Any:
        number = next(self._numbers)
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        # python-libjuju spells "Id" like this.
        request = {'type': facade, 'version': version, 'request': method, 'Id': of, 'params': params}
        await self._socket.send(json.dumps({'request-id': number, **request}))
        async with asyncio.timeout(5):
            reply = await waiting
        if 'error' in reply:
            raise JujuError(reply['error'], reply.get('error-code', ''))
        return reply['response']

    async def close(self) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self) -> None:
        async for text in self._socket:
            reply = json.loads(text)
            self._waiting.pop(reply['request-id']).set_result(reply)


Connect = Callable[[str], Awaitable[ClientConnection]]
Call = Callable[..., Awaitable[Any]]


@pytest.fixture
async def on_controller(server: ApiServer, connect: Connect) -> AsyncIterator[Call]:
    """Calls methods on a controller connection."""
    wire = Wire(await connect('/api'))
    credentials = {'auth-tag': 'user-admin', 'credentials': server.identity.password}
    await wire('Admin', 3, 'Login', **credentials)
    yield wire
    await wire.close()


@pytest.fixture
async def on_model(server: ApiServer, connect: Connect, model: str) -> AsyncIterator[Call]:
    """Calls methods on a connection to the model."""
    wire = Wire(await connect(f'/model/{model}/api'))
    credentials = {'auth-tag': 'user-admin', 'credentials': server.identity.password}
    await wire('Admin', 3, 'Login', **credentials)
    yield wire
    await wire.close()


@pytest.fixture
def deploy(
    http: httpx.AsyncClient, on_model: Call, model: str, archive: bytes
) -> Callable[..., Awaitable[str]]:
    """Uploads the charm and deploys it under a name; returns the charm's URL."""

    async def as_(name: str, **changed: Any) -> str:
        sha = hashlib.sha256(archive).hexdigest()
        uploaded = await http.put(f'/model-{model}/charms/tester-{sha[:7]}', content=archive)
        url = uploaded.json()['charm-url']
        base = {'name': 'ubuntu', 'channel': '24.04/stable'}
        wanted = {'charm-url': url, 'charm-origin': {'source': 'local', 'base': base}, 'num-units': 1}
        # python-libjuju sends every field that it knows, most of them null.
        nulls = dict.fromkeys(('config', 'placement', 'storage', 'devices', 'resources', 'constraints'))
        application = {'application': name, **nulls, **wanted, **changed}
        reply = await on_model('Application', 20, 'Deploy', applications=[application])
        assert reply == {'results': [{}]}
        return url

    return as_
