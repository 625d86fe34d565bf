"""The ways to the blog, and what is around it: test 22 of those that it is accepted by, and the edges.

The tests go on from each other's end: one blog has one edge after the other.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import lzma
import os
import queue
import re
import shutil
import socket
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bedrock import process
from tests.blog.model import Blog
from tests.blog.parts import BIN, TOP
from tests.blog.spec import MODEL
from tests.blog.visitors import HOST

DOOR = 'ingress'
FORGED = {
    'Forwarded': 'host=evil.example;proto=http',
    'X-Forwarded-For': '192.0.2.66',
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Proto': 'http',
    'X-Real-IP': '192.0.2.66',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """kubectl of the model's administrator, and a visitor."""

    blog: Blog
    folder: Path
    gateway: str

    def kubectl(self, *words: str, given: str | None = None) -> str:
        env = {**self.blog.env, 'KUBECONFIG': str(self.folder / 'kubeconfig')}
        return process.run(['kubectl', *words], env=env, timeout_s=60, stdin=given).stdout

    def renew(self) -> None:
        """Put a new certificate into the secret of the blog."""
        _certificate(self.folder)
        words = (
            'create',
            'secret',
            'tls',
            'blog-tls',
            f'--cert={self.folder}/pem',
            f'--key={self.folder}/key',
        )
        made = self.kubectl(*words, '--dry-run=client', '-o', 'yaml')
        self.kubectl('apply', '-f', '-', given=made)

    def connection(
        self, *, address: str = '', port: int = 443, trust: ssl.SSLContext | None = None
    ) -> http.client.HTTPSConnection:
        made = http.client.HTTPSConnection(HOST, timeout=20)
        raw = socket.create_connection((address or self.gateway, port), 20)
        made.sock = (trust or _trusting()).wrap_socket(raw, server_hostname=HOST)
        return made

    def get(self, path: str = '/', *, port: int = 80, **headers: str) -> tuple[int, str, str]:
        """Status, where it leads, and text; port 443 is with TLS."""
        with contextlib.closing(
            self.connection() if port == 443 else http.client.HTTPConnection(self.gateway, port, timeout=20)
        ) as connection:
            connection.request('GET', path, headers={'Host': HOST, **headers})
            answer = connection.getresponse()
            return answer.status, answer.headers.get('Location', ''), answer.read().decode(errors='replace')

    def ingresses(self) -> list[str]:
        return self.kubectl('get', 'ingress', '-o', 'name').split()


def _certificate(folder: Path) -> None:
    subprocess.run(
        [
            *('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'),
            *('-days', '30', '-subj', f'/CN={HOST}', '-addext', f'subjectAltName=DNS:{HOST}'),
            *('-keyout', str(folder / 'key'), '-out', str(folder / 'pem')),
        ],
        check=True,
        capture_output=True,
    )


def _trusting() -> ssl.SSLContext:
    """Trusts everybody: which certificate is shown is another test's question."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made


@pytest.fixture(scope='module')
def cluster(blog: Blog, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    folder = tmp_path_factory.mktemp('cluster')
    text = blog.kubeconfig()
    (folder / 'kubeconfig').write_text(text)
    found = re.search(r'server: https://([^:]+):', text)
    assert found
    return Cluster(blog=blog, folder=folder, gateway=found[1])


@pytest.fixture(scope='module')
def packed(blog: Blog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The blog has what these tests need around it, and no edge but its own Ingress."""
    blog.juju('deploy', str(TOP / 'charms' / 'ingress-integrator-k8s'), DOOR, '--trust')
    blog.juju('deploy', str(TOP / 'tests' / 'data' / 'charms' / 'tower'), 'tower')
    _settled(blog)
    return tmp_path_factory.mktemp('packed')


def _settled(blog: Blog) -> None:
    """All that was asked for has come to its end; that an edge lacks something is no fault here."""
    blog.wait('blocked', 'waiting', timeout_s=300)


def _status(blog: Blog) -> str:
    return blog.said()[1]


# --- the ways in ---


def test_no_forged_header_reaches_a_page(blog: Blog, cluster: Cluster) -> None:
    for name, value in FORGED.items():
        status, _, text = cluster.get(port=443, **{name: value})
        assert (status, 'evil' in text, '192.0.2.66' in text, f'http://{HOST}' in text) == (
            *(200, False, False, False),
        ), name
    assert cluster.get(port=443, Host='evil.example')[0] == 404


def test_a_certificate_is_renewed_without_a_dropped_request(blog: Blog, cluster: Cluster) -> None:
    stopping, answers = threading.Event(), queue.SimpleQueue[object]()

    def ask() -> None:
        while not stopping.is_set():
            try:
                answers.put(cluster.get('/-/alive', port=443)[0])
            except OSError as err:
                answers.put(err)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    shown: list[bool] = []
    try:
        for _ in range(3):
            cluster.renew()
            trust = ssl.create_default_context(cafile=str(cluster.folder / 'pem'))
            shown.append(_is_shown(cluster, trust))
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    got = [answers.get() for _ in range(answers.qsize())]
    assert shown == [True] * 3
    assert len(got) > 20
    assert {*got} == {200}
    print(f'{len(got)} requests, all answered')  # noqa: T201


def _is_shown(cluster: Cluster, trust: ssl.SSLContext) -> bool:
    """Whether visitors are shown the new certificate soon: the door changes by itself."""
    for _ in range(200):
        with contextlib.suppress(ssl.SSLError):
            cluster.connection(trust=trust).close()
            return True
    return False


@pytest.mark.parametrize('endpoint', ['nginx-route', 'ingress'])
def test_a_related_ingress_leads_to_the_blog_and_goes_with_its_relation(
    blog: Blog, cluster: Cluster, packed: Path, endpoint: str
) -> None:
    blog.juju('config', 'wordpress', 'tls_secret_name=')
    blog.juju('config', DOOR, 'service-hostname=', 'tls-secret-name=')
    _settled(blog)
    assert cluster.ingresses() == []
    blog.juju('integrate', f'wordpress:{endpoint}', DOOR)
    blog.juju('config', DOOR, f'service-hostname={HOST}')
    _settled(blog)
    assert len(cluster.ingresses()) == 1
    assert _status(blog).startswith(f'http://{HOST} ')
    status, _, text = cluster.get()
    assert (status, f'http://{HOST}/' in text) == (200, True)

    blog.juju('config', DOOR, 'tls-secret-name=blog-tls')
    blog.juju('config', 'wordpress', 'tls_secret_name=blog-tls')
    _settled(blog)
    assert _status(blog).startswith(f'https://{HOST} ')
    assert cluster.get()[:2] == (308, f'https://{HOST}/')
    status, _, text = cluster.get(port=443)
    assert (status, f'http://{HOST}/' in text) == (200, False)

    blog.juju('config', 'wordpress', 'tls_secret_name=')
    blog.juju('remove-relation', f'wordpress:{endpoint}', DOOR)
    _settled(blog)
    assert cluster.ingresses() == []
    with pytest.raises(OSError, match='refused'):
        cluster.get()


def test_apache_itself_shows_a_certificate_that_a_relation_gives(
    blog: Blog, cluster: Cluster, packed: Path
) -> None:
    blog.juju('config', 'wordpress', 'tls_secret_name=', 'ports=http:8080 https:8443')
    blog.juju('integrate', 'wordpress:certificates', 'tower')
    _settled(blog)
    assert _status(blog).startswith(f'https://{HOST}:8443 ')
    authority = cluster.folder / 'tower.pem'
    authority.write_text(blog.juju('ssh', 'tower/0', 'cat', '/var/lib/tower/pem'))
    trust = ssl.create_default_context(cafile=str(authority))
    address = blog.application()['address']
    with contextlib.closing(cluster.connection(address=address, port=8443, trust=trust)) as connection:
        connection.request('GET', '/')
        assert connection.getresponse().status == 200
    blog.juju('remove-relation', 'wordpress:certificates', 'tower')
    blog.juju('config', 'wordpress', 'tls_secret_name=blog-tls', 'ports=http:8080')
    _settled(blog)


@pytest.mark.fetches
def test_a_haproxy_on_a_machine_of_another_model_fronts_the_blog(blog: Blog, cluster: Cluster) -> None:
    service = {
        'service_name': 'web',
        'service_host': '0.0.0.0',
        'service_port': 80,
        'service_options': ['mode http', 'option httpchk GET /-/alive'],
    }
    blog.juju('config', 'wordpress', 'tls_secret_name=')
    blog.juju('add-model', 'edge', 'pocket')
    charm = str(TOP / 'charms' / 'haproxy')
    blog.juju('deploy', '-m', 'edge', charm, 'haproxy', '--config', f'services={json.dumps([service])}')
    blog.juju('offer', f'{MODEL}.wordpress:website')
    blog.juju('consume', '-m', 'edge', f'admin/{MODEL}.wordpress', 'blog')
    blog.juju('integrate', '-m', 'edge', 'haproxy:reverseproxy', 'blog')
    blog.hoodoo('wait', '--model', 'edge')
    _settled(blog)
    shown = json.loads(blog.juju('status', '-m', 'edge', '--format', 'json'))
    address = shown['applications']['haproxy']['units']['haproxy/0']['public-address']
    request = urllib.request.Request(f'http://{address}/', headers={'Host': HOST})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert (answer.status, f'http://{HOST}/'.encode() in answer.read()) == (200, True)
    blog.juju('remove-relation', '-m', 'edge', 'haproxy:reverseproxy', 'blog')
    blog.juju('destroy-model', '--no-prompt', 'edge')
    blog.juju('config', 'wordpress', 'tls_secret_name=blog-tls')
    _settled(blog)


# --- what watches it ---


STORE = """
import http.server, shutil, sys
class Loki(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.rfile.read(int(self.headers['Content-Length'])).decode().replace('\\n', ' '), flush=True)
        self.send_response(204)
        self.end_headers()
    def log_request(self, code='-', size='-'):
        pass
server = http.server.HTTPServer(('', 3100), Loki)
print('ready', flush=True)
server.serve_forever()
"""
"""A log store that tells each thing that it is sent in a line."""


@pytest.fixture
def loki(blog: Blog, packed: Path) -> Iterator[Iterator[str]]:
    """What is told by a log store in the pod of the tower: pods reach each other, and not this machine."""
    command = [BIN / 'pocket', 'juju', 'ssh', '-m', MODEL, 'tower/0', 'exec python3 -c "$(cat)"']
    with subprocess.Popen(
        command,
        env=blog.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as store:
        assert store.stdin
        assert store.stdout
        store.stdin.write(STORE)
        store.stdin.close()
        # What ends a read that would wait for ever.
        watchdog = threading.Timer(60, store.kill)
        watchdog.start()
        assert store.stdout.readline().strip() == 'ready'
        yield iter(store.stdout)
        watchdog.cancel()
        store.kill()


def test_22_lines_of_the_log_come_to_the_store_with_their_topology(
    blog: Blog, cluster: Cluster, loki: Iterator[str]
) -> None:
    place = f'http://{blog.unit("tower/0")["address"]}:3100/loki/api/v1/push'
    blog.juju('config', 'tower', f'loki={place}')
    blog.juju('integrate', 'wordpress:logging', 'tower')
    _settled(blog)
    cluster.get('/-/nobody-asks-for-this', port=443)
    found = next(
        (
            one['stream']
            for pushed in loki
            for one in json.loads(pushed)['streams']
            for _, line in one['values']
            if 'nobody-asks-for-this' in line
        ),
        None,
    )
    assert found is not None
    assert (found['juju_application'], found['juju_unit']) == ('wordpress', 'wordpress/0')
    blog.juju('remove-relation', 'wordpress:logging', 'tower')
    _settled(blog)


def test_22_metrics_and_dashboards_are_there_to_be_read(blog: Blog, cluster: Cluster, packed: Path) -> None:
    blog.juju('integrate', 'wordpress:metrics-endpoint', 'tower:metrics')
    blog.juju('integrate', 'wordpress:grafana-dashboard', 'tower:dashboards')
    _settled(blog)
    shown = json.loads(blog.juju('show-unit', 'tower/0', '--format', 'json'))['tower/0']
    bags = {one['endpoint']: one for one in shown['relation-info']}
    (job,) = json.loads(bags['metrics']['application-data']['scrape_jobs'])
    assert job['static_configs'] == [{'targets': ['*:9117']}]
    unit = bags['metrics']['related-units']['wordpress/0']['data']
    with urllib.request.urlopen(
        f'http://{unit["prometheus_scrape_unit_address"]}:9117/metrics', timeout=20
    ) as answer:
        assert b'\napache_up 1\n' in answer.read()
    told = json.loads(bags['dashboards']['application-data']['dashboards'])
    (template,) = told['templates'].values()
    dashboard = json.loads(lzma.decompress(base64.b64decode(template['content'])))
    assert dashboard['panels']
    blog.juju('remove-relation', 'wordpress:metrics-endpoint', 'tower:metrics')
    blog.juju('remove-relation', 'wordpress:grafana-dashboard', 'tower:dashboards')
    _settled(blog)


# --- who works on it ---


@pytest.mark.skipif(shutil.which('kubectl') is None, reason='needs kubectl')
def test_kubectl_runs_programs_in_its_containers(cluster: Cluster) -> None:
    assert 'wordpress-0' in cluster.kubectl('get', 'pods')
    words = ('exec', '-n', MODEL, '-i', 'wordpress-0', '-c', 'wordpress', '--')
    assert 'wp-admin' in cluster.kubectl(*words, 'ls', '/usr/share/wordpress')
    assert cluster.kubectl(*words, 'cat', given='through and back') == 'through and back'


def test_juju_reaches_both_containers(blog: Blog, tmp_path: Path) -> None:
    assert blog.juju('ssh', 'wordpress/0', 'ls', '/charm/containers').split() == ['wordpress']
    assert 'wp-admin' in blog.juju(
        'ssh', '--container', 'wordpress', 'wordpress/0', 'ls', '/usr/share/wordpress'
    )
    assert blog.juju('exec', '--unit', 'wordpress/0', '--', 'hostname').split() == ['wordpress-0']
    sent = os.urandom(200_000)
    (tmp_path / 'there').write_bytes(sent)
    for container in ((), ('--container', 'wordpress')):
        blog.juju('scp', *container, str(tmp_path / 'there'), 'wordpress/0:/tmp/kept')
        blog.juju('scp', *container, 'wordpress/0:/tmp/kept', str(tmp_path / 'back'))
        assert (tmp_path / 'back').read_bytes() == sent
