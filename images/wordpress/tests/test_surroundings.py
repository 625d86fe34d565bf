"""What stands around a site: TLS of Apache and the database, mail, uploads by proxy, a pod's helpers."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import site_of_image as site

MakeUnit = Callable[..., site.Unit]
pytestmark = pytest.mark.heavy


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for *name* that is its own authority."""
    key, certificate = folder / f'{name}.key', folder / f'{name}.pem'
    wanted = [
        'openssl',
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        f'/CN={name}',
    ]
    names = ['-addext', f'subjectAltName=DNS:{name},IP:127.0.0.1', '-keyout', key, '-out', certificate]
    subprocess.run([*wanted, *names], check=True, capture_output=True)
    return certificate, key


def _put(unit: site.Unit, certificate: Path, key: Path) -> None:
    folder = unit.run_dir / 'tls'
    folder.mkdir(exist_ok=True)
    for source, name in ((certificate, 'cert.pem'), (key, 'key.pem')):
        (folder / name).write_bytes(source.read_bytes())
        os.chown(folder / name, site.WEB_USER, site.WEB_USER)
        (folder / name).chmod(0o600)


def _seen(port: int) -> str:
    return ssl.get_server_certificate(('127.0.0.1', port))


def test_tls_of_apache_and_its_renewal(make_unit: MakeUnit, tmp_path: Path) -> None:
    unit = make_unit()
    assert unit.install()['ok']
    first, key = _certificate(tmp_path, 'blog.example.com')
    (tmp_path / 'new').mkdir()
    second, new_key = _certificate(tmp_path / 'new', 'blog.example.com')
    _put(unit, first, key)
    port = site.free_port()
    unit.defines |= {'TLS': '', 'TLS_LISTEN': f'127.0.0.1:{port}', 'TLS_VHOST': f'127.0.0.1:{port}'}
    unit.start()
    site.wait_port('127.0.0.1', port)
    context = ssl.create_default_context(cafile=first)
    context.check_hostname = False
    link = http.client.HTTPSConnection('127.0.0.1', port, context=context, timeout=20)
    for path, status in (('/', 200), ('/wp-admin/', 302), ('/-/alive', 200), ('/wp-config.php', 403)):
        link.request('GET', path, headers={'Host': 'blog.example.com'})
        answer = link.getresponse()
        body = answer.read()
        assert answer.status == status, (path, body[:200])
        assert b'src="http://' not in body
    link.close()
    assert _seen(port).split() == first.read_text().split()
    failed: list[int] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            status = unit.get('/-/alive').status
            if status != 200:
                failed.append(status)

    asking = threading.Thread(target=ask)
    asking.start()
    _put(unit, second, new_key)
    assert unit.apache is not None
    unit.apache.send_signal(signal.SIGUSR1)
    end = time.monotonic() + 10
    while _seen(port).split() != second.read_text().split():
        assert time.monotonic() < end
    over.set()
    asking.join()
    assert failed == []


def test_tls_to_the_database(make_unit: MakeUnit, base: site.Database) -> None:
    wanted = "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_VARIABLES WHERE VARIABLE_NAME='have_ssl'"
    assert base.query(wanted)[0][0] == 'YES'
    unit = make_unit()
    name = unit.site['database']['name']
    base.query(f"ALTER USER `{name}`@'%' REQUIRE SSL")
    assert unit.wpctl('ping')['error'] == 'access-denied'
    ca = (base.socket.parent / 'tls/ca.pem').read_text()
    secure = unit.site['database'] | {'tls': True, 'ca': ca}
    unit.push(unit.site | {'database': secure})
    assert unit.wpctl('ping')['ok']
    assert unit.install()['ok']
    unit.start()
    assert unit.get('/').status == 200
    # Another authority than the one that is believed: no connection.
    other, _ = _certificate(unit.scratch, 'other.example.com')
    unit.push(unit.site | {'database': secure | {'ca': other.read_text()}})
    assert unit.wpctl('ping')['ok'] is False
    assert unit.get('/-/ready').status == 503


@contextlib.contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Generator[int]:
    server = ThreadingHTTPServer(('127.0.0.1', 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.02})
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_uploads_by_apaches_own_proxy(make_unit: MakeUnit) -> None:
    seen: list[str] = []
    told: list[str] = []

    class Bucket(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

        def do_GET(self) -> None:
            seen.append(self.path)
            told.extend(name.lower() for name in self.headers)
            there = self.path == '/bucket/p/2026/11/a.png'
            body = b'bytes of a' if there else b'absent'
            self.send_response(200 if there else 404)
            self.send_header('Content-Type', 'image/png')
            self.send_header('Content-Length', str(len(body)))
            self.send_header('Set-Cookie', 'wordpress_logged_in_x=theirs; Path=/')
            self.end_headers()
            self.wfile.write(body)

    unit = make_unit()
    assert unit.install()['ok']
    with _serving(Bucket) as port:
        unit.defines['UPLOADS_PROXY'] = f'http://127.0.0.1:{port}/bucket/p/'
        unit.start()
        ours = {
            'Cookie': 'wordpress_logged_in_x=ours',
            'Authorization': 'Basic b3Vycw==',
            'X-WP-Nonce': 'ours',
        }
        got = unit.get('/wp-content/uploads/2026/11/a.png', headers=ours)
        assert got.body == b'bytes of a'
        # Who keeps the bytes hears nothing of readers' sessions, and starts none.
        assert not {'cookie', 'authorization', 'x-wp-nonce'} & set(told)
        assert 'set-cookie' not in got.headers
        assert 'sandbox' in got.headers['content-security-policy']
        assert unit.get('/wp-content/uploads/2026/11/b.png').status == 404
        assert unit.get('/wp-content/uploads/x.php').status == 403
        assert unit.get('/wp-content/uploads/2026/11/a.png', method='POST', body=b'x').status != 200
        (unit.uploads / 'here.txt').write_text('here')
        assert unit.get('/wp-content/uploads/here.txt').body == b'here'
        assert seen == ['/bucket/p/2026/11/a.png', '/bucket/p/2026/11/b.png']
    began = time.monotonic()
    assert unit.get('/wp-content/uploads/2026/11/a.png').status in (502, 503)
    assert time.monotonic() - began < 5


def test_mail_goes_by_smtp(make_unit: MakeUnit) -> None:
    controllers = pytest.importorskip('aiosmtpd.controller')
    got: list[Any] = []

    class Sink:
        async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
            got.append(envelope)
            return '250 OK'

    port = site.free_port()
    running = controllers.Controller(Sink(), hostname='127.0.0.1', port=port)
    running.start()
    try:
        unit = make_unit(smtp={'host': '127.0.0.1', 'port': port, 'from': 'blog@example.org'})
        assert unit.install()['ok']
        unit.start()
        reply = site.Browser(unit).get(
            '/wp-login.php?action=lostpassword', form={'user_login': 'admin', 'redirect_to': ''}
        )
        assert reply.status == 302, reply.text[-600:]
    finally:
        running.stop()
    (mail,) = got
    assert (mail.mail_from, mail.rcpt_tos) == ('blog@example.org', ['admin@example.com'])
    assert b'https://blog.example.com/wp-login.php' in mail.content
    for name in ('admin', 'nobody'):
        failed = site.Browser(unit).get('/wp-login.php?action=lostpassword', form={'user_login': name})
        assert 'No mail was sent' in failed.text
    old = site.Browser(unit).get('/wp-login.php?action=lostpassword&error=expiredkey')
    assert 'has expired' in old.text


def test_the_helpers_of_a_pod(make_unit: MakeUnit, base: site.Database) -> None:
    unit = make_unit()
    good = unit.site['database']
    unit.push(unit.site | {'database': good | {'port': site.free_port()}})
    waiting = subprocess.Popen(
        unit.enter('/usr/bin/wordpress-await-database', '/bin/echo', 'notified'), stdout=subprocess.PIPE
    )
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(1)
    unit.push(unit.site | {'database': good})
    out, _ = waiting.communicate(timeout=20)
    assert out.decode().splitlines()[-1] == 'notified'
    assert waiting.returncode == 0
    assert unit.install()['ok']
    name = good['name']
    base.query("DELETE FROM wp_options WHERE option_name = 'cron'", database=name)
    cron = subprocess.Popen(unit.enter('/usr/bin/wordpress-cron', '1'), stdout=subprocess.PIPE)
    assert cron.stdout is not None
    said = [json.loads(cron.stdout.readline()) for _ in range(2)]
    assert [one['ok'] for one in said] == [True, True]
    cron.terminate()
    cron.communicate(timeout=10)
    assert cron.returncode == 0
