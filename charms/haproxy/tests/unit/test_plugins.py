"""The Nagios plugins, run as Nagios runs them, against a socket or a page that breaks."""

from __future__ import annotations

import http.server
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[2] / 'files/plugins'
HEADER = '# pxname,svname,qcur,qmax,status,\n'

UP = 'web,one,0,0,UP,\n'
DOWN = 'web,two,,,DOWN,\n'


def rows(*servers: str, backend: str = 'UP', waiting: str = '0,7') -> str:
    return (
        HEADER
        + 'haproxy-0-80,FRONTEND,,,OPEN,\n'
        + ''.join(servers)
        + f'web,BACKEND,{waiting},{backend},\n'
        + 'haproxy_monitoring,BACKEND,0,0,DOWN,\n\n'
    )


@pytest.fixture
def check(tmp_path: Path) -> Iterator[Callable[..., tuple[int, str]]]:
    """Runs check_haproxy.py against a socket that answers with the given rows."""
    path = tmp_path / 'stats.sock'
    answer = ['']

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            assert self.rfile.readline() == b'show stat\n'
            self.wfile.write(answer[0].encode())

    def run(text: str, *argv: str) -> tuple[int, str]:
        answer[0] = text
        command = [sys.executable, str(PLUGINS / 'check_haproxy.py'), '--socket', str(path), *argv]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
        return done.returncode, done.stdout.strip()

    with socketserver.ThreadingUnixStreamServer(str(path), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01})
        thread.start()
        yield run
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ('text', 'argv', 'code', 'words'),
    [
        (rows(UP), ['servers', '--always-critical'], 0, '1 of 1 servers up | up=1 down=0;;0 resting=0'),
        (rows(UP, DOWN), ['servers', '--always-critical'], 2, 'web/two is DOWN'),
        (rows(UP, DOWN), ['servers'], 1, 'web/two is DOWN'),
        (rows(DOWN, backend='DOWN'), ['servers'], 2, 'web has no working server'),
        (
            rows(UP, 'web,two,0,0,NOLB,\n'),
            ['servers', '--always-critical'],
            0,
            '1 of 2 servers up, 1 resting',
        ),
        (rows(UP, 'web,two,0,0,MAINT,\n'), ['servers'], 0, '1 resting'),
        (rows(UP).replace('OPEN', 'STOP'), ['servers'], 2, 'haproxy-0-80 is not open'),
        (rows(UP), ['queue'], 0, '0 requests wait | queue=0;0;100 queue_max=7'),
        (rows(UP, waiting='1,7'), ['queue'], 1, 'requests wait: web: 1'),
        (rows(UP, waiting='101,200'), ['queue'], 2, 'requests wait: web: 101'),
        (rows(UP, waiting='101,200'), ['queue', '-w', '200', '-c', '300'], 0, '101 requests wait'),
        # An old peak is no alarm: the classic check stayed critical until the next reload.
        (rows(UP, waiting='0,5000'), ['queue'], 0, 'queue_max=5000'),
        ('', ['servers'], 2, 'haproxy does not answer'),
        ('', ['queue'], 3, 'haproxy does not answer'),
    ],
)
def test_check_haproxy(
    check: Callable[..., tuple[int, str]], text: str, argv: list[str], code: int, words: str
) -> None:
    got, line = check(text, *argv)
    assert (got, words in line) == (code, True), line
    assert len(line.splitlines()) == 1


def test_a_dead_haproxy_is_critical_for_one_check_only(tmp_path: Path) -> None:
    def run(kind: str) -> int:
        path = str(tmp_path / 'gone.sock')
        command = [sys.executable, str(PLUGINS / 'check_haproxy.py'), '--socket', path, kind]
        return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode

    assert (run('servers'), run('queue')) == (2, 3)


@contextmanager
def page(status: int, body: str) -> Generator[str]:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            pass

    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01})
        thread.start()
        yield f'http://127.0.0.1:{server.server_port}/ubuntu/dists/'
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ('status', 'body', 'code', 'words'),
    [
        (200, 'bionic/ artful/', 0, 'answers | time='),
        (200, 'bionic/', 2, 'does not name artful/'),
        (404, 'bionic/ artful/', 2, '404'),
        (503, '', 2, '503'),
    ],
)
def test_check_url(status: int, body: str, code: int, words: str) -> None:
    with page(status, body) as url:
        argv = ['--url', url, '--expect', 'bionic/', '--expect', 'artful/']
        command = [sys.executable, str(PLUGINS / 'check_url.py'), *argv]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, words in done.stdout) == (code, True), done.stdout + done.stderr
