"""Collecting files and archives from an http server on this host."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bedrock import errors
from tests.integration.hoodoo.collect.conftest import Place


class Server:
    """Serves what is in ``files``, with ETags; remembers what it was asked."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.answers: list[int] = []
        self.truncate = False
        self.url = ''

    def handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = server.files.get(self.path)
                etag = f'"{hashlib.sha256(content or b"").hexdigest()}"'
                same = self.headers.get('If-None-Match') == etag
                status = 404 if content is None else 304 if same else 200
                server.answers.append(status)
                self.send_response(status)
                body = content or b''
                if status == 200:
                    self.send_header('ETag', etag)
                    self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                if status == 200:
                    self.wfile.write(body[: len(body) // 2] if server.truncate else body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name there)
                pass

        return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    http = ThreadingHTTPServer(('127.0.0.1', 0), made.handler())
    made.url = f'http://127.0.0.1:{http.server_port}'
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield made
    http.shutdown()
    http.server_close()
    thread.join()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_file_stays_until_overwrite_and_is_asked_for_again_only_when_it_changed(
    place: Place, server: Server
) -> None:
    server.files['/f'] = b'one'
    line = f'f {server.url}/f'
    assert place.states(line) == {'f': 'new'}
    server.files['/f'] = b'two'
    assert place.states(line) == {'f': 'unchanged'}
    assert server.answers == [200]
    assert place.states(f'{line};overwrite=True') == {'f': 'updated'}
    assert place.read('f') == 'two'
    assert place.states(f'{line};overwrite=True') == {'f': 'unchanged'}
    assert server.answers == [200, 200, 304]
    place.collect(line, offline=True, build=place.path / 'other')
    assert (place.path / 'other/f').read_bytes() == b'two'
    assert server.answers == [200, 200, 304]


def test_a_digest_is_checked_and_what_has_it_needs_no_network(place: Place, server: Server) -> None:
    server.files['/f'] = b'one'
    line = f'f {server.url}/f;sha256={sha256(b"one").upper()}'
    place.collect(line)
    assert place.states(line) == {'f': 'unchanged'}
    (place.build / 'f').write_text('spoiled')
    assert place.states(line) == {'f': 'updated'}
    assert server.answers == [200]
    other = f'f {server.url}/f;sha512={"0" * 128}'
    with pytest.raises(errors.Fault) as failure:
        place.collect(other)
    assert 'its sha512 is' in errors.render(failure.value)
    assert place.read('f') == 'one'


def test_a_download_that_breaks_off_leaves_what_was_there(place: Place, server: Server) -> None:
    server.files['/f'] = b'one'
    line = f'f {server.url}/f;overwrite=True'
    place.collect(line)
    server.files['/f'], server.truncate = b'another', True
    with pytest.raises(errors.Fault) as failure:
        place.collect(line)
    assert 'it ended after 3 of 7 bytes' in errors.render(failure.value)
    assert place.read('f') == 'one'
    assert os.listdir(place.build) == ['f']


def test_what_cannot_be_had_is_told(place: Place, server: Server) -> None:
    for url, offline, why in (
        (f'{server.url}/none', False, 'the server answered 404'),
        ('http://127.0.0.1:1/f', False, 'Connection refused'),
        (f'{server.url}/none', True, 'was never downloaded here'),
    ):
        with pytest.raises(errors.Fault) as failure:
            place.collect(f'f {url}', offline=offline)
        assert why in errors.render(failure.value)


def _tar(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode='w:gz') as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o4755 if name.endswith('.sh') else 0o600
            tar.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return made.getvalue()


def test_an_archive_is_unpacked_only_when_asked(place: Place, server: Server) -> None:
    server.files['/x.tgz'] = _tar({'top/a.sh': b'a', 'top/lib/b': b'b'}, {'top/lib/c': '../a.sh'})
    made = io.BytesIO()
    with zipfile.ZipFile(made, 'w') as packed:
        packed.writestr('z/y', 'y')
    server.files['/x.zip'] = made.getvalue()
    text = (
        f't {server.url}/x.tgz;unpack=True,strip=1\nz {server.url}/x.zip;unpack=True\nf {server.url}/x.zip\n'
    )
    place.collect(text)
    assert (place.build / 't/a.sh').stat().st_mode & 0o7777 == 0o755
    assert (place.build / 't/lib/c').readlink().as_posix() == '../a.sh'
    assert place.read('z/z/y') == 'y'
    assert zipfile.is_zipfile(place.build / 'f')
    assert set(place.states(text).values()) == {'unchanged'}
    assert set(place.states(text.replace('unpack=True', 'unpack=True,overwrite=True')).values()) == {
        'unchanged'
    }
    server.files['/x.zip'] = _tar({'new': b'n'})
    assert place.states(f'z {server.url}/x.zip;unpack=True,overwrite=True') == {'z': 'updated'}
    assert place.read('z/new') == 'n'


@pytest.mark.parametrize(
    'content',
    [
        _tar({'../out': b'x'}),
        _tar({'/etc/out': b'x'}),
        _tar({}, {'out': '../../etc'}),
        _tar({'link/x': b'x'}, {'link': '/etc'}),
        b'no archive at all',
    ],
    ids=['up', 'absolute', 'link', 'through a link', 'no archive'],
)
def test_an_archive_that_leads_out_is_refused_whole(place: Place, server: Server, content: bytes) -> None:
    server.files['/x'] = content
    with pytest.raises(errors.Fault) as failure:
        place.collect(f't {server.url}/x;unpack=True')
    assert 'cannot unpack' in errors.render(failure.value)
    assert os.listdir(place.build) == []


def test_a_locked_download_is_that_one_or_none(place: Place, server: Server) -> None:
    server.files['/f'] = b'one'
    line = f'f {server.url}/f;overwrite=True'
    pins = place.locked(line)
    server.files['/f'] = b'two'
    place.collect(line)
    with pytest.raises(errors.Fault) as failure:
        place.collect(line, pins=pins)
    assert 'its sha256 is' in errors.render(failure.value)
    assert place.read('f') == 'two'
