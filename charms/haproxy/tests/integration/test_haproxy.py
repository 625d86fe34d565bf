"""The real haproxy with a configuration of ours, two tiny servers, and the real check."""

from __future__ import annotations

import dataclasses
import http.client
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import options
import pytest
import render
import services
import yaml

CHARM = Path(__file__).parents[2]
CHECK = CHARM / 'files/plugins/check_haproxy.py'


class Server(http.server.ThreadingHTTPServer):
    """Answers with its name; its health page says what it is told to say."""

    def __init__(self, name: str) -> None:
        super().__init__(('127.0.0.1', 0), Page)
        self.name = name
        self.health = 200
        self.paths: list[str] = []


class Page(http.server.BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self) -> None:
        server = cast('Server', self.server)
        is_health = self.path == '/healthz'
        if not is_health:
            server.paths.append(self.path)
        self.send_response(server.health if is_health else 200)
        self.send_header('Content-Length', str(len(server.name)))
        self.end_headers()
        self.wfile.write(server.name.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        pass


@dataclasses.dataclass(kw_only=True)
class Site:
    """A running haproxy with its servers."""

    port: int
    monitoring: int
    stats: Path
    servers: list[Server]

    def get(self, path: str, *, port: int | None = None, **headers: str) -> tuple[int, str]:
        """Ask haproxy for *path*."""
        connection = http.client.HTTPConnection('127.0.0.1', port or self.port, timeout=10)
        try:
            connection.request('GET', path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def check(self, *argv: str) -> tuple[int, str]:
        """Run the plugin."""
        command = [sys.executable, str(CHECK), '--socket', str(self.stats), *argv]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
        return done.returncode, done.stdout.strip()


@pytest.fixture
def site(tmp_path: Path) -> Generator[Site]:
    if not (program := shutil.which('haproxy', path='/usr/sbin:/usr/bin')):
        if os.environ.get('CI'):
            pytest.fail('haproxy must be installed where CI runs')
        pytest.skip('haproxy is not installed')
    with listening('one') as one, listening('two') as two:
        made = Site(
            port=free_port(), monitoring=free_port(), stats=tmp_path / 'stats.sock', servers=[one, two]
        )
        path = tmp_path / 'haproxy.cfg'
        path.write_text(configuration(made))
        with (tmp_path / 'log').open('wb') as log:
            process = subprocess.Popen([program, '-db', '-f', str(path)], stdout=log, stderr=log)
        try:
            until(lambda: made.check('servers')[0] == 0)
            yield made
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def listening(name: str) -> Generator[Server]:
    with Server(name) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def configuration(site: Site) -> str:
    text = f"""
    - service_name: archive
      service_host: 127.0.0.1
      service_port: {site.port}
      service_options:
      - balance uri path-only
      - hash-type consistent
      - option httpchk GET /healthz
      - http-check disable-on-404
      - option splice-response
      - option redispatch 1
      - retry-on conn-failure empty-response 502 503 504
      server_options: check inter 100ms fall 2 rise 1 on-marked-down shutdown-sessions
    """
    bags = [
        services.Bag(unit=f'cache/{n}', data={'port': str(s.server_port), 'private-address': '127.0.0.1'})
        for n, s in enumerate(site.servers)
    ]
    craft = cast('dict[str, Any]', yaml.safe_load((CHARM / 'charmcraft.yaml').read_text()))
    given = {name: option['default'] for name, option in craft['config']['options'].items()}
    given |= {'services': text, 'enable_monitoring': True, 'monitoring_port': site.monitoring}
    wanted = options.Options(**given)
    found = services.collect(wanted.services, bags, highest_port=wanted.monitoring_port)
    made = render.config(wanted, found, unit='haproxy/0', password='word', default_crt=None).text
    # A test has no business in /run, and needs no other user.
    lines = made.replace(render.STATS_SOCKET, str(site.stats)).splitlines()
    kept = (line for line in lines if line.split()[:1] not in (['user'], ['group'], ['chroot']))
    return '\n'.join(kept) + '\n'


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def until(happened: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < deadline, 'it did not happen in time'
        time.sleep(0.02)


def test_a_path_always_goes_to_the_same_server_and_paths_to_all(site: Site) -> None:
    first = {path: site.get(path) for path in (f'/pool/{n}' for n in range(40))}
    again = {path: site.get(f'{path}?x') for path in first}
    assert again == first
    assert {body for _, body in first.values()} == {'one', 'two'}


def test_a_server_whose_health_is_404_drains_and_comes_back(site: Site) -> None:
    paths = [f'/pool/{n}' for n in range(40)]
    site.servers[0].health = 404
    until(lambda: '1 resting' in site.check('servers', '--always-critical')[1])
    assert site.check('servers', '--always-critical')[0] == 0
    assert {site.get(path) for path in paths} == {(200, 'two')}
    site.servers[0].health = 200
    until(lambda: 'resting=0' in site.check('servers')[1])
    assert {site.get(path)[1] for path in paths} == {'one', 'two'}


def test_a_lost_server_is_an_alarm_but_no_lost_request(site: Site) -> None:
    site.servers[0].health = 503
    until(lambda: site.check('servers')[0] == 1)
    code, text = site.check('servers', '--always-critical')
    assert (code, f'archive/cache-0-{site.servers[0].server_port} is DOWN' in text) == (2, True), text
    assert {site.get(f'/pool/{n}') for n in range(40)} == {(200, 'two')}
    site.servers[1].health = 503
    until(lambda: 'archive has no working server' in site.check('servers')[1])
    assert site.check('servers')[0] == 2
    assert site.check('queue')[0] == 0


def test_the_monitoring_port_wants_a_password_for_its_page_and_has_metrics(site: Site) -> None:
    assert site.get('/', port=site.monitoring)[0] == 401
    token = b64encode(b'haproxy:word').decode()
    status, page = site.get('/', port=site.monitoring, Authorization=f'Basic {token}')
    assert (status, 'Statistics Report' in page) == (200, True)
    status, metrics = site.get('/metrics', port=site.monitoring)
    assert status == 200
    assert 'haproxy_server_status{proxy="archive",server="cache-0-' in metrics
