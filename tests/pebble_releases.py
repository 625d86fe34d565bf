"""Releases of Pebble on a server of this host, told as GitHub tells them."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import io
import json
import platform
import tarfile
import threading
from collections.abc import Generator
from dataclasses import dataclass, field

from pocket.substrate.pods import pebblereleases, pebbles


@dataclass
class Releases:
    """What the server has."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])

    @property
    def asked(self) -> str:
        """What a version is put behind to ask for its release."""
        return f'{self.url}tags/'

    def publish(self, content: bytes, *, digest: str | None = None) -> None:
        """Give *content* as the archive for this machine; *digest* may say something else of it."""
        version = pebbles.version_of(pebbles.pins())
        name = pebblereleases.archive_name(version, platform.machine())
        told = digest or f'sha256:{hashlib.sha256(content).hexdigest()}'
        asset = {'name': name, 'digest': told, 'browser_download_url': f'{self.url}files/{name}'}
        answer = {'assets': [{'name': 'other', 'digest': None}, asset]}
        self.files = {f'/tags/{version}': json.dumps(answer).encode(), f'/files/{name}': content}


@contextlib.contextmanager
def serving() -> Generator[Releases]:
    """A server that has nothing yet."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = site.files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header('Content-Length', str(len(content or b'')))
            self.end_headers()
            self.wfile.write(content or b'')

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name is inherited)
            pass

    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        site = Releases(url=f'http://127.0.0.1:{server.server_port}/')
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield site
        finally:
            server.shutdown()


def archive(program: bytes, name: str = 'pebble') -> bytes:
    """*program* in a compressed archive, as releases have it."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode='w:gz') as tar:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(program), 0o755
        tar.addfile(member, io.BytesIO(program))
    return made.getvalue()
