"""Traces of hooks: who gets them, what is in them, and how long a hook waits for that."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

import ops
import pytest
import tracing
from kit import CHARM, Context, MakeState
from opentelemetry.sdk.trace import Tracer, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from ops import testing

# As charms of Tempo write it: the interface tracing, version 2, in canonical/charm-relation-interfaces.
RECEIVERS = [
    {'protocol': {'name': 'otlp_grpc', 'type': 'grpc'}, 'url': 'tempo:4317'},
    {'protocol': {'name': 'otlp_http', 'type': 'http'}, 'url': 'http://tempo:4318'},
]
WITH_TLS = [{**RECEIVERS[1], 'url': 'https://tempo:4318'}]
PLANTED = {
    'admin_password': 'planted-admin-option',
    'container_secrets': 'planted-container',
    'akismet': 'plantedakismet',
}


def tempo(receivers: object = RECEIVERS) -> testing.Relation:
    return testing.Relation(
        'charm-tracing', interface='tracing', remote_app_data={'receivers': json.dumps(receivers)}
    )


def ready(context: Context, state: testing.State) -> testing.State:
    return context.run(context.on.pebble_ready(state.get_container('wordpress')), state)


# --- whether there are any ---


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make a hook tool ``relation-ids`` that does what a line of shell says."""

    def make(line: str) -> None:
        tool = tmp_path / 'relation-ids'
        tool.write_text(f'#!/bin/sh\n{line}\n')
        tool.chmod(0o755)
        monkeypatch.setenv('PATH', f'{tmp_path}:{os.environ["PATH"]}')

    return make


@pytest.mark.parametrize(
    ('line', 'more', 'expected'),
    [
        ('test "$*" = charm-tracing && echo charm-tracing:3', {}, True),
        ('exit 0', {}, False),
        ('echo "[]"', {}, False),
        ('echo charm-tracing:3; exit 1', {}, False),
        ('exit 0', {'JUJU_RELATION': 'charm-tracing'}, True),
        ('exit 0', {'JUJU_RELATION': 'database'}, False),
    ],
)
def test_who_is_related(
    says: Callable[[str], None], line: str, more: Mapping[str, str], expected: bool
) -> None:
    says(line)
    assert tracing.is_wanted(more) is expected


def test_without_hook_tools_nobody_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PATH', '/nowhere')
    assert tracing.is_wanted({}) is False


@pytest.mark.parametrize(
    ('line', 'before', 'is_there', 'warned'),
    [
        ('echo charm-tracing:3', 'pass', True, False),
        ('exit 0', 'pass', False, False),
        ('echo charm-tracing:3', 'sys.modules["pydantic_core"] = None', False, True),
    ],
    ids=['related', 'not related', 'packed for another Python'],
)
def test_the_library_is_only_there_with_the_relation(
    says: Callable[[str], None], line: str, before: str, is_there: bool, warned: bool
) -> None:
    says(line)
    look = f"""
import os, sys, tracing
assert "ops" not in sys.modules
{before}
tracing.prepare(os.environ)
import ops
print(ops.tracing is not None)
ops.tracing or tracing.attach(None)
"""
    env = {'PATH': os.environ['PATH'], 'PYTHONPATH': str(CHARM / 'src')}
    done = subprocess.run(
        [sys.executable, '-c', look], env=env, capture_output=True, text=True, check=True, timeout=60
    )
    assert (done.stdout.strip(), 'no traces' in done.stderr) == (str(is_there), warned)


# --- what passes on the relation ---


def test_the_leader_asks_for_a_receiver_by_http(context: Context, state: MakeState) -> None:
    relation = testing.Relation('charm-tracing', interface='tracing')
    out = context.run(context.on.relation_created(relation), state(relation))
    assert out.get_relation(relation.id).local_app_data == {'receivers': '["otlp_http"]'}
    out = context.run(context.on.relation_created(relation), state(relation, leader=False))
    assert out.get_relation(relation.id).local_app_data == {}


@pytest.mark.parametrize(
    ('receivers', 'certificates', 'expected'),
    [
        (RECEIVERS, None, ('http://tempo:4318/v1/traces', None)),
        ([RECEIVERS[0]], None, (None, None)),
        ([], None, (None, None)),
        ('nonsense', None, (None, None)),
        (
            [{**RECEIVERS[1], 'url': 'https://tempo:4318'}],
            ['one', 'two'],
            ('https://tempo:4318/v1/traces', 'one\ntwo'),
        ),
        (WITH_TLS, None, (None, None)),
    ],
    ids=[
        'two receivers',
        'another protocol',
        'none',
        'nonsense',
        'with TLS',
        'with TLS of an unknown authority',
    ],
)
def test_where_traces_go(
    context: Context,
    state: MakeState,
    monkeypatch: pytest.MonkeyPatch,
    receivers: object,
    certificates: list[str] | None,
    expected: tuple[str | None, str | None],
) -> None:
    told: list[tuple[str | None, str | None]] = []

    def tell(*, url: str | None, ca: str | None) -> None:
        told.append((url, ca))

    assert ops.tracing
    monkeypatch.setattr(ops.tracing, 'set_destination', tell)
    relation = tempo(receivers)
    relations = [relation]
    if certificates:
        bag = {'certificates': json.dumps(certificates)}
        relations.append(
            testing.Relation('receive-ca-cert', interface='certificate_transfer', remote_app_data=bag)
        )
    out = context.run(context.on.relation_changed(relation), state(*relations))
    assert told == [expected]
    context.run(context.on.relation_broken(out.get_relation(relation.id)), out)
    assert told == [expected, (None, None)]


# --- what is in them ---


@pytest.fixture
def hushed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tracer, 'start_as_current_span', Tracer.start_as_current_span)
    tracing.hush()


def text_of(context: Context) -> str:
    return '\n'.join(span.to_json() for span in context.trace_data)


@pytest.mark.usefixtures('hushed')
def test_traces_tell_events_and_no_secret(context: Context, state: MakeState) -> None:
    config = {
        'initial_settings': f'{{admin_password: {PLANTED["admin_password"]}}}',
        'container_secrets': f'{{TOKEN: {PLANTED["container_secrets"]}}}',
        'wp_plugin_akismet_key': PLANTED['akismet'],
    }
    out = ready(context, state(tempo(), config=config, secrets=[]))
    out = context.run(context.on.start(), out)
    for action in ('get-initial-password', 'rotate-keys', 'reset-admin-password'):
        context.run(context.on.action(action), out)
    names = {span.name for span in context.trace_data}
    assert {
        'ops.main',
        'wordpress_pebble_ready: WordpressCharm',
        'rotate_keys_action: WordpressCharm',
    } <= names
    contents = [secret.latest_content or secret.tracked_content for secret in out.secrets]
    made = [value for content in contents for key, value in content.items() if key != 'username']
    assert len(made) == 9
    told = text_of(context)
    assert not [value for value in (*made, *PLANTED.values(), 'planted') if value in told]


@pytest.mark.usefixtures('hushed')
def test_traces_tell_the_kind_of_an_error_and_not_its_text() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer('ops')
    printed = 'PHP Fatal error: planted-password'
    with pytest.raises(ops.pebble.ExecError), tracer.start_as_current_span('outer'):  # noqa: SIM117
        with tracer.start_as_current_span('pebble wait_output', attributes={'kind': 'a'}):
            raise ops.pebble.ExecError(['wpctl'], 255, printed, printed)
    inner, outer = kept.get_finished_spans()
    assert (inner.status.status_code, inner.status.description) == (StatusCode.ERROR, 'ExecError')
    assert (dict(inner.attributes or {}), inner.events) == ({'kind': 'a'}, ())
    assert inner.parent == outer.context
    assert 'planted' not in inner.to_json() + outer.to_json()


# --- how long it is waited for ---


def test_after_a_minute_or_a_success_there_is_full_patience_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, 'PATIENCE_S', 0.3)
    monkeypatch.setattr(tracing, 'SHORT_PATIENCE_S', 0.01)
    stuck = tracing.bounded(threading.Event().wait, folder=tmp_path)
    assert seconds(stuck) >= tracing.PATIENCE_S
    assert seconds(stuck) < tracing.PATIENCE_S / 2
    assert seconds(stuck) < tracing.PATIENCE_S / 2
    tracing.bounded(lambda: None, folder=tmp_path)()
    assert seconds(stuck) >= tracing.PATIENCE_S
    (memory,) = tmp_path.iterdir()
    earlier = time.time() - 61
    os.utime(memory, (earlier, earlier))
    assert seconds(stuck) >= tracing.PATIENCE_S


def test_what_a_wait_raises_is_raised(tmp_path: Path) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tracing.bounded(fail, folder=tmp_path)()
    # And nothing is left that would end something later.
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


HOOK = """
import pathlib, sys, time, tracing, ops
from opentelemetry import trace
from ops.jujucontext import JujuContext
folder, url = pathlib.Path(sys.argv[1]), sys.argv[2]
told = {'UNIT_NAME': 'wordpress/0', 'MODEL_NAME': 'blog', 'MODEL_UUID': '-', 'VERSION': '3.6.0'}
told = {f'JUJU_{key}': value for key, value in told.items()}
context = JujuContext._from_dict({**told, 'JUJU_CHARM_DIR': str(folder)})
ops.tracing._setup(context, 'WordpressCharm')
provider = trace.get_tracer_provider()
provider.shutdown = tracing.bounded(provider.shutdown, folder=folder)
ops.tracing.set_destination(url=url, ca=None)
with trace.get_tracer('ops').start_as_current_span(sys.argv[3]):
    pass
began = time.monotonic()
ops.tracing._shutdown()
print(time.monotonic() - began)
"""
"""What of a hook concerns the library: it records a span, and waits until that is sent."""


class Taker(http.server.BaseHTTPRequestHandler):
    """A receiver that answers at once."""

    taken: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        """Take it."""
        self.taken.append(self.rfile.read(int(self.headers['Content-Length'])))
        self.send_response(200)
        self.end_headers()

    def log_request(self, code: object = '-', size: object = '-') -> None:
        """Say nothing."""


def test_the_library_waits_no_longer_for_silence_and_loses_nothing(tmp_path: Path) -> None:
    def hook(port: int, span: str) -> float:
        words = [sys.executable, '-c', HOOK, str(tmp_path), f'http://127.0.0.1:{port}/v1/traces', span]
        env = {'PYTHONPATH': str(CHARM / 'src')}
        return float(subprocess.run(words, env=env, capture_output=True, text=True, check=True).stdout)

    with socket.create_server(('127.0.0.1', 0)) as silent:
        took = [hook(silent.getsockname()[1], name) for name in ('first', 'second')]
    assert tracing.PATIENCE_S <= took[0] < tracing.PATIENCE_S + 1
    assert tracing.SHORT_PATIENCE_S <= took[1] < tracing.PATIENCE_S
    with http.server.HTTPServer(('127.0.0.1', 0), Taker) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        hook(server.server_port, 'third')
        server.shutdown()
        thread.join()
    spans = [json.loads(body)['resourceSpans'][0]['scopeSpans'][0]['spans'] for body in Taker.taken]
    assert [span['name'] for (span,) in spans] == ['first', 'second', 'third']


def seconds(wait: Callable[[], object]) -> float:
    began = time.monotonic()
    wait()
    return time.monotonic() - began
