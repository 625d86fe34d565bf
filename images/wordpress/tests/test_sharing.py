"""What several units have of one bucket, in a small S3 that checks every signature."""

from __future__ import annotations

import concurrent.futures
import hashlib
import hmac
import json
import os
import struct
import threading
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import site_of_image as site

from bedrock import trees

MakeUnit = Callable[..., site.Unit]
KEY, SECRET = 'AKexample', 'planted/+secret'
PNG = bytes.fromhex(
    '89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478'
    '9c6360606060000000050001a5f645400000000049454e44ae426082'
)


class Bucket:
    """Keeps objects by their names; whoever has not signed right is refused."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.busy = 0
        """How many it does not take at first."""
        self.meeting: threading.Barrier | None = None
        """Where those who ask for a HEAD wait for each other."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

            def _answer(self, status: int, body: bytes = b'') -> None:
                self.send_response(status)
                self.send_header('Content-Type', 'image/png')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                if self.command != 'HEAD':
                    self.wfile.write(body)

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers['Content-Length'] or 0))
                path, _, query = self.path.partition('?')
                if not signed_right(self.command, path, query, dict(self.headers.items()), body):
                    self._answer(403)
                    return
                name = urllib.parse.unquote(path).removeprefix('/media/')
                if self.command == 'HEAD' and outer.meeting is not None:
                    outer.meeting.wait(10)
                if self.command == 'PUT' and outer.busy > 0:
                    outer.busy -= 1
                    self._answer(503)
                elif self.command == 'PUT':
                    outer.objects[name] = body
                    self._answer(200)
                elif self.command == 'DELETE':
                    self._answer(204 if outer.objects.pop(name, None) is not None else 404)
                else:
                    self._answer(200 if name in outer.objects else 404, outer.objects.get(name, b''))

            do_GET = do_HEAD = do_PUT = do_DELETE = _serve

        self.server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}'
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.02})
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def signed_right(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a request has a signature of version 4, in its headers or in its address."""
    headers = {name.lower(): value for name, value in headers.items()}
    given = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    if 'X-Amz-Signature' in given:
        signature, credential = given.pop('X-Amz-Signature'), given['X-Amz-Credential']
        names, at, digest = given['X-Amz-SignedHeaders'], given['X-Amz-Date'], 'UNSIGNED-PAYLOAD'
    else:
        said = headers.get('authorization', '').partition(' ')[2].split(',')
        parts = {one.partition('=')[0].strip(): one.partition('=')[2] for one in said}
        signature, credential = parts.get('Signature', ''), parts.get('Credential', '')
        names, at = parts.get('SignedHeaders', ''), headers.get('x-amz-date', '')
        digest = headers.get('x-amz-content-sha256', '')
        if digest != hashlib.sha256(body).hexdigest():
            return False
    quoted = sorted(
        f'{urllib.parse.quote(name, safe="-_.~")}={urllib.parse.quote(value, safe="-_.~")}'
        for name, value in given.items()
    )
    lines = [f'{name}:{headers[name]}\n' for name in names.split(';')]
    canonical = urllib.parse.quote(urllib.parse.unquote(path), safe='/-_.~')
    request = '\n'.join((method, canonical, '&'.join(quoted), ''.join(lines), names, digest))
    key_id, _, scope = credential.partition('/')
    text = f'AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}'
    key = f'AWS4{SECRET}'.encode()
    for part in scope.split('/'):
        key = hmac.digest(key, part.encode(), 'sha256')
    return key_id == KEY and hmac.compare_digest(signature, hmac.digest(key, text.encode(), 'sha256').hex())


@pytest.fixture(scope='module')
def server() -> Iterator[Bucket]:
    running = Bucket()
    yield running
    running.stop()


@pytest.fixture(scope='module')
def units(make_shared: MakeUnit, server: Bucket) -> tuple[site.Unit, site.Unit]:
    storage = {
        'kind': 's3',
        'bucket': 'media',
        'access_key': KEY,
        'secret_key': SECRET,
        'endpoint': server.url,
        'prefix': 'p/',
        'serve': 'proxy',
    }
    one = make_shared(object_storage=storage)
    assert one.install()['ok']
    other = make_shared(like=one)
    one.start()
    other.start()
    return one, other


@pytest.fixture
def bucket(server: Bucket) -> Bucket:
    server.objects.clear()
    return server


@pytest.fixture
def pair(units: tuple[site.Unit, site.Unit], bucket: Bucket) -> tuple[site.Unit, site.Unit]:
    """Two units of a blog, with nothing on their disks."""
    for unit in units:
        for entry in unit.uploads.iterdir():
            trees.remove(entry)
    return units


def _writer(unit: site.Unit) -> site.Browser:
    browser = site.Browser(unit)
    assert browser.log_in('admin', 'secret').status == 302
    return browser


def _upload(browser: site.Browser, body: bytes, *, unit: site.Unit | None = None) -> site.Reply:
    headers = {'Content-Type': 'image/png', 'Content-Disposition': 'attachment; filename="a.png"'}
    headers |= {'X-WP-Nonce': browser.nonce()}
    return browser.get('/wp-json/wp/v2/media', method='POST', body=body, headers=headers, unit=unit)


def _path(reply: site.Reply) -> str:
    return str(json.loads(reply.text)['source_url']).removeprefix('https://blog.example.com')


def test_two_files_of_one_name_at_once_are_both_kept(
    pair: tuple[site.Unit, site.Unit], bucket: Bucket
) -> None:
    browsers = [_writer(unit) for unit in pair]
    bucket.meeting = threading.Barrier(2, action=lambda: setattr(bucket, 'meeting', None))
    bodies = (PNG, PNG + b'other')
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        made = list(pool.map(_upload, browsers, bodies))
    assert {one.status for one in made} == {201}, [one.text for one in made]
    for reply, body in zip(made, bodies, strict=True):
        for unit in pair:
            assert unit.get(_path(reply)).body == body
    assert len(bucket.objects) == 2
    # Who takes a file away to put a better one in its place gets its name again.
    (first,) = [one for one in made if _path(one).endswith('/a.png')]
    gone = browsers[0].rest('DELETE', f'/wp/v2/media/{json.loads(first.text)["id"]}?force=true')
    assert gone.status == 200
    assert _path(_upload(browsers[0], PNG)) == _path(first)


def test_what_one_unit_saved_is_edited_and_deleted_on_the_other(
    pair: tuple[site.Unit, site.Unit], bucket: Bucket
) -> None:
    one, other = pair
    browser = _writer(one)

    def ask(method: str, path: str, body: object = None) -> site.Reply:
        headers = {'Content-Type': 'application/json', 'X-WP-Nonce': browser.nonce()}
        return browser.get(
            f'/wp-json/wp/v2/media/{path}',
            method=method,
            body=json.dumps(body).encode(),
            headers=headers,
            unit=other,
        )

    made = _upload(browser, _picture(20))
    told = json.loads(made.text)
    turn = {'type': 'rotate', 'args': {'angle': 90}}
    edited = ask('POST', f'{told["id"]}/edit', {'src': told['source_url'], 'modifiers': [turn]})
    assert edited.status == 201, edited.text
    assert one.get(_path(edited)).body == other.get(_path(edited)).body
    for path in one.uploads.rglob('*.png'):
        os.utime(path, (1, 1))
    for reply in (made, edited):
        assert ask('DELETE', f'{json.loads(reply.text)["id"]}?force=true').status == 200
    assert bucket.objects == {}
    (one.run_dir / 'cache/gone-seen').unlink(missing_ok=True)
    assert one.get('/').status == 200
    assert [unit.get(_path(reply)).status for unit in pair for reply in (made, edited)] == [404] * 4


def _picture(side: int) -> bytes:
    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    lines = b''.join(b'\0' + b'\x80\x10\x20' * side for _ in range(side))
    head = struct.pack('>IIBBBBB', side, side, 8, 2, 0, 0, 0)
    return PNG[:8] + part(b'IHDR', head) + part(b'IDAT', zlib.compress(lines)) + part(b'IEND', b'')


def test_names_that_need_care_and_what_is_absent(pair: tuple[site.Unit, site.Unit], bucket: Bucket) -> None:
    one, other = pair
    names = ('a b+c.png', "it's (1)*!~.png", 'ü ñ 漢.png', '100%.png', 'x&y=z?.png', 'd e/f.png')
    for name in names:
        path = one.uploads / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(PNG + name.encode())
    # A volume's own folder, which belongs to root.
    (one.uploads / 'lost+found').mkdir(mode=0o700)
    bucket.busy = 1
    assert one.wpctl('media-sync') == {
        'ok': True,
        'uploaded': len(names),
        'present': 0,
        'failed': [],
        'failed_count': 0,
    }
    assert set(bucket.objects) == {f'p/{name}' for name in names}
    for name in names:
        path = f'/wp-content/uploads/{urllib.parse.quote(name)}'
        assert other.get(path).body == PNG + name.encode(), name
        assert other.get(path, method='HEAD').status == 200
        ranged = other.get(path, headers={'Range': 'bytes=0-3'})
        assert ranged.status in (200, 206)
    absent = other.get('/wp-content/uploads/soon.png')
    assert (absent.status, absent.headers['cache-control']) == (404, 'no-store')
    before = other.site
    other.push(before | {'object_storage': before['object_storage'] | {'serve': 'redirect'}})
    for name in names:
        for method in ('GET', 'HEAD'):
            sent = other.get(f'/wp-content/uploads/{urllib.parse.quote(name)}', method=method)
            assert sent.status == 302
            ask = urllib.request.Request(sent.headers['location'], method=method)
            with urllib.request.urlopen(ask) as got:
                assert got.status == 200, (name, method)
    other.push(before)
