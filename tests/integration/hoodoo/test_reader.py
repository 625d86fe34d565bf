"""Reading a controller over a real TLS websocket; the controller is a few lines that answer as Juju does."""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from bedrock import errors
from hoodoo.juju import clientfiles, dialling, login, reader, rpc

FULL_STATUS: dict[str, Any] = {
    'model': {'name': 'm'},
    'controller-timestamp': '2026-11-22T10:00:10.123456789Z',
    'machines': {'0': {'agent-status': {'status': 'started'}, 'instance-status': {'status': 'running'}}},
    'applications': {
        'web': {
            'charm': 'local:web-3',
            'exposed': True,
            'life': 'alive',
            'status': {'status': 'active'},
            'subordinate-to': [],
            'units': {
                'web/10': {
                    'agent-status': {'status': 'idle', 'since': '2026-11-22T10:00:00Z'},
                    'workload-status': {'status': 'active'},
                    'machine': '0',
                    'leader': True,
                    'subordinates': {
                        'nrpe/0': {
                            'agent-status': {'status': 'executing', 'info': 'running install hook'},
                            'workload-status': {'status': 'maintenance'},
                        }
                    },
                },
                'web/9': {
                    'agent-status': {'status': 'idle', 'life': 'dying'},
                    'workload-status': {'status': 'error', 'info': 'hook failed: "stop"'},
                },
            },
        },
        'nrpe': {
            'charm': 'local:nrpe-0',
            'status': {'status': 'waiting'},
            'subordinate-to': ['web'],
            'units': None,
        },
    },
    'relations': [
        {
            'id': 1,
            'endpoints': [
                {'application': 'web', 'name': 'nrpe'},
                {'application': 'nrpe', 'name': 'checks'},
            ],
            'status': {'status': 'joined'},
        }
    ],
}


class Controller:
    """What a test's controller says, and what it heard."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.watched = True
        self.change = threading.Event()
        self.drop_next = False
        self.drop_watcher = False

    def serve(self, connection: ServerConnection) -> None:
        try:
            for text in connection:
                asked = json.loads(text)
                self.heard.append(asked)
                if self.drop_next and asked['type'] == 'Client':
                    self.drop_next = False
                    connection.close()
                    return
                if self.drop_watcher and asked['type'] == 'AllWatcher':
                    self.drop_watcher = False
                    connection.close()
                    return
                connection.send(json.dumps({'request-id': asked['request-id'], **self._answer(asked)}))
        except ConnectionClosed:
            pass

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        match asked['type'], asked['request']:
            case 'Admin', 'Login':
                if asked['params']['credentials'] != 'secret':
                    return {'error': 'invalid entity name or password', 'error-code': 'unauthorized access'}
                facades = [
                    {'name': 'Client', 'versions': [6, 7, 8, 9]},
                    {'name': 'Application', 'versions': [19]},
                    {'name': 'AllWatcher', 'versions': [3]},
                ]
                return {'response': {'facades': facades, 'server-version': '3.6.12'}}
            case 'Client', 'FullStatus':
                return {'response': FULL_STATUS}
            case 'Client', 'WatchAll' if self.watched:
                return {'response': {'watcher-id': '7'}}
            case 'AllWatcher', 'Next' if self.watched:
                self.change.wait(5)
                self.change.clear()
                return {'response': {'deltas': [['unit', 'change', {}]]}}
            case 'Application', 'Get':
                option = {'value': 80, 'source': 'default', 'type': 'int', 'description': 'x'}
                return {'response': {'application': 'web', 'charm': 'web', 'config': {'port': option}}}
            case _:
                return {'error': 'no such request', 'error-code': 'not implemented', 'response': {}}


@pytest.fixture
def controller() -> Controller:
    return Controller()


@pytest.fixture
def registered(tmp_path: Path, controller: Controller) -> Generator[clientfiles.Controller]:
    """The controller, listening, as the Juju client's files describe it."""
    certificate = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, tmp_path / 'key.pem')
    with serve(controller.serve, '127.0.0.1', 0, ssl=context) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield _register(tmp_path, server, certificate.read_text())
        controller.change.set()
        server.shutdown()
        thread.join()


def _register(data: Path, server: Server, ca: str) -> clientfiles.Controller:
    port = server.socket.getsockname()[1]
    entry = {'uuid': 'c', 'api-endpoints': [f'127.0.0.1:{port}'], 'ca-cert': ca, 'cloud': 'lxd'}
    (data / 'controllers.yaml').write_text(
        json.dumps({'controllers': {'here': entry}, 'current-controller': 'here'})
    )
    account = {'user': 'admin', 'password': 'secret'}
    (data / 'accounts.yaml').write_text(json.dumps({'controllers': {'here': account}}))
    found = clientfiles.find(data, clientfiles.current(data))
    assert found is not None
    return found


def _certificate(folder: Path) -> Path:
    """A certificate for the name that Juju's controllers carry, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, 'juju')])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName('juju-apiserver'), x509.IPAddress(ipaddress.ip_address('10.0.0.1'))]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / 'cert.pem').write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / 'key.pem').write_bytes(key.private_bytes(*pem))
    return folder / 'cert.pem'


def _reader(registered: clientfiles.Controller) -> reader.Reader:
    return reader.Reader(lambda: rpc.Connection(registered, model_uuid='u'))


def test_a_snapshot_holds_what_the_controller_says(registered: clientfiles.Controller) -> None:
    read = _reader(registered)
    seen = read.snapshot()
    read.close()
    web, nrpe = seen.applications['web'], seen.applications['nrpe']
    assert (web.charm, web.exposed) == ('local:web-3', True)
    assert [unit.name for unit in web.units] == ['web/9', 'web/10']
    assert [unit.name for unit in web.staying] == ['web/10']
    assert web.units[0].workload.message == 'hook failed: "stop"'
    assert (nrpe.units[0].principal, nrpe.units[0].machine) == ('web/10', '0')
    assert [str(end) for end in seen.relations[0].endpoints] == ['web:nrpe', 'nrpe:checks']
    since = web.units[1].agent.since_ms
    assert since is not None
    assert seen.now_ms - since == 10_123
    assert seen.machines['0'].agent.value == 'started'


def test_the_highest_common_facade_version_is_used(
    registered: clientfiles.Controller, controller: Controller
) -> None:
    read = _reader(registered)
    read.snapshot()
    options = read.options('web')
    read.close()
    assert (options['port'].value, options['port'].type, options['port'].source) == (80, 'int', 'default')
    assert {asked['type']: asked['version'] for asked in controller.heard} == {
        'Admin': 3,
        'Client': 8,
        'Application': 19,
    }


def test_a_broken_connection_is_made_again(
    registered: clientfiles.Controller, controller: Controller
) -> None:
    read = _reader(registered)
    read.snapshot()
    controller.drop_next = True
    assert read.snapshot().name == 'm'
    read.close()


def test_a_change_wakes_the_reader(registered: clientfiles.Controller, controller: Controller) -> None:
    read = _reader(registered)
    woken = threading.Event()

    def wait() -> None:
        read.wait_change(30)
        woken.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    controller.change.set()
    assert woken.wait(5)
    waiter.join()
    controller.change.set()
    read.close()


def test_without_a_watcher_the_reader_polls(
    registered: clientfiles.Controller, controller: Controller
) -> None:
    controller.watched = False
    read = _reader(registered)
    waiter = threading.Thread(target=lambda: (read.wait_change(30), read.wait_change(30)))
    waiter.start()
    waiter.join(5)
    assert not waiter.is_alive()
    read.close()


def test_without_a_watcher_the_looks_become_rarer_until_the_model_changes(
    registered: clientfiles.Controller, controller: Controller
) -> None:
    controller.watched = False
    read = _reader(registered)
    read.snapshot()
    pauses: list[float] = []
    for _ in range(3):
        began = time.monotonic()
        read.wait_change(0.0 if not pauses else 60.0)
        pauses.append(time.monotonic() - began)
        read.snapshot()
    read.close()
    assert pauses[0] >= 1.0, 'not more than one look a second, however short the wait may be'
    assert pauses[2] > pauses[1] >= 1.4
    assert sum(asked['request'] == 'WatchAll' for asked in controller.heard) == 1, 'it is not asked again'


def test_a_watcher_that_breaks_is_had_again(
    registered: clientfiles.Controller, controller: Controller
) -> None:
    controller.drop_watcher = True
    read = _reader(registered)
    read.wait_change(30)
    deadline = time.monotonic() + 20
    while sum(asked['request'] == 'WatchAll' for asked in controller.heard) < 2:
        assert time.monotonic() < deadline
        read.wait_change(0.1)
    began = time.monotonic()
    controller.change.set()
    read.wait_change(30)
    assert time.monotonic() - began < 10
    controller.change.set()
    read.close()


def test_a_wrong_password_is_a_fault(registered: clientfiles.Controller, tmp_path: Path) -> None:
    account = {'user': 'admin', 'password': 'guess'}
    (tmp_path / 'accounts.yaml').write_text(json.dumps({'controllers': {'here': account}}))
    wrong = clientfiles.find(tmp_path, 'here')
    assert wrong is not None
    with pytest.raises(login.RpcFault, match='invalid entity name or password'):
        rpc.Connection(wrong)


def test_a_certificate_of_another_authority_is_not_trusted(
    registered: clientfiles.Controller, tmp_path: Path
) -> None:
    (tmp_path / 'other').mkdir()
    entry = {
        'api-endpoints': list(registered.endpoints),
        'ca-cert': _certificate(tmp_path / 'other').read_text(),
    }
    (tmp_path / 'controllers.yaml').write_text(json.dumps({'controllers': {'here': entry}}))
    other = clientfiles.find(tmp_path, 'here')
    assert other is not None
    with pytest.raises(errors.UnreachableFault):
        rpc.Connection(other)


def test_an_address_that_swallows_packets_delays_no_other(registered: clientfiles.Controller) -> None:
    with socket.create_server(('127.0.0.1', 0)) as silent:
        endpoints = (f'127.0.0.1:{silent.getsockname()[1]}', '127.0.0.1:1', *registered.endpoints)
        began = time.monotonic()
        connection = rpc.Connection(dataclasses.replace(registered, endpoints=endpoints))
        assert time.monotonic() - began < 8, 'the silent one alone would take 10 s'
        assert connection.call('Client', 'FullStatus', {})['model'] == {'name': 'm'}
        connection.close()


@pytest.fixture
def nothing_read() -> Generator[None]:
    """Whom all trust is read once for each process, which other tests share."""
    dialling._trusting.cache_clear()  # pyright: ignore[reportPrivateUsage]
    yield
    dialling._trusting.cache_clear()  # pyright: ignore[reportPrivateUsage]


@pytest.mark.usefixtures('nothing_read')
def test_a_controller_with_a_public_name_is_vouched_for_by_those_whom_all_trust(
    registered: clientfiles.Controller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('SSL_CERT_FILE', str(tmp_path / 'cert.pem'))
    (tmp_path / 'other').mkdir()
    other = _certificate(tmp_path / 'other').read_text()
    for ca in ('', other):
        # The address is not in the certificate; the public name is.
        public = dataclasses.replace(registered, ca=ca, hostname='juju-apiserver')
        rpc.Connection(public).close()
        with pytest.raises(errors.UnreachableFault, match='cannot trust controller "here"'):
            rpc.Connection(dataclasses.replace(public, hostname='elsewhere.example'))


def test_a_facade_that_a_controller_lacks_is_named(registered: clientfiles.Controller) -> None:
    connection = rpc.Connection(registered)
    with pytest.raises(login.RpcFault, match='has no Annotations API') as fault:
        connection.call('Annotations', 'Get', {'entities': []})
    connection.close()
    assert 'Juju 3.6.12' in fault.value.hint
