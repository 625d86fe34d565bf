"""The websocket of the client, against the library's own server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pocket.client import wire

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

    from .conftest import FakeController


def _open(controller: FakeController, path: str = '/api') -> wire.Socket:
    return wire.Socket(
        f'127.0.0.1:{controller.port}',
        path,
        tls=ssl.create_default_context(cadata=controller.ca_cert),
        server_name='juju-apiserver',
        headers={},
        open_timeout_s=5,
    )


def test_messages_come_whole_and_in_order_however_they_are_cut(controller: FakeController) -> None:
    async def handle(connection: ServerConnection) -> None:
        assert await connection.recv() == 'go'
        await connection.send(['one', '\u00e4', 'x' * 300_000])
        await connection.send('two')
        await connection.wait_closed()

    controller.talk = handle
    with contextlib.closing(_open(controller)) as opened:
        opened.send('go')
        assert opened.receive() == 'one\u00e4' + 'x' * 300_000
        assert opened.receive() == 'two'


def test_a_ping_is_answered_while_a_message_is_awaited(controller: FakeController) -> None:
    async def handle(connection: ServerConnection) -> None:
        pong = await connection.ping()
        async with asyncio.timeout(5):
            await pong
        await connection.send('answered')

    controller.talk = handle
    with contextlib.closing(_open(controller)) as opened:
        assert opened.receive() == 'answered'


@pytest.mark.parametrize(('code', 'well'), [(1000, True), (1011, False)])
def test_how_the_server_ended_it_is_known(controller: FakeController, code: int, well: bool) -> None:
    async def handle(connection: ServerConnection) -> None:
        await connection.send('last')
        await connection.close(code)

    controller.talk = handle
    with contextlib.closing(_open(controller)) as opened:
        assert opened.receive() == 'last'
        with pytest.raises(wire.Closed):
            opened.receive()
        assert opened.ended_well is well


def test_many_connections_one_after_another_are_all_answered(controller: FakeController) -> None:
    for number in range(30):
        with contextlib.closing(_open(controller)) as opened:
            opened.send(json.dumps({'request-id': number, 'type': 'Admin', 'request': 'None'}))
            assert json.loads(opened.receive())['request-id'] == number


def test_a_name_that_is_not_in_the_certificate_is_refused(controller: FakeController) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        wire.Socket(
            f'127.0.0.1:{controller.port}',
            '/api',
            tls=ssl.create_default_context(cadata=controller.ca_cert),
            server_name=None,
            headers={},
            open_timeout_s=5,
        )


def test_a_server_that_is_no_websocket_is_told(controller: FakeController, certificate: Path) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    with socket.create_server(('127.0.0.1', 0)) as listener:
        controller.port = listener.getsockname()[1]

        def answer() -> None:
            raw, _ = listener.accept()
            with tls.wrap_socket(raw, server_side=True) as secure:
                secure.recv(65536)
                secure.sendall(b'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(wire.Closed, match='the server answered 404'):
            _open(controller)
        thread.join()


def test_a_server_that_says_nothing_is_given_up(controller: FakeController) -> None:
    with socket.create_server(('127.0.0.1', 0)) as listener:
        controller.port = listener.getsockname()[1]
        with pytest.raises(TimeoutError):
            wire.Socket(
                f'127.0.0.1:{controller.port}',
                '/api',
                tls=ssl.create_default_context(cadata=controller.ca_cert),
                server_name='juju-apiserver',
                headers={},
                open_timeout_s=0.05,
            )
