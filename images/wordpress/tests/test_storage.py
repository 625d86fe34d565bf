"""Object storage: moto is S3; a small server is Swift, with the API of Keystone v3, v1 and objects."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
import site_of_image as site

MakeUnit = Callable[..., site.Unit]
PNG = bytes.fromhex(
    '89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478'
    '9c6360606060000000050001a5f645400000000049454e44ae426082'
)


class _Swift(BaseHTTPRequestHandler):
    objects: ClassVar[dict[str, tuple[bytes, str]]] = {}
    tokens: ClassVar[set[str]] = set()
    asked: ClassVar[list[str]] = []

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def _answer(self, status: int, body: bytes = b'', **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def _base(self) -> str:
        address: Any = self.server.server_address
        return f'http://127.0.0.1:{address[1]}/v1/AUTH_x'

    def _grant(self) -> str:
        token = f'token{len(self.asked)}'
        self.asked.append(self.path)
        self.tokens.add(token)
        return token

    def do_POST(self) -> None:
        wish: Any = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        user = wish['auth']['identity']['password']['user']
        if (
            self.path != '/v3/auth/tokens'
            or user['password'] != 'it\'s "x"'
            or wish['auth']['scope']['project']['name'] != 'blogs'
        ):
            return self._answer(401)
        base = self._base()
        spots = [{'interface': kind, 'region': 'here', 'url': base} for kind in ('admin', 'public')]
        token = {
            'expires_at': '2099-01-01T00:00:00.000000Z',
            'catalog': [{'type': 'object-store', 'endpoints': spots}],
        }
        return self._answer(201, json.dumps({'token': token}).encode(), X_Subject_Token=self._grant())

    def do_GET(self) -> None:
        if self.path == '/auth/v1.0':
            if self.headers['X-Auth-Key'] != 'it\'s "x"':
                return self._answer(401)
            return self._answer(200, X_Auth_Token=self._grant(), X_Storage_Url=self._base())
        found = self.objects.get(self.path)
        if found is None:
            return self._answer(404)
        return self._answer(200, found[0], Content_Type=found[1])

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers['Content-Length']))
        if self.headers['X-Auth-Token'] not in self.tokens:
            return self._answer(401)
        if not self.path.startswith('/v1/AUTH_x/media/'):
            return self._answer(404)
        type(self).objects[self.path] = (body, self.headers['Content-Type'])
        return self._answer(201)

    def do_DELETE(self) -> None:
        if self.headers['X-Auth-Token'] not in self.tokens:
            return self._answer(401)
        return self._answer(204 if type(self).objects.pop(self.path, None) else 404)


@pytest.fixture
def swift() -> Iterator[tuple[str, type[_Swift]]]:
    handler = type('Swift', (_Swift,), {'objects': {}, 'tokens': set(), 'asked': []})
    server = ThreadingHTTPServer(('127.0.0.1', 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.02})
    thread.start()
    yield f'http://127.0.0.1:{server.server_address[1]}', handler
    server.shutdown()
    thread.join()
    server.server_close()


@contextlib.contextmanager
def _moto() -> Generator[tuple[str, Any]]:
    server_module = pytest.importorskip('moto.server')
    boto3 = pytest.importorskip('boto3')
    running = server_module.ThreadedMotoServer(ip_address='127.0.0.1', port=0)
    running.start()
    host, port = running.get_host_and_port()
    url = f'http://{host}:{port}'
    client = boto3.client(
        's3',
        endpoint_url=url,
        aws_access_key_id='key',
        aws_secret_access_key='secret',
        region_name='us-east-1',
    )
    client.create_bucket(Bucket='media')
    try:
        yield url, client
    finally:
        client.close()
        running.stop()


def _upload(browser: site.Browser, name: str = 'a b.png', body: bytes = PNG) -> site.Reply:
    headers = {'Content-Type': 'image/png', 'Content-Disposition': f'attachment; filename="{name}"'}
    return browser.rest('POST', '/wp/v2/media', raw=body, headers=headers)


def _path(reply: site.Reply) -> str:
    return str(json.loads(reply.text)['source_url']).removeprefix('https://blog.example.com')


@pytest.mark.parametrize('version', ['v3', 'v1'])
def test_swift(make_unit: MakeUnit, swift: tuple[str, type[_Swift]], version: str) -> None:
    url, state = swift
    auth = f'{url}/v3' if version == 'v3' else f'{url}/auth/v1.0'
    given = {
        'kind': 'swift',
        'container': 'media',
        'auth_url': auth,
        'username': 'u',
        'password': 'it\'s "x"',
        'project': 'blogs',
        'prefix': 'wp/',
        'serve': 'proxy',
    }
    first = make_unit(object_storage=given)
    assert first.install()['ok']
    second = make_unit(like=first)
    first.start()
    second.start()
    browser = site.Browser(first)
    browser.log_in('admin', 'secret')
    made = _upload(browser)
    assert made.status == 201, made.text
    path = _path(made)
    assert second.get(path).body == PNG
    assert second.get(path).headers['content-type'] == 'image/png'
    assert len(state.asked) <= 3
    state.tokens.clear()
    assert _upload(browser, 'b.png').status == 201
    again = _upload(browser, 'a b.png')
    assert _path(again) != path
    second.push(second.site | {'object_storage': given | {'serve': 'redirect'}})
    moved = second.get(path)
    assert (moved.status, moved.headers['location']) == (
        302,
        f'{url}/v1/AUTH_x/media/wp/{path.removeprefix("/wp-content/uploads/")}',
    )
    number = json.loads(made.text)['id']
    assert browser.rest('DELETE', f'/wp/v2/media/{number}?force=true').status == 200
    assert not [name for name in state.objects if name.endswith(path.rsplit('/', 1)[1])]
    wrong = given | {'password': 'no', 'container': 'media'}
    first.push(first.site | {'object_storage': wrong})
    failed = _upload(browser, 'c.png')
    assert failed.status >= 400
    assert 'refuses our key' in failed.text
    assert 'kept on this unit' in failed.text
    assert list(first.uploads.rglob('c.png'))
    assert 'it\'s "x"' not in first.log.read_text()
    first.push(first.site | {'object_storage': given})
    synced = first.wpctl('media-sync')
    assert (synced['uploaded'], synced['failed_count']) == (1, 0)
    assert first.wpctl('media-sync')['uploaded'] == 0


@pytest.mark.heavy
def test_storage_that_does_not_answer(make_unit: MakeUnit) -> None:
    given = {
        'kind': 's3',
        'bucket': 'b',
        'access_key': 'k',
        'secret_key': 'planted',
        'endpoint': f'http://127.0.0.1:{site.free_port()}',
    }
    unit = make_unit(object_storage=given)
    assert unit.install()['ok']
    unit.start()
    browser = site.Browser(unit)
    browser.log_in('admin', 'secret')
    began = time.monotonic()
    failed = _upload(browser)
    assert failed.status >= 400
    assert 'does not answer' in failed.text
    assert time.monotonic() - began < 8
    assert list(unit.uploads.rglob('a-b.png'))
    assert unit.wpctl('media-sync')['error'] == 'storage-error'
    assert 'planted' not in unit.log.read_text() + failed.text


@pytest.mark.filterwarnings('ignore')
@pytest.mark.heavy
def test_s3(make_unit: MakeUnit) -> None:
    with _moto() as (url, client):
        given = {
            'kind': 's3',
            'bucket': 'media',
            'access_key': 'key',
            'secret_key': 'secret',
            'endpoint': url,
            'serve': 'redirect',
        }
        first = make_unit(object_storage=given)
        assert first.install()['ok']
        second = make_unit(like=first)
        first.start()
        second.start()
        browser = site.Browser(first)
        browser.log_in('admin', 'secret')
        made = _upload(browser, "it's ü +.png")
        assert made.status == 201, made.text
        path = _path(made)
        moved = second.get(path)
        assert moved.status == 302
        with urllib.request.urlopen(moved.headers['location']) as got:
            assert got.read() == PNG
        second.push(second.site | {'object_storage': given | {'serve': 'proxy'}})
        assert second.get(path).body == PNG
        assert second.get('/wp-content/uploads/absent.png').status == 404
        assert len(client.list_objects_v2(Bucket='media')['Contents']) == 1
        number = json.loads(made.text)['id']
        assert browser.rest('DELETE', f'/wp/v2/media/{number}?force=true').status == 200
        assert 'Contents' not in client.list_objects_v2(Bucket='media')
        gone = first.site | {'object_storage': given | {'remove_local': True, 'prefix': 'p/'}}
        first.push(gone)
        made = _upload(browser, 'big.png')
        assert made.status == 201
        assert not list(first.uploads.rglob('big.png'))
        assert first.get(_path(made)).status == 302
        first.push(first.site | {'object_storage': given | {'bucket': 'absent'}})
        failed = _upload(browser, 'x.png')
        assert failed.status >= 400
        assert 'no such bucket' in failed.text
