"""A small controller on a real TLS socket, and a client with its own files and streams."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import ssl
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.server import Server, ServerConnection, serve

from pocket import settings
from pocket.client import context, main

Json = dict[str, Any]
Answer = Callable[[Json], Json]

MODEL_UUID = '0a2e3f96-9521-43c4-9bcf-ae7a5415477f'
FACADES = {
    'Action': [7],
    'AllWatcher': [3],
    'Annotations': [2],
    'ApplicationOffers': [5],
    'Block': [2],
    'Bundle': [6],
    'Charms': [6, 7],
    'Resources': [3],
    'Spaces': [6],
    'Application': [19, 20],
    'Client': [6, 7, 8],
    'Cloud': [7],
    'Controller': [11, 12],
    'MachineManager': [10],
    'ModelConfig': [3],
    'ModelManager': [9, 10],
    'Pinger': [1],
    'SSHClient': [4],
    'Subnets': [5],
    'Secrets': [2],
    'UserManager': [3],
}


class Rejected(Exception):
    """Raised by an answer to send an error with a code."""

    def __init__(self, message: str, code: str = '') -> None:
        super().__init__(message)
        self.code = code


@dataclass
class FakeController:
    """Answers what the test says and remembers what it was asked."""

    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    calls: list[tuple[str, Json]] = field(default_factory=list[tuple[str, Json]])
    paths: list[str] = field(default_factory=list[str])
    log: list[Json] = field(default_factory=list[Json])
    talk: Callable[[ServerConnection], Awaitable[None]] | None = None
    """What to do on a connection in place of answering."""
    port: int = 0
    ca_cert: str = ''

    def asked(self, name: str) -> list[Json]:
        """The parameters of every call of *name* (``Facade.Method``)."""
        return [params for called, params in self.calls if called == name]

    def reject(self, message: str, code: str = '') -> Json:
        """End an answer with an error."""
        raise Rejected(message, code)

    async def handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        path = connection.request.path
        self.paths.append(path)
        if self.talk is not None:
            await self.talk(connection)
            return
        if '/log?' in path:
            await connection.send('{}\n')
            for record in self.log:
                await connection.send(json.dumps(record))
            return
        async for message in connection:
            await connection.send(json.dumps(self._reply(path, json.loads(message))))

    def _reply(self, path: str, request: Json) -> Json:
        name = f'{request["type"]}.{request["request"]}'
        self.calls.append((name, request.get('params') or {}))
        reply: Json = {'request-id': request['request-id'], 'response': {}}
        try:
            reply['response'] = self._answer(path, name, request.get('params') or {})
        except Rejected as err:
            reply |= {'error': str(err), 'error-code': err.code}
        return reply

    def _answer(self, path: str, name: str, params: Json) -> Json:
        if name in self.answers:
            return self.answers[name](params)
        if name != 'Admin.Login':
            raise Rejected(f'no such request - {name}', 'not implemented')
        if path.startswith('/model/') and MODEL_UUID not in path:
            raise Rejected('unknown model', 'model not found')
        if params['credentials'] != 'open sesame':
            raise Rejected('invalid entity name or password', 'unauthorized access')
        return {
            'controller-tag': 'controller-c0',
            'server-version': '3.6.12',
            'facades': [{'name': facade, 'versions': versions} for facade, versions in FACADES.items()],
        }


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass
class Client:
    """Runs commands in process."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict[str, str])
    stdin: str = ''

    def run(self, *argv: str) -> Done:
        out, err = io.StringIO(), io.StringIO()
        env = {'JUJU_DATA': str(self.folder), **self.environ}
        ctx = context.Context(
            stdin=io.StringIO(self.stdin),
            stdout=out,
            stderr=err,
            environ=env,
            settings=settings.load(env),
        )
        code = main.run(ctx, argv)
        return Done(code=code, out=out.getvalue(), err=err.getvalue())

    def read(self, file: str) -> Json:
        """One of the client's files."""
        loaded: Json = yaml.safe_load((self.folder / file).read_text())
        return loaded

    def write(self, file: str, document: Mapping[str, Any]) -> None:
        """Replace one of the client's files."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / file).write_text(yaml.safe_dump(dict(document)))


def _make_certificate(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, 'a test')])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName('juju-apiserver')]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def _without_key(pem: Path) -> str:
    return pem.read_text().partition('-----END PRIVATE KEY-----\n')[2]


@contextlib.contextmanager
def serving(handle: Callable[[ServerConnection], Awaitable[None]], tls: ssl.SSLContext) -> Generator[int]:
    """A websocket server in a thread with a loop of its own; gives its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> Server:
        return await serve(handle, '127.0.0.1', 0, ssl=tls, close_timeout=1)

    async def stop() -> None:
        server.close()
        await server.wait_closed()
        await loop.shutdown_default_executor()

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield next(iter(server.sockets)).getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope='session')
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for ``juju-apiserver`` in one file; it is its own authority."""
    return _make_certificate(tmp_path_factory.mktemp('tls') / 'server.pem')


@pytest.fixture
def certificate_of_another(tmp_path: Path) -> str:
    """A certificate that has nothing to do with the controller."""
    return _without_key(_make_certificate(tmp_path / 'another.pem'))


@pytest.fixture
def controller(certificate: Path) -> Iterator[FakeController]:
    fake = FakeController(ca_cert=_without_key(certificate))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    with serving(fake.handle, tls) as fake.port:
        yield fake


@pytest.fixture
def client(tmp_path: Path, controller: FakeController) -> Client:
    """A client that knows the controller and has a model selected."""
    made = Client(tmp_path / 'juju')
    made.write(
        'controllers.yaml',
        {
            'controllers': {
                'ctl': {
                    'uuid': 'c0',
                    'api-endpoints': [f'127.0.0.1:{controller.port}'],
                    'ca-cert': controller.ca_cert,
                    'cloud': 'pocket',
                    'region': 'default',
                }
            },
            'current-controller': 'ctl',
        },
    )
    made.write('accounts.yaml', {'controllers': {'ctl': {'user': 'admin', 'password': 'open sesame'}}})
    models = {'admin/m1': {'uuid': MODEL_UUID, 'type': 'iaas', 'branch': ''}}
    made.write('models.yaml', {'controllers': {'ctl': {'models': models, 'current-model': 'admin/m1'}}})
    return made
