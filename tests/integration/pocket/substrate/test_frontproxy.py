"""The door of a model: a real haproxy before small web servers."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime
import http.client
import http.server
import os
import shutil
import signal
import socket
import ssl
import threading
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from bedrock import process
from pocket import settings as settings_
from pocket.api import tls
from pocket.model.cluster import Front, Route
from pocket.substrate import procs
from pocket.substrate.frontproxy import FrontProxies

pytestmark = [
    pytest.mark.nspawn,
    pytest.mark.skipif(shutil.which('haproxy', path='/usr/sbin:/usr/bin') is None, reason='needs haproxy'),
]

GATEWAY = '127.9.9.9'
MODEL = 'aaaa'
HOME = 'h' * 120
"""A path of a socket has at most 107 characters; that of a home may be longer."""
WAIT_S = 8
END = '-----END CERTIFICATE-----'


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self) -> None:
        names = ('X-Forwarded-For', 'X-Forwarded-Proto')
        seen = ' '.join(f'{name}={self.headers.get_all(name)}' for name in names)
        text = f'{self.connection.getsockname()[1]} {self.path} {seen}'.encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
        pass


@pytest.fixture
def pods() -> Iterator[tuple[str, str]]:
    servers = [http.server.ThreadingHTTPServer(('127.0.0.1', 0), _Handler) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    first, second = (f'127.0.0.1:{server.server_address[1]}' for server in servers)
    yield first, second
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
async def proxies(tmp_path: Path) -> AsyncGenerator[FrontProxies]:
    made = FrontProxies(settings_.load({'POCKET_HOME': str(tmp_path / HOME)}))
    yield made
    await made.remove_all()


async def _ask(url: str, *options: str) -> tuple[int, str]:
    host = url.split('/')[2]
    resolve = [word for port in (80, 443) for word in ('--resolve', f'{host}:{port}:{GATEWAY}')]
    done = await process.arun(
        ['curl', '-sk', '-w', '\n%{http_code}', *resolve, *options, url], timeout_s=15, check=False
    )
    text, _, code = done.stdout.rpartition('\n')
    return int(code), text


async def _codes(url: str) -> list[str]:
    """What one client is told who asks for everything that a pattern stands for."""
    resolve = [word for port in (80, 443) for word in ('--resolve', f'blog.example.com:{port}:{GATEWAY}')]
    silent = ('-sk', '-o', '/dev/null', '-w', '%{http_code} ')
    return (await process.arun(['curl', *silent, *resolve, url], timeout_s=15)).stdout.split()


def _pem(folder: Path) -> str:
    made = tls.load_or_create(folder, now=datetime.datetime.now(datetime.UTC))
    return made.chain.read_text() + made.key.read_text()


def _route(host: str, *backends: str, path: str = '/', exact: bool = False, secure: bool = False) -> Route:
    return Route(host=host, path=path, is_exact=exact, backends=backends, is_secure=secure, body_bytes=1000)


async def test_requests_find_their_pods(proxies: FrontProxies, pods: tuple[str, str], tmp_path: Path) -> None:
    first, second = pods
    front = Front(
        gateway=GATEWAY,
        routes=(
            _route('blog.example.com', first, secure=True),
            _route('blog.example.com', second, path='/shop', secure=True),
            _route('plain.example.com', first),
            _route('plain.example.com', second, path='/only', exact=True),
            _route('*.wild.example.com', second),
            _route('empty.example.com'),
        ),
        certificates={'blog-tls': _pem(tmp_path / 'one')},
        hosts={'blog-tls': ('blog.example.com',)},
    )
    await proxies.apply(MODEL, front)
    one, two = (address.partition(':')[2] for address in pods)
    found = {
        url: await _ask(url)
        for url in (
            *(
                'http://plain.example.com/',
                'http://plain.example.com/only',
                'http://plain.example.com/only/x',
            ),
            *('http://a.wild.example.com/', 'http://a.b.wild.example.com/', 'http://other.example.com/'),
            *('http://empty.example.com/', 'http://blog.example.com/a', 'https://blog.example.com/shop/x'),
            *('https://blog.example.com/shopping', 'https://plain.example.com/'),
        )
    }
    said = [(code, text.split()[0] if code == 200 else '') for code, text in found.values()]
    assert said == [
        *((200, one), (200, two), (200, one)),
        *((200, two), (404, ''), (404, '')),
        *((503, ''), (308, ''), (200, two)),
        *((200, one), (200, one)),
    ]
    _, text = await _ask('https://blog.example.com/', '-H', 'X-Forwarded-For: 6.6.6.6')
    assert text.partition(' / ')[2] == "X-Forwarded-For=['127.0.0.1'] X-Forwarded-Proto=['https']"
    assert (await _ask('http://plain.example.com/', '-d', 'x' * 2000))[0] == 413
    workers = process.run(['ps', '-o', 'user=', '-C', 'haproxy'], timeout_s=5, check=False).stdout.split()
    assert 'haproxy' in workers or 'nobody' in workers

    await proxies.remove(MODEL)
    assert (await _ask('http://plain.example.com/'))[0] == 0
    assert proxies.known() == frozenset()


async def test_a_kept_connection_holds_no_process_of_a_pod(proxies: FrontProxies) -> None:
    with socket.create_server(('127.0.0.1', 0)) as pod:
        pod.settimeout(WAIT_S)
        backend = f'127.0.0.1:{pod.getsockname()[1]}'
        await proxies.apply(MODEL, Front(gateway=GATEWAY, routes=(_route('plain.example.com', backend),)))
        kept = http.client.HTTPConnection(GATEWAY, 80, timeout=WAIT_S)
        try:
            for _ in range(2):
                kept.request('GET', '/', headers={'Host': 'plain.example.com'})
                connection, _ = pod.accept()
                with connection:
                    connection.settimeout(WAIT_S)
                    assert b'\r\n\r\n' in connection.recv(65536)
                    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
                    # The visitor's stays; nobody would ask by this one before the visitor does.
                    assert kept.getresponse().read() == b'ok'
                    with contextlib.suppress(ConnectionResetError):
                        assert connection.recv(1) == b''
        finally:
            kept.close()


async def test_who_may_come_and_how_often_is_what_the_route_says(
    proxies: FrontProxies, pods: tuple[str, str], tmp_path: Path
) -> None:
    plain = _route('blog.example.com', pods[0], secure=True)
    here, elsewhere = '127.0.0.0/8', '192.0.2.0/24'
    changed = {
        'in': {'admitted': (elsewhere, here)},
        'out': {'admitted': (elsewhere, '2001:db8::/32')},
        'nobody': {'admitted': ()},
        'slow': {'rate': 1},
        'free': {'rate': 1, 'unlimited': (here,)},
        'open': {'is_secure': False},
    }
    routes = [dataclasses.replace(plain, path=f'/{name}', **more) for name, more in changed.items()]
    cert = {'blog-tls': _pem(tmp_path / 'one')}
    hosts = {'blog-tls': (plain.host,)}
    await proxies.apply(MODEL, Front(gateway=GATEWAY, routes=tuple(routes), certificates=cert, hosts=hosts))

    async def ask(scheme: str, name: str, times: int = 1) -> list[str]:
        return await _codes(f'{scheme}://blog.example.com/{name}/[1-{times}]')

    said = [await ask('https', name) for name in ('in', 'out', 'nobody')]
    assert said == [['200'], ['403'], ['403']]
    assert await ask('https', 'slow', 9) == ['200'] * 5 + ['503'] * 4
    assert await ask('https', 'free', 9) == ['200'] * 9
    # The route of another path says itself whether it wants TLS.
    assert [await ask('http', name) for name in ('in', 'open')] == [['308'], ['200']]


async def test_a_change_drops_no_connection(
    proxies: FrontProxies, pods: tuple[str, str], tmp_path: Path
) -> None:
    def front(number: int) -> Front:
        return Front(
            gateway=GATEWAY,
            routes=(_route('blog.example.com', *pods),),
            certificates={'blog-tls': _pem(tmp_path / str(number))},
            hosts={'blog-tls': ('blog.example.com',)},
        )

    await proxies.apply(MODEL, front(0))
    failed, stop = list[int](), asyncio.Event()

    async def go_on() -> None:
        while not stop.is_set():
            code, _ = await _ask('https://blog.example.com/')
            failed.extend([code] if code != 200 else [])

    asking = [asyncio.create_task(go_on()) for _ in range(2)]
    # Another daemon's: it finds the one that runs, which keeps its number.
    heir = FrontProxies(settings_.load({'POCKET_HOME': str(tmp_path / HOME)}))
    pid = (tmp_path / 'h/front' / MODEL / 'pid').read_text()
    for number in range(1, 4):
        await heir.apply(MODEL, front(number))
        pem = front(number).certificates['blog-tls'].partition(END)[0] + END
        wanted = ssl.PEM_cert_to_DER_cert(pem)
        async with asyncio.timeout(15):
            while await _shown() != wanted:
                pass
    stop.set()
    await asyncio.gather(*asking)
    assert failed == []
    assert (tmp_path / 'h/front' / MODEL / 'pid').read_text() == pid
    modes = {oct(path.stat().st_mode & 0o777) for path in (tmp_path / 'h/front' / MODEL).glob('*.pem')}
    assert modes == {'0o600'}


async def test_a_door_that_was_killed_is_missed_and_opened_again(
    proxies: FrontProxies, pods: tuple[str, str], tmp_path: Path
) -> None:
    front = Front(gateway=GATEWAY, routes=(_route('plain.example.com', *pods),), certificates={}, hosts={})
    await proxies.apply(MODEL, front)
    missed = asyncio.create_task(proxies.wait_ended([MODEL]))
    pid = int((tmp_path / 'h/front' / MODEL / 'pid').read_text())
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(15):
        assert await missed == MODEL
        assert await proxies.wait_ended([MODEL]) == MODEL
    await proxies.apply(MODEL, front)
    assert (await _ask('http://plain.example.com/'))[0] == 200
    pid = int((tmp_path / 'h/front' / MODEL / 'pid').read_text())
    shutil.rmtree(tmp_path / HOME)
    await proxies.remove_all()
    assert await procs.wait_gone([pid], timeout_s=15)


async def _shown() -> bytes | None:
    """The certificate that is shown now."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection(
            GATEWAY, 443, ssl=context, server_hostname='blog.example.com'
        )
        found: bytes = writer.get_extra_info('ssl_object').getpeercert(True)
        writer.close()
        return found
    return None
