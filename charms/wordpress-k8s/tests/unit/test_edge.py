"""The site's address, and what the application at the edge is told."""

from __future__ import annotations

import dataclasses
import http.server
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import certificates
import ingress
import kube
import ops
import pytest
from kit import Context, MakeState, peer_data, service_and_pod, site
from ops import testing

HOST = {'blog_hostname': 'blog.example.com'}


def ready(context: Context, state: testing.State) -> testing.State:
    return context.run(context.on.pebble_ready(state.get_container('wordpress')), state)


@pytest.mark.parametrize(
    ('config', 'url', 'proxies'),
    [
        ({}, 'http://wordpress-k8s:8080', []),
        (HOST, 'http://blog.example.com:8080', []),
        ({**HOST, 'ports': 'http:80'}, 'http://blog.example.com', []),
        (
            {**HOST, 'edge_has_tls': True, 'trusted_proxies': '10.0.0.0/8'},
            'https://blog.example.com',
            ['10.0.0.0/8'],
        ),
    ],
)
def test_without_an_edge_options_make_the_address(
    context: Context, state: MakeState, image: Path, config: dict[str, Any], url: str, proxies: list[str]
) -> None:
    out = ready(context, state(config=config))
    assert site(image)['url'] == url
    assert site(image)['trusted_proxies'] == proxies
    assert site(image)['force_ssl_admin'] is url.startswith('https')
    assert ('no TLS' in out.unit_status.message) is not url.startswith('https')


def test_more_hosts_lead_to_the_first_one(context: Context, state: MakeState, image: Path) -> None:
    ready(context, state(config={**HOST, 'additional_hostnames': 'www.example.com, blog.example.com'}))
    assert site(image)['additional_hosts'] == ['www.example.com']


@pytest.mark.parametrize('secret_name', ['', 'blog-tls'])
def test_nginx_route_is_told_everything(
    context: Context, state: MakeState, image: Path, secret_name: str
) -> None:
    relation = testing.Relation('nginx-route')
    config = {**HOST, 'tls_secret_name': secret_name, 'use_nginx_ingress_modsec': False}
    out = ready(context, state(relation, config=config))
    assert dict(out.get_relation(relation.id).local_app_data) == {
        'service-hostname': 'blog.example.com',
        'service-name': 'wordpress-k8s',
        'service-namespace': 'blog',
        'service-port': '8080',
        'max-body-size': '10',
        'proxy-read-timeout': '300',
        'proxy-send-timeout': '300',
        'owasp-modsecurity-crs': 'False',
        'retry-errors': 'off',
        'path-routes': '/',
        **({'tls-secret-name': secret_name} if secret_name else {}),
    }
    assert site(image)['url'] == f'{"https" if secret_name else "http"}://blog.example.com'
    assert '10.0.0.0/8' in site(image)['trusted_proxies']


@pytest.mark.parametrize(
    ('given', 'has_tls_before', 'redirects'),
    [
        ('http://blog.example.com', False, True),
        ('http://blog.example.com', True, False),
        ('https://blog.example.com', True, True),
    ],
)
def test_ingress_sends_http_to_https_unless_tls_ends_before_it(
    context: Context, state: MakeState, image: Path, given: str, has_tls_before: bool, redirects: bool
) -> None:
    relation = testing.Relation('ingress', remote_app_data={'ingress': json.dumps({'url': given})})
    out = ready(context, state(relation, config={**HOST, 'edge_has_tls': has_tls_before}))
    told = out.get_relation(relation.id).local_app_data['redirect-https']
    assert json.loads(told) is redirects


@pytest.mark.parametrize(
    ('given', 'config', 'url', 'status'),
    [
        ('', {}, 'http://wordpress-k8s', 'waiting'),
        ('', HOST, 'http://blog.example.com', 'waiting'),
        ('https://blog.example.com/', {}, 'https://blog.example.com', 'active'),
        ('http://10.0.0.1/blog-wordpress-k8s', {}, 'http://10.0.0.1', 'blocked'),
        ('https://10.0.0.1/blog-wordpress-k8s', HOST, 'https://blog.example.com', 'active'),
    ],
)
def test_ingress_gives_the_address(
    context: Context,
    state: MakeState,
    image: Path,
    given: str,
    config: dict[str, Any],
    url: str,
    status: str,
) -> None:
    bag = {'ingress': json.dumps({'url': given})} if given else {}
    relation = testing.Relation('ingress', remote_app_data=bag)
    out = ready(context, state(relation, config=config, networks={service_and_pod('ingress')}))
    assert site(image)['url'] == url
    assert out.unit_status.name == status
    differs = config and given.startswith('https://10.0.0.1/')
    assert ('the ingress serves it as https://10.0.0.1/' in out.unit_status.message) is bool(differs)
    told = cast('testing.Relation', out.get_relation(relation.id))
    app = {key: json.loads(value) for key, value in told.local_app_data.items()}
    assert (app['name'], app['model'], app['port']) == ('wordpress-k8s', 'blog', 8080)
    unit = {key: json.loads(value) for key, value in told.local_unit_data.items() if key in ('host', 'ip')}
    host = 'wordpress-k8s-0.wordpress-k8s-endpoints.blog.svc.cluster.local'
    assert unit == {'host': host, 'ip': '10.1.0.5'}


@pytest.mark.parametrize(
    ('size', 'wanted'), [('8M', '10'), ('64M', '64'), ('1G', '1024'), ('20000001', '20'), ('0', '0')]
)
def test_an_ingress_lets_through_what_php_takes(
    context: Context, state: MakeState, api: type[Api], size: str, wanted: str
) -> None:
    api.objects[SECRET] = TLS
    relation = testing.Relation('nginx-route')
    config: dict[str, Any] = {**HOST, 'tls_secret_name': 'blog-tls', 'max_execution_time': 600}
    config |= {'post_max_size': size, 'upload_max_filesize': '0'}
    out = ready(context, state(relation, config=config))
    assert out.get_relation(relation.id).local_app_data['max-body-size'] == wanted
    ready(context, state(config=config))
    annotations = api.objects[INGRESS]['metadata']['annotations']
    assert annotations['nginx.ingress.kubernetes.io/proxy-body-size'] == f'{wanted}m'
    assert annotations['nginx.ingress.kubernetes.io/proxy-read-timeout'] == '600'


@pytest.mark.parametrize(('bag', 'scheme'), [({}, 'http'), ({'ssl_cert': 'Q0VSVA=='}, 'https')])
def test_a_load_balancer_is_told_where_this_unit_is(
    context: Context, state: MakeState, image: Path, bag: dict[str, str], scheme: str
) -> None:
    relation = testing.Relation('website', remote_units_data={0: bag})
    out = ready(context, state(relation, config=HOST))
    told = cast('testing.Relation', out.get_relation(relation.id)).local_unit_data
    assert (told['hostname'], told['port']) == ('192.0.2.0', '8080')
    assert site(image)['url'] == f'{scheme}://blog.example.com'


# --- certificates ---


def test_a_certificate_is_asked_for_and_served(context: Context, state: MakeState, image: Path) -> None:
    relation = testing.Relation('certificates')
    out = ready(context, state(relation, config=HOST))
    assert out.unit_status == ops.WaitingStatus('certificates: the certificate has been asked for')
    assert not (image / 'run/tls/key.pem').exists()
    there = cast('testing.Relation', out.get_relation(relation.id))
    (asked,) = json.loads(there.local_unit_data['certificate_signing_requests'])
    request = asked['certificate_signing_request']
    issued: list[dict[str, object]] = [
        {'certificate_signing_request': 'of another', 'certificate': 'NO', 'ca': 'CA', 'chain': []},
        {'certificate_signing_request': request, 'certificate': 'CERT', 'ca': 'CA', 'chain': ['CERT', 'CA']},
    ]
    answered = dataclasses.replace(there, remote_app_data={'certificates': json.dumps(issued)})
    others = [found for found in out.relations if found.id != relation.id]
    told = dataclasses.replace(out, relations=[*others, answered])
    out = context.run(context.on.relation_changed(answered, remote_unit=0), told)
    assert out.unit_status == ops.ActiveStatus('https://blog.example.com:8443 (6.8.12)')
    assert (image / 'run/tls/cert.pem').read_text() == 'CERT\nCA\n'
    assert 'PRIVATE KEY' in (image / 'run/tls/key.pem').read_text()
    assert 'Define TLS\n' in (image / 'run/apache/charm.conf').read_text()
    assert out.opened_ports == {testing.TCPPort(8080), testing.TCPPort(8443)}
    # The request stays the same, or certificates would be issued for ever.
    again = cast('testing.Relation', out.get_relation(relation.id)).local_unit_data
    assert again == there.local_unit_data


def test_a_request_names_every_host() -> None:
    key, request = certificates.make_request(('a' * 60 + '.example.com', 'www.example.com'))
    assert key.startswith('-----BEGIN PRIVATE KEY-----')
    shown = ['openssl', 'req', '-noout', '-text', '-verify']
    done = subprocess.run(shown, input=request, capture_output=True, text=True, check=True)
    assert 'DNS:www.example.com' in done.stdout


@pytest.mark.parametrize(
    'bag', ['', '{}', '[1]', '[{"certificate_signing_request": "R", "certificate": "C", "revoked": true}]']
)
def test_no_certificate_is_none(bag: str) -> None:
    assert certificates.issued(bag, request='R') == ''


# --- the charm's own Ingress ---


class Api(http.server.BaseHTTPRequestHandler):
    """As much of the Kubernetes API as an Ingress needs."""

    objects: dict[str, dict[str, Any]]
    calls: list[str]
    refusal: int
    protocol_version = 'HTTP/1.1'

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        self.calls.append(f'{self.command} {self.path.rpartition("/")[2]}')
        status, found = 200, cast('dict[str, Any]', {})
        if self.refusal:
            found['message'] = 'the name is taken'
        if self.refusal or self.headers['Authorization'] != 'Bearer token':
            status = self.refusal or 401
        elif self.command in ('POST', 'PUT'):
            found = json.loads(body)
            path = self.path if self.command == 'PUT' else f'{self.path}/{found["metadata"]["name"]}'
            found['metadata']['resourceVersion'] = '7'
            self.objects[path] = found
        elif self.command == 'GET' and self.path.endswith('/ingresses'):
            found = {'items': [one for path, one in self.objects.items() if '/ingresses/' in path]}
        elif self.path not in self.objects:
            status = 404
        elif self.command == 'DELETE':
            found = self.objects.pop(self.path)
        else:
            found = self.objects[self.path]
        text = json.dumps(found).encode()
        self.send_response(status)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def log_request(self, code: int | str = '-', size: int | str = '-') -> None:
        pass


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Api]]:
    """A real HTTPS server, and a service account for it."""

    class One(Api):
        refusal = 0

    One.objects, One.calls = {}, []

    account = tmp_path / 'account'
    account.mkdir()
    subprocess.run(
        [
            *('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'),
            *('-keyout', str(account / 'key'), '-out', str(account / 'ca.crt'), '-subj', '/CN=kube'),
            *('-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'),
        ],
        check=True,
        capture_output=True,
    )
    (account / 'token').write_text('token\n')
    (account / 'namespace').write_text('blog')
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), One)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(account / 'ca.crt', account / 'key')
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01})
    thread.start()
    monkeypatch.setenv('KUBERNETES_SERVICE_HOST', '127.0.0.1')
    monkeypatch.setenv('KUBERNETES_SERVICE_PORT', str(server.server_address[1]))
    monkeypatch.setattr(kube, 'ACCOUNT', account)
    yield One
    server.shutdown()
    thread.join()
    server.server_close()


INGRESS = '/apis/networking.k8s.io/v1/namespaces/blog/ingresses/wordpress-k8s-ingress'
SECRET = '/api/v1/namespaces/blog/secrets/blog-tls'
TLS = {'kind': 'Secret', 'type': 'kubernetes.io/tls'}


def test_a_secret_by_name_gives_an_ingress_of_our_own(
    context: Context, state: MakeState, image: Path, api: type[Api]
) -> None:
    api.objects[SECRET] = TLS
    out = ready(context, state(config={**HOST, 'tls_secret_name': 'blog-tls'}))
    assert out.unit_status == ops.ActiveStatus('https://blog.example.com (6.8.12)')
    made = api.objects[INGRESS]
    assert made['spec']['tls'] == [{'hosts': ['blog.example.com'], 'secretName': 'blog-tls'}]
    (rule,) = made['spec']['rules']
    service = rule['http']['paths'][0]['backend']['service']
    assert (rule['host'], service) == (
        'blog.example.com',
        {'name': 'wordpress-k8s', 'port': {'number': 8080}},
    )
    assert made['metadata']['annotations']['nginx.ingress.kubernetes.io/proxy-body-size'] == '10m'
    # When nothing changed, two questions are all.
    api.calls.clear()
    out = context.run(context.on.update_status(), out)
    assert api.calls == ['GET ingresses', 'GET blog-tls']
    config = {**out.config, 'blog_hostname': 'new.example.com'}
    out = context.run(context.on.config_changed(), dataclasses.replace(out, config=config))
    assert api.objects[INGRESS]['spec']['rules'][0]['host'] == 'new.example.com'
    # Switched off, it goes.
    config = {**out.config, 'tls_secret_name': ''}
    out = context.run(context.on.config_changed(), dataclasses.replace(out, config=config))
    assert INGRESS not in api.objects
    assert 'ingress' not in peer_data(out)


def test_it_goes_with_the_application_but_not_with_a_pod(
    context: Context, state: MakeState, api: type[Api]
) -> None:
    api.objects[SECRET] = TLS
    out = ready(context, state(config={**HOST, 'tls_secret_name': 'blog-tls'}))
    context.run(context.on.stop(), out)
    assert INGRESS in api.objects
    context.run(context.on.remove(), dataclasses.replace(out, planned_units=0))
    assert INGRESS not in api.objects


@pytest.mark.parametrize(
    ('refusal', 'words'),
    [
        (403, 'juju trust wordpress-k8s --scope=cluster'),
        (401, 'juju trust wordpress-k8s --scope=cluster'),
        (404, 'kubectl -n blog create secret tls blog-tls --cert=FILE --key=FILE'),
        (422, 'Kubernetes does not do it (422 the name is taken)'),
    ],
)
def test_what_keeps_an_ingress_from_being_made_is_told(
    context: Context, state: MakeState, api: type[Api], refusal: int, words: str
) -> None:
    api.refusal = refusal
    out = ready(context, state(config={**HOST, 'tls_secret_name': 'blog-tls'}))
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert words in out.unit_status.message
    # Readers by other ways are served nevertheless.
    services = out.get_container('wordpress').service_statuses
    assert services['apache'] is ops.pebble.ServiceStatus.ACTIVE


def test_a_secret_without_a_certificate_is_told(context: Context, state: MakeState, api: type[Api]) -> None:
    api.objects[SECRET] = {'kind': 'Secret', 'type': 'Opaque'}
    out = ready(context, state(config={**HOST, 'tls_secret_name': 'blog-tls'}))
    assert 'blog-tls is not of the type tls; kubectl' in out.unit_status.message


def test_without_a_service_account_trust_is_named(
    context: Context, state: MakeState, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv('KUBERNETES_SERVICE_HOST', '127.0.0.1')
    monkeypatch.setattr(kube, 'ACCOUNT', tmp_path / 'nowhere')
    out = ready(context, state(config={**HOST, 'tls_secret_name': 'blog-tls'}))
    assert 'juju trust' in out.unit_status.message


def _theirs(host: str, *, path: str = '/', kind: str | None = None, canary: str = '') -> dict[str, Any]:
    spec = {'rules': [{'host': host, 'http': {'paths': [{'path': path}]}}]}
    return {
        'metadata': {
            'name': 'shop',
            'creationTimestamp': '2026-01-01T00:00:00Z',
            'annotations': {ingress.CANARY: canary} if canary else {},
        },
        'spec': {**spec, 'ingressClassName': kind} if kind else spec,
    }


@pytest.mark.parametrize(
    ('theirs', 'option'),
    [
        (_theirs('blog.example.com'), 'blog_hostname'),
        (_theirs('www.example.com'), 'additional_hostnames'),
        (_theirs('shop.example.com'), ''),
        (_theirs('blog.example.com', path='/shop'), ''),
        (_theirs('blog.example.com', kind='inside'), ''),
        (_theirs('blog.example.com', canary='true'), ''),
    ],
)
def test_a_host_that_is_taken_is_left_to_whom_it_leads(
    context: Context, state: MakeState, api: type[Api], theirs: dict[str, Any], option: str
) -> None:
    api.objects[SECRET] = TLS
    api.objects[INGRESS.replace('wordpress-k8s-ingress', 'shop')] = theirs
    config = {**HOST, 'tls_secret_name': 'blog-tls', 'additional_hostnames': 'www.example.com'}
    out = ready(context, state(config=config))
    assert (INGRESS in api.objects) is not bool(option)
    assert out.unit_status.name == ('blocked' if option else 'active')
    assert not option or out.unit_status.message.startswith(f'{option}: the Ingress shop leads ')


def test_who_has_a_host_keeps_it(context: Context, state: MakeState, api: type[Api]) -> None:
    api.objects[SECRET] = TLS
    out = ready(context, state(config={**HOST, 'tls_secret_name': 'blog-tls'}))
    api.objects[INGRESS]['metadata']['creationTimestamp'] = '2025-01-01T00:00:00Z'
    api.objects[INGRESS.replace('wordpress-k8s-ingress', 'shop')] = _theirs('blog.example.com')
    out = context.run(context.on.update_status(), out)
    assert out.unit_status.name == 'active'


@pytest.mark.parametrize(
    ('there', 'wanted', 'same'),
    [
        ({'a': 1, 'b': 2}, {'a': 1}, True),
        ({'a': {'b': [{'c': 1, 'd': 2}]}}, {'a': {'b': [{'c': 1}]}}, True),
        ({'a': [1]}, {'a': [1, 2]}, False),
        ({}, {'a': 1}, False),
        ([], {}, False),
    ],
)
def test_fields_of_the_cluster_are_no_difference(there: object, wanted: object, same: bool) -> None:
    assert ingress.holds(there, wanted) is same
