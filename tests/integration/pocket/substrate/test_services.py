"""Services on a real host: two namespaces as pods, a small web server in each."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest

from bedrock import process
from pocket import settings as settings_
from pocket.model.cluster import ClusterNetwork, ClusterService, ServicePort
from pocket.substrate.network import Network

pytestmark = pytest.mark.nspawn

REGION = 'k8s/default'
SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(f'{sys.argv[1]} {self.client_address[0]}'.encode())
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(('', 8080), Handler)
print('ready', flush=True)
server.serve_forever()
"""
CLIENT = """
import socket, sys, time
start = time.monotonic()
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1) as link:
        link.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
        print(b''.join(iter(lambda: link.recv(4096), b'')).partition(b'\\r\\n\\r\\n')[2].decode())
except OSError as err:
    print(type(err).__name__)
assert time.monotonic() - start < 2, sys.argv
"""


class Pods:
    """Namespaces that are connected as pods are."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.network = network
        self._folder = folder
        self._stack = contextlib.AsyncExitStack()
        self._spaces: dict[str, Path] = {}

    async def start(self, name: str, model: str, *, serves: bool = True) -> str:
        address = await self.network.allot(name, model=model, region=REGION, known=())
        self._spaces[name] = await self.network.connect(name)
        if serves:
            script = self._folder / 'server.py'
            script.write_text(SERVER)
            child = await asyncio.create_subprocess_exec(
                *self._inside(name),
                *('python3', str(script), name),
                stdout=asyncio.subprocess.PIPE,
            )
            self._stack.push_async_callback(child.wait)
            self._stack.callback(child.kill)
            assert child.stdout is not None
            assert await child.stdout.readline() == b'ready\n'
        return address

    async def ask(self, name: str, address: str, port: int = 8080) -> str:
        """What *name*, or the host for '', gets."""
        words = ['python3', '-c', CLIENT, address, str(port)]
        done = await process.arun([*self._inside(name), *words], timeout_s=15)
        return done.stdout.strip()

    async def stop(self) -> None:
        await self._stack.aclose()
        await self.network.remove()

    def _inside(self, name: str) -> Sequence[str]:
        return ['nsenter', f'--net={self._spaces[name]}'] if name else []


@pytest.fixture
async def pods(tmp_path: Path) -> AsyncGenerator[Pods]:
    settings = settings_.load({'POCKET_HOME': str(tmp_path)})
    made = Pods(Network(settings), tmp_path)
    yield made
    await made.stop()


def _network(model: str, *backends: str, application: str = 'blog') -> ClusterNetwork:
    ports = (ServicePort(protocol='tcp', first=8080, last=8080, backends=backends),) if backends else ()
    service = ClusterService(name=application, ports=ports)
    return ClusterNetwork(model_uuid=model, region=REGION, services=(service,))


async def test_a_service_leads_to_its_pods_from_everywhere_that_may(pods: Pods) -> None:
    placed = await pods.network.serve([_network('web')], known=())
    service = placed['web'].services['blog']
    one, two = await pods.start('one', 'web'), await pods.start('two', 'web')
    far = await pods.start('far', 'other', serves=False)
    assert service not in (one, two, far)
    # Nobody has the port open yet: that is said at once.
    assert await pods.ask('one', service) == 'ConnectionRefusedError'
    assert await pods.ask('', service) == 'ConnectionRefusedError'

    assert await pods.network.serve([_network('web', one, two)], known=()) == placed
    # By turns, from the host, from a pod of the model, from the pod that is led to itself.
    for asker in ('', 'one', 'two'):
        answers = [await pods.ask(asker, service) for _ in range(4)]
        assert {answer.split()[0] for answer in answers} == {'one', 'two'}, (asker, answers)
        seen = service if asker else placed['web'].gateway
        assert {answer.split()[1] for answer in answers} == {seen}
    assert await pods.ask('one', service, 9) == 'ConnectionRefusedError'
    assert await pods.ask('', service, 22) == 'ConnectionRefusedError'
    assert await pods.ask('one', placed['web'].gateway, 22) == 'TimeoutError'
    assert await pods.ask('one', placed['web'].gateway, 6443) == 'ConnectionRefusedError'

    # Another model's pods only when a relation connects them; they are seen as who they are.
    assert await pods.ask('far', service) in ('TimeoutError', 'ConnectionRefusedError')
    await pods.network.allow([frozenset({'web', 'other'})])
    assert (await pods.ask('far', service)).split()[1] == far

    # A pod that goes is not led to any more.
    await pods.network.serve([_network('web', two)], known=())
    assert {(await pods.ask('one', service)).split()[0] for _ in range(3)} == {'two'}


async def test_addresses_outlive_the_daemon_and_go_with_the_model(pods: Pods, tmp_path: Path) -> None:
    network = pods.network
    placed = await network.serve([_network('web')], known=())
    one = await pods.start('one', 'web')
    await network.serve([_network('web', one)], known=())

    heir = Network(settings_.load({'POCKET_HOME': str(tmp_path)}))
    await heir.sweep([])
    await heir.allow([])
    service = placed['web'].services['blog']
    assert await pods.ask('', service) == f'one {placed["web"].gateway}'
    assert await heir.serve([_network('web', one)], known=()) == placed
    await heir.release('one')
    assert await heir.serve([_network('web')], known=()) == placed

    assert await heir.serve([], known=()) == {}
    settings = settings_.load({'POCKET_HOME': str(tmp_path)})
    links = os.listdir('/sys/class/net')
    assert not [link for link in links if link.startswith(f'pk{settings.tag}b')]
    pods.network = heir
