"""A wordpress.org of this host: its API and its downloads, by https, under their own names."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import select
import socket
import socketserver
import ssl
import subprocess
import threading
import urllib.parse
import zipfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

API = 'api.wordpress.org'
FILES = 'downloads.wordpress.org'
_PLUGIN = """<?php
/*
 * Plugin Name: {slug}
 * Version: {version}
 */
add_action('wp_footer', static function (): void {{
    echo '<p>{slug} {version}</p><img src="', plugins_url('mark.svg', __FILE__), '">';
}});
"""
_THEME = """/*
Theme Name: {slug}
Version: {version}
*/
"""
_INDEX = """<!doctype html><title>x</title>
<p>theme {slug} {version}</p><?php echo get_stylesheet_uri(); wp_footer();
"""


def plugin(slug: str, version: str, **more: str) -> dict[str, str]:
    """The files of a plugin that says in each page who it is."""
    return {
        f'{slug}.php': _PLUGIN.format(slug=slug, version=version),
        'mark.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
        'readme.txt': f'=== {slug} ===\n',
        'parts/deep/one.php': '<?php // nothing\n',
        **more,
    }


def theme(slug: str, version: str) -> dict[str, str]:
    """The files of a theme that says in each page who it is."""
    return {
        'style.css': _THEME.format(slug=slug, version=version),
        'index.php': _INDEX.format(slug=slug, version=version),
    }


def packed(slug: str, files: Mapping[str, str]) -> bytes:
    """An archive as wordpress.org makes them."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f'{slug}/', '')
        for name, text in files.items():
            archive.writestr(f'{slug}/{name}', text)
    return made.getvalue()


@dataclass
class Origin:
    """What it has, and what it was asked for."""

    authority: Path
    """The certificate that proves both names."""
    port: int = 0
    newest: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """Answers of the second name, by path."""
    asked: list[str] = field(default_factory=list[str])
    tunnels: list[str] = field(default_factory=list[str])
    """Hosts that were asked for by way of the proxy."""
    is_ill: bool = False

    def publish(self, slug: str, version: str, files: Mapping[str, str], *, kind: str = 'plugins') -> None:
        """Have a version, which is the newest from now on."""
        one = kind.rstrip('s')
        self.newest[kind, slug] = version
        self.files[f'/{one}/{slug}.{version}.zip'] = packed(slug, files)
        if kind == 'plugins':
            sums = {
                name: {'sha256': hashlib.sha256(text.encode()).hexdigest()} for name, text in files.items()
            }
            self.files[f'/plugin-checksums/{slug}/{version}.json'] = json.dumps({'files': sums}).encode()

    def heard(self) -> list[str]:
        """What was asked for since last time."""
        found = list(self.asked)
        self.asked.clear()
        return found


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        origin: Origin = vars(self.server)['origin']
        host, parts = self.headers['Host'], urllib.parse.urlsplit(self.path)
        origin.asked.append(f'{host}{parts.path}')
        if origin.is_ill:
            return self._answer(503, b'busy')
        if host == FILES:
            return self._answer(200 if parts.path in origin.files else 404, origin.files.get(parts.path, b''))
        kind = parts.path.split('/')[1]
        slug = urllib.parse.parse_qs(parts.query)['request[slug]'][0]
        version = origin.newest.get((kind, slug))
        if version is None:
            return self._answer(404, json.dumps({'error': f'{kind} not found.'}).encode())
        link = f'https://{FILES}/{kind.rstrip("s")}/{slug}.{version}.zip'
        said = {'name': slug, 'slug': slug, 'version': version, 'download_link': link}
        return self._answer(200, json.dumps(said).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of who hangs up, such as a client that does not believe the certificate."""


@contextlib.contextmanager
def origin(folder: Path, address: str, port: int = 443) -> Generator[Origin]:
    """Serve at *address* until the block ends; port 0 is any."""
    made = Origin(folder / 'origin.pem')
    key = folder / 'origin.key'
    command = [
        *('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', f'/CN={API}'),
        *('-addext', f'subjectAltName=DNS:{API},DNS:{FILES}', '-keyout', key, '-out', made.authority),
    ]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.authority, key)
    server = _Server((address, port), _Handler)
    vars(server)['origin'] = made
    made.port = server.server_port
    # The handshake belongs to the request's own thread: a client that says nothing must stop nobody.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with _running(server):
        yield made


class _Tunnel(socketserver.StreamRequestHandler):
    """Leads every host to the one that it knows, as a proxy of a company leads it out."""

    def handle(self) -> None:
        line = self.rfile.readline().decode()
        while self.rfile.readline().strip():
            pass
        made: Origin = vars(self.server)['origin']
        made.tunnels.append(line.split()[1])
        with contextlib.suppress(OSError), socket.create_connection(vars(self.server)['there'], 10) as other:
            self.wfile.write(b'HTTP/1.1 200 here\r\n\r\n')
            ends = {self.connection: other, other: self.connection}
            while True:
                for end in select.select([*ends], [], [])[0]:
                    if not (block := end.recv(1 << 16)):
                        return
                    ends[end].sendall(block)


@contextlib.contextmanager
def proxy(made: Origin, address: str, there: str, *, port: int = 0) -> Generator[str]:
    """Serve a proxy at *address* whose every way leads to the origin; returns its own address."""
    server = socketserver.ThreadingTCPServer((address, port), _Tunnel)
    server.daemon_threads = True
    vars(server).update(origin=made, there=(there, made.port))
    with _running(server):
        yield f'http://{address}:{server.server_address[1]}'


@contextlib.contextmanager
def _running(server: socketserver.BaseServer) -> Generator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
