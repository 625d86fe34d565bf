"""HTTP: charm archives up and down, and the log stream."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import ssl
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import websockets.asyncio.client
from websockets.asyncio.client import ClientConnection

from pocket.api.server import ApiServer
from pocket.api.tls import SERVER_NAME
from pocket.services import charms, logs
from pocket.settings import Settings
from pocket.state import State


async def put(http: httpx.AsyncClient, model: str, body: bytes, sha: str = '') -> httpx.Response:
    name = f'tester-{(sha or hashlib.sha256(body).hexdigest())[:7]}'
    headers = {'Content-Type': 'application/zip', 'Juju-Curl': 'local:tester-0'}
    return await http.put(f'/model-{model}/charms/{name}', content=body, headers=headers)


async def test_health_needs_no_password(server: ApiServer, trust: ssl.SSLContext) -> None:
    async with httpx.AsyncClient(verify=trust, trust_env=False) as anybody:
        reply = await anybody.get(f'https://localhost:{server.port}/health')

    assert (reply.status_code, reply.text) == (200, 'running')


async def test_each_upload_of_a_charm_gets_the_next_revision(
    http: httpx.AsyncClient, model: str, archive: bytes, state: State, settings: Settings
) -> None:
    first = await put(http, model, archive)
    second = await http.post(f'/model/{model}/charms?series=jammy', content=archive)

    assert first.json() == {'charm-url': 'local:tester-0'}
    assert first.headers['Juju-Curl'] == 'local:tester-0'
    assert second.json() == {'charm-url': 'local:tester-1'}
    record = state.read(charms.get, model, 'local:tester-1')
    assert record.archive.read_bytes() == archive
    # What two uploads share is kept once, and nothing is left beside it.
    assert [path.name for path in (settings.home / 'charms').iterdir()] == [f'{record.sha256}.charm']


async def test_a_charm_can_be_fetched_whole_and_by_file(
    http: httpx.AsyncClient, model: str, archive: bytes
) -> None:
    await put(http, model, archive)
    here = f'/model/{model}/charms?url=local:tester-0'

    assert (await http.get(f'{here}&file=*')).content == archive
    assert 'metadata.yaml' in (await http.get(here)).json()['files']
    assert 'A charm for tests' in (await http.get(f'{here}&file=metadata.yaml')).text
    missing = await http.get(f'{here}&file=nothing')
    assert (missing.status_code, missing.json()['error-code']) == (404, 'not found')
    sha = hashlib.sha256(archive).hexdigest()
    assert (await http.get(f'/model-{model}/charms/tester-{sha[:7]}')).content == archive


async def test_an_upload_that_is_not_what_it_says_is_refused(
    http: httpx.AsyncClient, model: str, archive: bytes, settings: Settings
) -> None:
    reply = await put(http, model, archive, sha='0' * 7)

    assert reply.status_code == 400
    assert 'does not match sha in url (0000000)' in reply.json()['error']
    assert list((settings.home / 'charms').iterdir()) == []


def zip_of(**files: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, 'w') as opened:
        for name, text in files.items():
            opened.writestr(f'{name}.yaml', text)
    return packed.getvalue()


@pytest.mark.parametrize(
    ('body', 'text'),
    [
        (b'nonsense', 'not a zip archive'),
        (zip_of(config='options: {}'), 'neither metadata.yaml nor charmcraft.yaml'),
        (zip_of(metadata='name: [broken'), 'metadata.yaml is not valid YAML'),
    ],
)
async def test_an_upload_that_is_no_charm_is_refused_without_naming_our_folders(
    http: httpx.AsyncClient, model: str, settings: Settings, body: bytes, text: str
) -> None:
    reply = await put(http, model, body)

    assert (reply.status_code, reply.json()['error-code']) == (400, 'bad request')
    assert reply.json()['error'].startswith('cannot upload charm: ')
    assert text in reply.json()['error']
    assert str(settings.home) not in reply.json()['error']
    assert list((settings.home / 'charms').iterdir()) == []


async def test_uploads_need_the_password_and_a_model(
    server: ApiServer, trust: ssl.SSLContext, model: str, archive: bytes
) -> None:
    base = f'https://127.0.0.1:{server.port}'
    async with httpx.AsyncClient(base_url=base, verify=trust, trust_env=False) as anybody:
        nobody = await put(anybody, model, archive)
        anybody.auth = ('user-admin', 'wrong')
        stranger = await put(anybody, model, archive)

    assert (nobody.status_code, stranger.status_code) == (401, 401)
    assert nobody.headers['WWW-Authenticate'] == 'Basic realm="juju"'


async def test_an_upload_to_an_unknown_model_is_not_found(http: httpx.AsyncClient, archive: bytes) -> None:
    reply = await put(http, 'no-such-model', archive)

    assert (reply.status_code, reply.json()['error-code']) == (404, 'model not found')


class LogReader:
    """A client of the log stream."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def read(self) -> dict[str, Any]:
        async with asyncio.timeout(5):
            return json.loads(await self._socket.recv())

    async def rest(self) -> list[str]:
        async with asyncio.timeout(5):
            return [json.loads(text)['msg'] async for text in self._socket]


async def log_reader(server: ApiServer, trust: ssl.SSLContext, path: str) -> AsyncIterator[LogReader]:
    basic = base64.b64encode(f'user-admin:{server.identity.password}'.encode()).decode()
    url = f'wss://127.0.0.1:{server.port}{path}'
    connecting = websockets.asyncio.client.connect(
        url,
        ssl=trust,
        server_hostname=SERVER_NAME,
        additional_headers={'Authorization': f'Basic {basic}'},
        proxy=None,
    )
    async with connecting as socket:
        yield LogReader(socket)


async def write_lines(state: State, model: str, *lines: tuple[str, str]) -> None:
    for severity, message in lines:
        await state.write(
            logs.append, model, entity='unit-a-0', severity=severity, module='unit.a/0.x', message=message
        )


async def test_the_log_is_sent_from_its_start_and_then_as_it_grows(
    server: ApiServer, trust: ssl.SSLContext, state: State, model: str
) -> None:
    await write_lines(state, model, ('INFO', 'one'), ('DEBUG', 'two'))
    async for reader in log_reader(server, trust, f'/model/{model}/log?level=INFO'):
        assert await reader.read() == {}
        line = await reader.read()
        assert (line['tag'], line['sev'], line['mod'], line['msg']) == (
            'unit-a-0',
            'INFO',
            'unit.a/0.x',
            'one',
        )

        await write_lines(state, model, ('DEBUG', 'three'), ('ERROR', 'four'))

        assert (await reader.read())['msg'] == 'four'


async def test_without_a_tail_the_stream_ends_after_the_last_lines(
    server: ApiServer, trust: ssl.SSLContext, state: State, model: str
) -> None:
    await write_lines(state, model, *(('INFO', str(number)) for number in range(5)))
    async for reader in log_reader(server, trust, f'/model/{model}/log?maxLines=2&noTail=true'):
        assert await reader.read() == {}
        assert await reader.rest() == ['3', '4']


@pytest.mark.parametrize(
    ('query', 'text'),
    [('maxLines=many', 'not a valid unsigned number'), ('level=LOUD', 'LOUD'), ('maxLines=10001', '10000')],
)
async def test_a_wrong_question_about_the_log_is_answered_with_an_error(
    server: ApiServer, trust: ssl.SSLContext, model: str, query: str, text: str
) -> None:
    async for reader in log_reader(server, trust, f'/model/{model}/log?{query}'):
        answer = await reader.read()
        assert text in answer['error']['message']
        assert await reader.rest() == []
