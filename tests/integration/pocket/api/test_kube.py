"""The Kubernetes API of a model, used by the real kubectl."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import logging
import secrets
import shutil
import socket
import ssl
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
import websockets.asyncio.client
import websockets.exceptions

from bedrock import charm, process
from pocket.api import identity, tls
from pocket.api.kube.listeners import Listeners
from pocket.cli import kubeconfig
from pocket.model.cluster import ClusterAddresses
from pocket.services import charms, models
from pocket.services.cluster import access, addresses
from pocket.services.cluster.access import Credentials
from pocket.state import State, Tx

pytestmark = pytest.mark.skipif(shutil.which('kubectl') is None, reason='needs kubectl')

SIDECAR = Path(__file__).resolve().parents[3] / 'data' / 'charms' / 'sidecar'
ADDRESS, OTHER = '127.7.7.7', '127.7.7.8'
INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: blog}
spec:
  tls: [{hosts: [blog.example.com], secretName: blog-tls}]
  rules:
  - host: blog.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: blog, port: {number: 8080}}}}]}
"""


class Kube:
    """A model's API, and kubectl at it."""

    def __init__(self, folder: Path, state: State, uuid: str, who: identity.Identity) -> None:
        self.folder, self.state, self.uuid, self.who = folder, state, uuid, who

    def login(self, credentials: Credentials | None) -> None:
        assert credentials is not None
        text = kubeconfig.render(credentials, ca_pem=self.who.ca_cert_pem)
        (self.folder / 'kubeconfig').write_text(text)

    async def __call__(self, *words: str, stdin: str = '') -> tuple[int, str]:
        env = {
            'PATH': '/usr/bin:/bin',
            'HOME': str(self.folder),
            'KUBECONFIG': str(self.folder / 'kubeconfig'),
        }
        done = await process.arun(['kubectl', *words], env=env, stdin=stdin, timeout_s=20, check=False)
        return done.returncode, done.stdout + done.stderr


def _add_model(tx: Tx) -> str:
    return models.add(tx, name='blog', owner='admin', cloud='k8s', region='default')


def _add_application(tx: Tx, uuid: str, trust: bool) -> None:
    url = charms.add_local(tx, uuid, archive=Path('/none'), sha256='0' * 64, charm=charm.read(SIDECAR))
    tx.db.execute(
        'INSERT INTO application (model_uuid, name, charm_url, base_name, base_channel, subordinate, trust,'
        " constraints, config, created_ms) VALUES (?, ?, ?, 'ubuntu', '24.04', 0, ?, '{}', '{}', 7)",
        (uuid, f'app-{"yes" if trust else "no"}', url, trust),
    )


@pytest.fixture
async def kube(tmp_path: Path) -> AsyncGenerator[Kube]:
    who = identity.load_or_create(tmp_path)
    state = State(tmp_path / 'state.db')
    uuid = await state.write(_add_model)
    await state.write(addresses.set_addresses, {uuid: ClusterAddresses(gateway=ADDRESS)})
    watch = state.watch('model')
    listeners = Listeners(state=state, home=tmp_path, secret=who.kube_secret)
    task = asyncio.create_task(listeners.run())
    async with asyncio.timeout(10):
        while state.read(access.for_admin, uuid, who.kube_secret) is None:
            await watch.changed()
    made = Kube(tmp_path, state, uuid, who)
    made.login(state.read(access.for_admin, uuid, who.kube_secret))
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    state.close()


async def test_kubectl_keeps_secrets_and_ingresses(kube: Kube, tmp_path: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    pair = tls.load_or_create(tmp_path / 'pair', now=now)
    other = tls.load_or_create(tmp_path / 'other', now=now)
    create = ('create', 'secret', 'tls', 'blog-tls', f'--cert={pair.chain}')
    code, text = await kube(*create, f'--key={other.key}')
    assert code != 0  # kubectl itself looks at the pair first
    assert await kube(*create, f'--key={pair.key}') == (0, 'secret/blog-tls created\n')
    code, text = await kube(*create, f'--key={pair.key}')
    assert (code, 'already exists' in text) == (1, True)
    code, text = await kube('get', 'secrets')
    assert text.splitlines()[1].split()[:3] == ['blog-tls', 'kubernetes.io/tls', '2']

    assert await kube('apply', '-f', '-', stdin=INGRESS) == (0, 'ingress.networking.k8s.io/blog created\n')
    again = INGRESS.replace('8080', '8081')
    assert await kube('apply', '-f', '-', stdin=again) == (0, 'ingress.networking.k8s.io/blog configured\n')
    assert await kube('apply', '-f', '-', stdin=again) == (0, 'ingress.networking.k8s.io/blog unchanged\n')
    code, text = await kube('apply', '--server-side', '--force-conflicts', '-f', '-', stdin=INGRESS)
    assert (code, text) == (0, 'ingress.networking.k8s.io/blog serverside-applied\n')
    code, text = await kube('get', 'ingress')
    assert text.splitlines()[1].split()[:6] == ['blog', '<none>', 'blog.example.com', ADDRESS, '80,', '443']
    found = json.loads((await kube('get', 'ing', 'blog', '-o', 'json'))[1])
    path = found['spec']['rules'][0]['http']['paths'][0]
    assert path['backend']['service']['port'] == {'number': 8080}
    assert found['metadata']['resourceVersion'].endswith('00003')
    assert await kube('annotate', 'ingress', 'blog', 'a/b=c') == (
        0,
        'ingress.networking.k8s.io/blog annotated\n',
    )

    code, text = await kube('apply', '-f', '-', stdin=INGRESS.replace('path: /,', 'path: "x\\n",'))
    assert code != 0
    assert 'must be an absolute path' in text
    code, text = await kube('get', 'pods')
    assert (code, text) == (0, 'No resources found in blog namespace.\n')
    code, text = await kube('get', 'namespaces')
    assert text.splitlines()[1].split()[:2] == ['blog', 'Active']
    assert (await kube('delete', 'secret', 'blog-tls'))[0] == 0
    code, text = await kube('get', 'secret', 'blog-tls')
    assert (code, 'NotFound' in text) == (1, True)
    code, text = await kube('get', 'secrets', '-n', 'elsewhere')
    assert 'Forbidden' in text
    assert 'running' not in text


async def test_whoever_watches_is_told_what_happens(kube: Kube) -> None:
    async with _watcher(kube) as client:
        listed = (await client.get('/api/v1/namespaces/blog/configmaps')).json()
        query = {'watch': '1', 'resourceVersion': listed['metadata']['resourceVersion']}
        async with client.stream('GET', '/api/v1/namespaces/blog/configmaps', params=query) as stream:
            lines = stream.aiter_lines()
            assert (await kube('create', 'configmap', 'answer', '--from-literal=a=42'))[0] == 0
            added = json.loads(await anext(lines))
            assert (added['type'], added['object']['data']) == ('ADDED', {'a': '42'})
            assert added['object']['kind'] == 'ConfigMap'
            assert (await kube('label', 'configmap', 'answer', 'role=x'))[0] == 0
            changed = json.loads(await anext(lines))
            assert (changed['type'], changed['object']['metadata']['labels']) == ('MODIFIED', {'role': 'x'})
        # Nothing is missed by who goes on from what was told last, though nobody watched meanwhile.
        assert (await kube('delete', 'configmap', 'answer'))[0] == 0
        query['resourceVersion'] = changed['object']['metadata']['resourceVersion']
        async with client.stream('GET', '/api/v1/configmaps', params=query) as stream:
            assert json.loads(await anext(stream.aiter_lines()))['type'] == 'DELETED'
        query['resourceVersion'] = '7'
        assert (await client.get('/api/v1/configmaps', params=query)).status_code == 410
        done = await client.get('/api/v1/configmaps', params={'watch': '1', 'timeoutSeconds': '1'})
        assert (done.status_code, done.text) == (200, '')


async def test_what_is_the_models_own_is_changed_and_neither_made_nor_removed(kube: Kube) -> None:
    await kube.state.write(_add_application, kube.uuid, True)
    port = '{"spec": {"ports": [{"port": 80, "targetPort": 8080}]}}'
    placed = {kube.uuid: ClusterAddresses(gateway=ADDRESS, services={'app-yes': '127.7.7.9'})}
    await kube.state.write(addresses.set_addresses, placed)
    assert await kube('patch', 'service', 'app-yes', '--type=merge', f'--patch={port}') == (
        0,
        'service/app-yes patched\n',
    )
    code, text = await kube('get', 'services')
    assert text.splitlines()[1].split()[:5] == ['app-yes', 'ClusterIP', '127.7.7.9', '<none>', '80/TCP']
    limits = (
        '{"spec":{"template":{"spec":{"containers":[{"name":"charm","resources":{"limits":{"cpu":"1"}}}]}}}}'
    )
    assert (await kube('patch', 'statefulset', 'app-yes', f'--patch={limits}'))[0] == 0
    code, text = await kube('get', 'sts', 'app-yes', '-o', 'jsonpath={.spec.template.spec.containers[0]}')
    assert json.loads(text)['resources'] == {'limits': {'cpu': '1'}, 'requests': {'cpu': '1'}}
    code, text = await kube('scale', 'sts', 'app-yes', '--replicas=3')
    assert code != 0
    code, text = await kube('delete', 'sts', 'app-yes')
    assert (code, 'does not allow this method' in text) == (1, True)


@contextlib.asynccontextmanager
async def _watcher(kube: Kube) -> AsyncGenerator[httpx.AsyncClient]:
    """A client that speaks plain HTTP: kubectl hides how watches begin and end."""
    admin = kube.state.read(access.for_admin, kube.uuid, kube.who.kube_secret)
    assert admin is not None
    async with httpx.AsyncClient(
        base_url=f'https://{admin.host}:{admin.port}',
        headers={'Authorization': f'Bearer {admin.token}'},
        timeout=20,
        trust_env=False,
        verify=ssl.create_default_context(cadata=kube.who.ca_cert_pem),
    ) as client:
        yield client


async def test_an_application_may_what_it_is_trusted_with(kube: Kube) -> None:
    for trust in (True, False):
        await kube.state.write(_add_application, kube.uuid, trust)
    for name, allowed in (('app-yes', True), ('app-no', False)):
        kube.login(kube.state.read(access.for_application, kube.uuid, name, kube.who.kube_secret))
        code, text = await kube('create', 'secret', 'generic', f'of-{name}', '--from-literal=a=b')
        assert (code == 0) is allowed, text
        assert f'system:serviceaccount:blog:{name}' in text or allowed
    admin = kube.state.read(access.for_admin, kube.uuid, kube.who.kube_secret)
    assert admin is not None
    for token in ('', 'x', secrets.token_hex(8), admin.token[:-1]):
        kube.login(Credentials(host=admin.host, port=admin.port, namespace='blog', token=token or 'none'))
        code, text = await kube('get', 'secrets')
        assert (code, 'Unauthorized' in text or 'logged in' in text) == (1, True), text


async def test_programs_in_pods_are_for_those_who_may_all(kube: Kube) -> None:
    await kube.state.write(_add_application, kube.uuid, False)
    admin = kube.state.read(access.for_admin, kube.uuid, kube.who.kube_secret)
    stranger = kube.state.read(access.for_application, kube.uuid, 'app-no', kube.who.kube_secret)
    assert admin is not None
    assert stranger is not None
    # The real kubectl runs programs in tests/accept, where there are pods.
    status = json.loads((await _exec(kube, admin))[1:])
    assert status['message'] == 'pods "blog-0" not found'
    with pytest.raises(websockets.exceptions.InvalidStatus, match='403'):
        await _exec(kube, stranger)
    with pytest.raises(websockets.exceptions.InvalidStatus, match='403'):
        await _exec(kube, admin, namespace='elsewhere')


async def _exec(kube: Kube, credentials: Credentials, *, namespace: str = 'blog') -> bytes:
    """Return the first message of the endpoint that kubectl exec uses."""
    trust = ssl.create_default_context(cadata=kube.who.ca_cert_pem)
    host = f'{credentials.host}:{credentials.port}'
    async with websockets.asyncio.client.connect(
        f'wss://{host}/api/v1/namespaces/{namespace}/pods/blog-0/exec?command=ls',
        ssl=trust,
        additional_headers={'Authorization': f'Bearer {credentials.token}'},
        subprotocols=[websockets.Subprotocol('v5.channel.k8s.io')],
        proxy=None,
    ) as connection:
        message = await connection.recv()
        assert isinstance(message, bytes)
        return message


@pytest.mark.parametrize(('taken', 'port'), [((), 6443), ((6443,), 16443), ((6443, 16443), 0)])
async def test_another_port_is_taken_where_the_usual_one_is_not_free(
    tmp_path: Path, taken: tuple[int, ...], port: int
) -> None:
    who = identity.load_or_create(tmp_path)
    state = State(tmp_path / 'state.db')
    uuid = await state.write(_add_model)
    await state.write(addresses.set_addresses, {uuid: ClusterAddresses(gateway=OTHER)})
    watch, complaints = state.watch('model'), _Complaints()
    logging.getLogger(Listeners.__module__).addHandler(complaints)
    listeners = Listeners(state=state, home=tmp_path, secret=who.kube_secret)
    with contextlib.ExitStack() as stack:
        for one in taken:
            stack.enter_context(socket.create_server((OTHER, one)))
        task = asyncio.create_task(listeners.run())
        async with asyncio.timeout(20):
            if not port:
                assert 'neither port 6443 nor 16443 is free' in await complaints.said
            while port and state.read(access.for_admin, uuid, who.kube_secret) is None:
                await watch.changed()
        found = state.read(access.for_admin, uuid, who.kube_secret)
        assert (found.port if found else 0) == port
        if found is not None:
            kube = Kube(tmp_path, state, uuid, who)
            kube.login(found)
            assert await kube('get', 'secrets', '-o', 'name') == (0, '')
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    logging.getLogger(Listeners.__module__).removeHandler(complaints)
    watch.close()
    state.close()


class _Complaints(logging.Handler):
    """Hears the first line that is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.said: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def emit(self, record: logging.LogRecord) -> None:
        if not self.said.done():
            self.said.set_result(record.getMessage())
