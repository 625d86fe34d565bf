"""Redis as the object cache: fewer queries, seen by all units, and pages that do not need it."""

from __future__ import annotations

import shutil
import signal
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import site_of_image as site

MakeUnit = Callable[..., site.Unit]
_PASSWORD = 'planted "secret"'


class Server:
    """A Redis that is started and stopped at one port."""

    def __init__(self, folder: Path) -> None:
        self.port = site.free_port()
        self._folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        conf = self._folder / 'redis.conf'
        quoted = _PASSWORD.replace('"', '\\"')
        lines = (
            'bind 127.0.0.1',
            f'port {self.port}',
            'save ""',
            f'requirepass "{quoted}"',
            f'dir {self._folder}',
        )
        conf.write_text('\n'.join(lines))
        self.process = subprocess.Popen(['redis-server', conf], stdout=subprocess.DEVNULL)
        site.wait_port('127.0.0.1', self.port, self.process)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Server]:
    if not shutil.which('redis-server'):
        pytest.skip('there is no redis-server')
    server = Server(tmp_path)
    server.start()
    yield server
    server.stop()


def _queries(base: site.Database, unit: site.Unit) -> int:
    def asked() -> int:
        return int(base.query("SHOW GLOBAL STATUS LIKE 'Com_select'")[0][1])

    unit.get('/')
    before = asked()
    assert unit.get('/').status == 200
    return asked() - before


@pytest.mark.heavy
def test_redis_halves_the_queries_and_pages_do_not_need_it(
    make_unit: MakeUnit, base: site.Database, redis: Server
) -> None:
    first = make_unit()
    assert first.install()['ok']
    first.start()
    without = _queries(base, first)
    given = first.site | {'redis': {'host': '127.0.0.1', 'port': redis.port, 'password': _PASSWORD}}
    first.push(given)
    second = make_unit(like=first)
    second.start()
    with_it = _queries(base, first)
    print(f'queries of the front page: {without} without Redis, {with_it} with it')
    assert with_it <= without / 2
    # What one unit changes, the other shows.
    assert 'Renamed' not in second.get('/').text
    assert first.wpctl('apply', {'options': {'blogname': 'Renamed'}})['changed'] == ['option:blogname']
    assert 'Renamed' in second.get('/').text
    # A silent Redis costs one request a moment, and what it did not hear is not believed afterwards.
    assert redis.process is not None
    redis.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    assert first.get('/').status == 200
    assert first.get('/').status == 200
    assert time.monotonic() - began < 4
    assert first.wpctl('apply', {'options': {'blogname': 'Again'}})['ok']
    assert 'Again' in first.get('/').text
    redis.process.send_signal(signal.SIGCONT)
    (first.run_dir / 'cache/redis-down').unlink()
    first.get('/')
    second.get('/')
    assert 'Again' in second.get('/').text
    redis.stop()
    (first.run_dir / 'cache/redis-down').unlink(missing_ok=True)
    assert 'Again' in first.get('/').text
    log = first.log.read_text()
    assert 'pages go on without it' in log
    assert _PASSWORD not in log
    redis.start()
    # A new site of the same name starts with nothing of the old one.
    dumped = second.wpctl('export', {'path': '/tmp/d.sql'})
    assert dumped['ok']
    assert second.wpctl('apply', {'options': {'blogname': 'Later'}})['ok']
    read = second.wpctl('import', {'path': '/tmp/d.sql'})
    assert read['ok'], read
    assert 'Again' in second.get('/').text


@pytest.mark.heavy
@pytest.mark.parametrize(
    'nonsense',
    [
        pytest.param(b'*2000000000\r\n', id='many'),
        pytest.param(b'$9999999999\r\n', id='long'),
        pytest.param(b'*1\r\n' * 20000, id='deep'),
        pytest.param(b'$-5\r\n', id='negative'),
        pytest.param(b':1\r\n', id='number'),
        pytest.param(b'\r\n', id='nothing'),
        pytest.param(b'HTTP/1.1 400 Bad Request\r\n\r\n', id='http'),
    ],
)
def test_a_redis_that_talks_nonsense_stops_no_page(web: site.Unit, nonsense: bytes) -> None:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while self.request.recv(65536):
                self.request.sendall(nonsense)

    with socketserver.ThreadingTCPServer(('127.0.0.1', 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.02})
        thread.start()
        try:
            before = web.site
            web.push(before | {'redis': {'host': '127.0.0.1', 'port': server.server_address[1]}})
            (web.run_dir / 'cache/redis-down').unlink(missing_ok=True)
            reply = web.get('/')
            assert (reply.status, 'Hello world' in reply.text) == (200, True)
            web.push(before)
        finally:
            server.shutdown()
            thread.join()
