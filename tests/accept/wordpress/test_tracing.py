"""Traces of hooks, taken by a receiver in another pod: what comes, what must not, what a bad receiver costs.

The tests go on from each other's end.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import re
import subprocess
import threading
from collections.abc import Generator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.blog import homes
from tests.blog.model import DATABASE, Blog
from tests.blog.parts import BIN, TOP, measured
from tests.blog.visitors import HOST, seconds_until

UNIT = 'wordpress/0'
PLANTED = 'planted-7d1e5b'
OPTIONS = {
    'blog_hostname': HOST,
    'initial_settings': f'admin_password: {PLANTED}-admin',
    'container_secrets': f'TOKEN: {PLANTED}-variable',
    'wp_plugin_akismet_key': PLANTED.replace('-', ''),
}
BUFFER = '/var/lib/juju/agents/unit-wordpress-0/charm/.tracing-data.db'
LONGER_S = 2.0
"""What a hook may take when its work is done; a second is for a receiver that does not answer."""
_BEGAN = re.compile(r"Starting root trace with id='(\w+)'")
_ENDED = re.compile(r'^\S+ (\S+ \S+) .* hook "[^"]+" took')
RECEIVER = """
import base64, http.server, ssl, subprocess, sys, time
port, answers_after, address = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
class Tempo(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        print(self.path, self.headers['Content-Type'], base64.b64encode(body).decode(), flush=True)
        time.sleep(answers_after)
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'{}')
    def log_request(self, code='-', size='-'):
        pass
class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # who asked is gone
server = Server(('', port), Tempo)
if address:
    signed = '-CA /var/lib/tower/pem -CAkey /var/lib/tower/key -days 9 -subj /CN=tempo -addext'.split()
    key = '-newkey rsa:2048 -nodes -keyout /tmp/tempo.key -out /tmp/tempo.pem'.split()
    words = ['openssl', 'req', *signed, 'subjectAltName=IP:' + address, *key]
    subprocess.run(words, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain('/tmp/tempo.pem', '/tmp/tempo.key')
    server.socket = context.wrap_socket(server.socket, server_side=True)
print('ready', flush=True)
server.serve_forever()
"""
"""Tells each request in a line, and answers it after some seconds; with an address it speaks TLS."""


_IDENTIFIERS = ('traceId', 'spanId', 'parentSpanId')


class Receiver:
    """A receiver of OTLP in the pod of the tower, and what it got. Pods do not reach this machine."""

    def __init__(self, blog: Blog, port: int, *, answers_after_s: float = 0, with_tls: bool = False) -> None:
        address = blog.unit('tower/0')['address']
        self.url = f'{"https" if with_tls else "http"}://{address}:{port}'
        self.bodies: list[bytes] = []
        self.messages: list[ExportTraceServiceRequest] = []
        program = f'exec python3 -c "$(cat)" {port} {answers_after_s} "{address if with_tls else ""}"'
        self._process = subprocess.Popen(
            [BIN / 'pocket', 'juju', 'ssh', '-m', blog.model, 'tower/0', program],
            env=blog.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(RECEIVER)
        self._process.stdin.close()
        assert self._process.stdout.readline().strip() == 'ready'
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,))
        self._reader.start()

    def _read(self, lines: Iterator[str]) -> None:
        for line in lines:
            path, kind, text = line.split()
            assert path == '/v1/traces'
            self.bodies.append(base64.b64decode(text))
            self.messages.append(_decoded(kind, self.bodies[-1]))

    def close(self) -> None:
        """Stop it; who asks is refused from then on."""
        with self._process:
            self._process.kill()
            self._reader.join()

    def spans(self) -> list[Span]:
        """Return all spans that have come."""
        return [
            span
            for message in tuple(self.messages)
            for resource in message.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def resources(self) -> list[dict[str, str]]:
        """Return what each message says of who sends it."""
        return [
            {pair.key: pair.value.string_value for pair in resource.resource.attributes}
            for message in tuple(self.messages)
            for resource in message.resource_spans
        ]

    def hooks(self) -> dict[int, list[str]]:
        """Return the names of the spans of each hook that has come whole."""
        found: dict[int, list[str]] = {trace: [] for trace in self.roots()}
        for span in self.spans():
            found.get(int.from_bytes(span.trace_id), []).append(span.name)
        return found

    def roots(self) -> dict[int, Span]:
        """Return the outermost span of each hook."""
        spans = [span for span in self.spans() if not span.parent_span_id]
        return {int.from_bytes(span.trace_id): span for span in spans}

    def events(self) -> list[str]:
        """Return which events have come whole, in no order."""
        return [
            name.partition(':')[0]
            for names in self.hooks().values()
            for name in names
            if name.endswith(': WordpressCharm') and not name.startswith('collect_')
        ]


def _decoded(kind: str, body: bytes) -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    if kind == 'application/x-protobuf':
        message.ParseFromString(body)
    else:
        assert kind == 'application/json'
        # Unlike JSON of other messages, OTLP's has identifiers in hexadecimal digits.
        json_format.Parse(json.dumps(_with_base64(json.loads(body))), message)
    return message


def _with_base64(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_base64(one) for one in cast('list[Any]', value)]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(one)).decode() if key in _IDENTIFIERS else _with_base64(one)
        for key, one in cast('dict[str, Any]', value).items()
    }


@pytest.fixture(scope='module')
def plot(tmp_path_factory: pytest.TempPathFactory) -> Generator[Blog]:
    with homes.pocket(tmp_path_factory.mktemp('tracing'), 'tracing') as made:
        made.add_model()
        made.deploy_database()
        made.deploy(OPTIONS)
        made.juju('deploy', str(TOP / 'tests' / 'data' / 'charms' / 'tower'), 'tower')
        made.wait_unit(UNIT, 'active')
        made.wait_unit('tower/0', 'active')
        yield made


@pytest.fixture(scope='module')
def tempo(plot: Blog) -> Generator[Receiver]:
    with contextlib.closing(Receiver(plot, 4318)) as started:
        yield started


_sizes = itertools.count(300)


def _hooks(plot: Blog, times: int = 3) -> list[float]:
    """Have the option of a size changed, and return how long each of its hooks took."""
    before = len(plot.hooks())
    for _ in range(times):
        plot.configure({'memory_limit': f'{next(_sizes)}M'})
    plot.wait_unit(UNIT, 'active')
    return [seconds for _, name, seconds in plot.hooks()[before:] if name == 'config-changed']


def _point_at(plot: Blog, url: str) -> None:
    """Tell the charm another address, and wait until it has heard of it."""
    before = len(plot.hooks())
    plot.juju('config', 'tower', f'tempo={url}')
    seconds_until(lambda: _has_heard(plot, before), 60)
    assert _has_heard(plot, before)
    plot.wait_unit(UNIT, 'active')


def _has_heard(plot: Blog, before: int) -> bool:
    return any(name == 'charm-tracing-relation-changed' for _, name, _ in plot.hooks()[before:])


def _told(times: list[float]) -> str:
    return ', '.join(f'{seconds:.2f}' for seconds in times)


def test_without_the_relation_nothing_is_recorded(plot: Blog) -> None:
    measured(f'tracing: not related, hooks of {_told(_hooks(plot))} s')
    assert plot.ssh(UNIT, f'ls {Path(BUFFER).parent}/.tracing* 2>/dev/null || true') == ''


def test_spans_of_hooks_come_once_there_is_a_receiver(plot: Blog, tempo: Receiver) -> None:
    plot.juju('config', 'tower', f'tempo={tempo.url}')
    plot.juju('integrate', 'wordpress:charm-tracing', 'tower:tracing')
    seconds_until(lambda: 'charm_tracing_relation_changed' in tempo.events(), 60)
    took = _hooks(plot)
    measured(f'tracing: related, hooks of {_told(took)} s')
    seconds_until(lambda: tempo.events().count('config_changed') >= 3, 10)
    assert tempo.events().count('config_changed') == 3
    for one in tempo.resources():
        assert (one['service.name'], one['juju_unit'], one['charm']) == ('wordpress', UNIT, 'wordpress-k8s')
    for names in tempo.hooks().values():
        assert 'ops.main' in names
        if 'config_changed: WordpressCharm' in names:
            assert {'relation-ids', 'config-get', 'pebble get_plan', 'pebble push'} <= {*names}
    assert all(span.end_time_unix_nano > span.start_time_unix_nano for span in tempo.spans())


def test_no_secret_is_in_what_is_sent(plot: Blog, tempo: Receiver) -> None:
    for name in ('get-initial-password', 'rotate-keys', 'reset-admin-password', 'backup'):
        plot.action(UNIT, name)
    # What a failing helper prints is no part of it either.
    plot.juju('remove-relation', *DATABASE)
    plot.wait_unit(UNIT, 'blocked')
    refused = {'db_host': 'mariadb', 'db_user': 'wordpress', 'db_password': f'{PLANTED}-database'}
    plot.configure(refused)
    plot.wait_message(UNIT, 'startsWith(M, "database mariadb:3306/wordpress")')
    plot.reset(*refused)
    plot.juju('integrate', *DATABASE)
    plot.wait_unit(UNIT, 'active')
    seen = seconds_until(lambda: {'reset_admin_password_action', 'backup_action'} <= {*tempo.events()}, 20)
    assert seen < 20
    site = json.loads(plot.inside(UNIT, 'wordpress', 'cat', '/run/wordpress/site.json'))
    secrets = {PLANTED, PLANTED.replace('-', ''), site['database']['password'], *site['keys'].values()}
    secrets.add(plot.action(UNIT, 'get-initial-password')['password'])
    assert min(map(len, secrets)) > 10
    recorded = plot.inside(UNIT, '', 'cat', BUFFER)
    for sent in (*tempo.bodies, *(str(one).encode() for one in tempo.messages), recorded.encode()):
        assert not [one for one in secrets if one.encode() in sent]
    assert len(tempo.bodies) > 8


@pytest.fixture(scope='module')
def hooks_of() -> dict[str, set[int]]:
    """The traces of hooks by what ailed the receiver."""
    return {}


@pytest.mark.parametrize('fault', ['refuses', 'is lost', 'has no name', 'is slow'])
def test_nothing_fails_with_a_bad_receiver(
    plot: Blog, tempo: Receiver, hooks_of: dict[str, set[int]], fault: str
) -> None:
    before = {*_ends(plot)}
    with contextlib.ExitStack() as stack:
        url = {
            'refuses': tempo.url.replace(':4318', ':1'),
            'is lost': 'http://192.0.2.1:4318',
            'has no name': 'http://tempo.example:4318',
        }.get(fault)
        if url is None:
            slow = stack.enter_context(contextlib.closing(Receiver(plot, 4319, answers_after_s=20)))
            url = slow.url
        _point_at(plot, url)
        measured(f'tracing: the receiver {fault}, hooks of {_told(_hooks(plot, 4))} s')
    hooks_of[fault] = {*_ends(plot)} - before
    assert len(hooks_of[fault]) >= 5
    assert not re.findall(r'hook "[^"]+" .*failed', plot.log())


def test_what_was_recorded_meanwhile_comes_and_no_hook_waited_long(
    plot: Blog, tempo: Receiver, hooks_of: dict[str, set[int]]
) -> None:
    _point_at(plot, tempo.url)
    _hooks(plot, 3)
    wanted = set[int]().union(*hooks_of.values())
    seconds_until(lambda: wanted <= {*tempo.roots()}, 10)
    roots = tempo.roots()
    assert wanted - {*roots} == set()
    ends = _ends(plot)
    for fault, traces in hooks_of.items():
        waited = [ends[trace] - roots[trace].end_time_unix_nano / 1e9 for trace in sorted(traces)]
        measured(f'tracing: the receiver {fault}, hooks went on for {_told(waited)} s after their work')
        assert max(waited) <= LONGER_S


def _ends(plot: Blog) -> dict[int, float]:
    """Return when hooks that were traced ended, in seconds since the epoch, by their traces."""
    shape = ['--replay', '--no-tail', '--utc', '--date', '--ms', '--level', 'DEBUG', '--include', UNIT]
    found: dict[int, float] = {}
    trace = 0
    for line in plot.juju('debug-log', *shape).splitlines():
        if began := _BEGAN.search(line):
            trace = int(began[1], 16)
        if trace and (ended := _ENDED.match(line)):
            found[trace] = datetime.fromisoformat(f'{ended[1]}+00:00').timestamp()
            trace = 0
    return found


def test_a_receiver_with_tls_is_trusted_by_its_authority(plot: Blog) -> None:
    with contextlib.closing(Receiver(plot, 4320, with_tls=True)) as receiver:
        _point_at(plot, receiver.url)
        _hooks(plot, 1)
        assert receiver.events() == []
        plot.juju('integrate', 'wordpress:receive-ca-cert', 'tower:authority')
        plot.wait_unit(UNIT, 'active')
        _hooks(plot, 1)
        seconds_until(lambda: receiver.events().count('config_changed') >= 2, 10)
        assert receiver.events().count('config_changed') >= 2
        plot.juju('remove-relation', 'wordpress:receive-ca-cert', 'tower:authority')


def test_a_removed_relation_ends_it(plot: Blog, tempo: Receiver) -> None:
    _point_at(plot, tempo.url)
    plot.juju('remove-relation', 'wordpress:charm-tracing', 'tower:tracing')
    seconds_until(lambda: any(name == 'charm-tracing-relation-broken' for _, name, _ in plot.hooks()), 60)
    plot.wait_unit(UNIT, 'active')
    bodies, recorded = len(tempo.bodies), plot.ssh(UNIT, 'sha256sum', BUFFER)
    took = _hooks(plot)
    measured(f'tracing: not related any more, hooks of {_told(took)} s')
    assert (len(tempo.bodies), plot.ssh(UNIT, 'sha256sum', BUFFER)) == (bodies, recorded)
