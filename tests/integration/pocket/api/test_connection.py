"""Connections: TLS, login, and what may be called when."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import json
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import websockets.asyncio.client
import websockets.exceptions
from websockets.asyncio.client import ClientConnection

from bedrock.errors import Fault
from pocket.api.server import ApiServer
from pocket.settings import Settings
from pocket.state import State

Connect = Callable[[str], Awaitable[ClientConnection]]
NUMBERS = itertools.count(1)


async def call(
    socket: ClientConnection, facade: str, version: int, method: str, params: object = None
) -> dict[str, Any]:
    request = {'type': facade, 'version': version, 'request': method, 'params': params}
    await socket.send(json.dumps({'request-id': next(NUMBERS), **request}))
    async with asyncio.timeout(5):
        return json.loads(await socket.recv())


async def login(socket: ClientConnection, password: str, tag: str = 'user-admin') -> dict[str, Any]:
    return await call(socket, 'Admin', 3, 'Login', {'auth-tag': tag, 'credentials': password})


async def test_a_login_tells_who_where_and_what(server: ApiServer, connect: Connect, model: str) -> None:
    reply = await login(await connect(f'/model/{model}/api'), server.identity.password)

    response = reply['response']
    assert response['controller-tag'] == f'controller-{server.identity.controller_uuid}'
    assert response['model-tag'] == f'model-{model}'
    assert response['user-info']['identity'] == 'user-admin'
    assert response['server-version'].startswith('3.6.')
    assert response['servers'][0][0]['port'] == server.port
    facades = {entry['name']: entry['versions'] for entry in response['facades']}
    assert facades['Application'] == [19, 20]
    assert 'ModelManager' not in facades


@pytest.mark.parametrize('path', ['/', '/api'])
async def test_a_controller_login_names_no_model(server: ApiServer, connect: Connect, path: str) -> None:
    reply = await login(await connect(path), server.identity.password)

    assert 'model-tag' not in reply['response']
    facades = {entry['name'] for entry in reply['response']['facades']}
    assert {'ModelManager', 'Cloud', 'Controller', 'Pinger'} <= facades
    assert 'Application' not in facades


@pytest.mark.parametrize(
    ('tag', 'password'),
    [('user-admin', 'wrong'), ('user-admin', ''), ('user-eve', None), ('machine-0', None), ('', None)],
)
async def test_a_wrong_user_or_password_is_refused(
    server: ApiServer, connect: Connect, tag: str, password: str | None
) -> None:
    socket = await connect('/api')

    reply = await login(socket, server.identity.password if password is None else password, tag)

    assert reply['error'] == 'invalid entity name or password'
    assert reply['error-code'] == 'unauthorized access'
    refused = await call(socket, 'ModelManager', 9, 'ListModels', {'tag': 'user-admin'})
    assert (refused['error'], refused['error-code']) == ('not logged in', 'unauthorized access')


async def test_a_second_login_is_refused(server: ApiServer, connect: Connect) -> None:
    socket = await connect('/api')
    await login(socket, server.identity.password)

    assert (await login(socket, server.identity.password))['error'] == 'already logged in'


async def test_in_an_unknown_model_every_request_says_so(server: ApiServer, connect: Connect) -> None:
    socket = await connect('/model/no-such-model/api')

    for reply in (await login(socket, server.identity.password), await call(socket, 'Pinger', 1, 'Ping')):
        assert reply['error-code'] == 'model not found'
        assert reply['error'] == 'unknown model: "no-such-model"'


async def test_facades_of_the_other_kind_of_login_are_not_supported(
    server: ApiServer, connect: Connect, model: str
) -> None:
    on_model, on_controller = await connect(f'/model/{model}/api'), await connect('/api')
    await login(on_model, server.identity.password)
    await login(on_controller, server.identity.password)

    reply = await call(on_model, 'ModelManager', 9, 'ListModels')
    assert reply['error'] == 'facade "ModelManager" not supported for model API connection'
    assert reply['error-code'] == 'not supported'
    reply = await call(on_controller, 'Client', 6, 'FullStatus')
    assert reply['error'] == 'facade "Client" not supported for controller API connection'


async def test_what_is_not_implemented_is_answered_as_such(server: ApiServer, connect: Connect) -> None:
    socket = await connect('/api')
    await login(socket, server.identity.password)

    for facade, method in (('Nonsense', 'Get'), ('Pinger', 'Pong')):
        assert (await call(socket, facade, 1, method))['error-code'] == 'not implemented'
    assert await call(socket, 'Pinger', 1, 'Ping') == {'request-id': next(NUMBERS) - 1, 'response': {}}


async def test_garbage_is_answered_and_the_connection_goes_on(server: ApiServer, connect: Connect) -> None:
    socket = await connect('/api')

    await socket.send('nonsense')

    assert json.loads(await socket.recv())['error-code'] == 'bad request'
    assert 'response' in await login(socket, server.identity.password)


async def test_a_client_that_trusts_another_ca_does_not_connect(server: ApiServer) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await websockets.asyncio.client.connect(
            f'wss://127.0.0.1:{server.port}/api', ssl=ssl.create_default_context(), proxy=None
        )


async def test_a_taken_port_is_a_fault_that_names_it(
    server: ApiServer, state: State, settings: Settings
) -> None:
    taken = ApiServer(state, dataclasses.replace(settings, port=server.port))

    with pytest.raises(Fault, match=f'cannot listen on 127.0.0.1:{server.port}'):
        await taken.start()


async def test_stopping_ends_connections_and_may_be_repeated(server: ApiServer, connect: Connect) -> None:
    socket = await connect('/api')
    await login(socket, server.identity.password)

    async with asyncio.timeout(5):
        await server.stop()
        await server.stop()

    with pytest.raises(websockets.exceptions.ConnectionClosed):
        await socket.recv()
