"""A WordPress image at work: its root tree read-only, no capability, and a database beside it."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

WEB_USER = 33
FETCH_USER = 450
_KEYS = (
    'AUTH_KEY',
    'SECURE_AUTH_KEY',
    'LOGGED_IN_KEY',
    'NONCE_KEY',
    'AUTH_SALT',
    'SECURE_AUTH_SALT',
    'LOGGED_IN_SALT',
    'NONCE_SALT',
)
# Everything of the image is read-only but its four folders; the shell is replaced by the program.
_ENTER = """
set -e
root=$1 run=$2 uploads=$3 scratch=$4 hosts=$5 authorities=$6 downloads=$7; shift 7
mount --make-rprivate /
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
mount --bind "$run" "$root/run/wordpress"
mount --bind "$uploads" "$root/var/lib/wordpress/uploads"
mount --bind "$scratch" "$root/tmp"
[ ! -d "$root/var/lib/wordpress/downloads" ] || mount --bind "$downloads" "$root/var/lib/wordpress/downloads"
[ ! -e "$root/etc/hosts" ] || mount --bind "$hosts" "$root/etc/hosts"
[ ! -e "$authorities" ] || mount --bind "$authorities" "$root/etc/ssl/certs/ca-certificates.crt"
exec setpriv --reuid user --regid user --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
    chroot_exec "$@"
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A MariaDB or MySQL that listens on a loopback port."""

    port: int
    process: subprocess.Popen[bytes]
    root: Path
    socket: Path
    client: str = '/usr/bin/mariadb'

    def query(self, text: str, *, database: str = 'mysql') -> list[list[str]]:
        client = [
            'chroot',
            str(self.root),
            self.client,
            '-uroot',
            '-S',
            '/run/wpdb/s',
            '-N',
            '-B',
            database,
        ]
        done = subprocess.run(
            [
                'unshare',
                '-m',
                'sh',
                '-c',
                _DATABASE_MOUNT + 'exec "$@"',
                'sh',
                self.root,
                self.socket.parent,
                *client,
            ],
            input=text.encode(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return [line.split('\t') for line in done.stdout.decode().splitlines()]

    def create(self, name: str, password: str) -> None:
        quoted = password.replace('\\', '\\\\').replace("'", "\\'")
        self.query(
            f'CREATE DATABASE `{name}` CHARACTER SET utf8mb4;'
            f"CREATE USER `{name}`@'%' IDENTIFIED BY '{quoted}';"
            f"GRANT ALL ON `{name}`.* TO `{name}`@'%';"
        )


_DATABASE_MOUNT = """
set -e
root=$1 data=$2; shift 2
mount --make-rprivate /
mount -t tmpfs tmpfs "$root/run"
mkdir "$root/run/wpdb"
mount --bind "$data" "$root/run/wpdb"
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
"""


def free_port(address: str = '127.0.0.1') -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def database(root: Path, folder: Path) -> Generator[Database]:
    """The MariaDB of *root*, or else its MySQL, with its data in *folder*, until the block ends."""
    folder.mkdir(parents=True)
    shutil.chown(folder, 0, 0)
    port = free_port()

    def inside(*argv: str) -> list[str]:
        return [
            'unshare',
            '-m',
            'sh',
            '-c',
            _DATABASE_MOUNT + 'exec chroot "$root" "$@"',
            'sh',
            str(root),
            str(folder),
            *argv,
        ]

    common = ('--no-defaults', '--user=root', '--datadir=/run/wpdb/data')
    program, client = '/usr/sbin/mariadbd', '/usr/bin/mariadb'
    install = ['/usr/bin/mariadb-install-db', *common, '--skip-test-db', '--force']
    install += ['--auth-root-authentication-method=normal']
    is_mysql = not (root / program[1:]).exists()
    if is_mysql:
        program, client = '/usr/sbin/mysqld', '/usr/bin/mysql'
        install = [program, *common, '--initialize-insecure']
    made = subprocess.run(inside(*install), capture_output=True, check=False)
    assert made.returncode == 0, made.stdout.decode()[-2000:] + made.stderr.decode()[-2000:]
    tls = folder / 'tls'
    tls.mkdir()
    certificate = [
        'openssl',
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=db',
    ]
    names = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', tls / 'key.pem', '-out', tls / 'ca.pem']
    subprocess.run([*certificate, *names], check=True, capture_output=True)
    with (folder / 'log').open('wb') as log:
        server = subprocess.Popen(
            inside(
                program,
                *common,
                *(['--mysqlx=OFF'] if is_mysql else []),
                '--socket=/run/wpdb/s',
                f'--port={port}',
                '--bind-address=127.0.0.1',
                '--skip-name-resolve',
                '--ssl-cert=/run/wpdb/tls/ca.pem',
                '--ssl-key=/run/wpdb/tls/key.pem',
                '--innodb-flush-log-at-trx-commit=2',
            ),
            stdout=log,
            stderr=log,
        )
    try:
        wait_port('127.0.0.1', port, server, limit_s=60)
        yield Database(port=port, process=server, root=root, socket=folder / 's', client=client)
    finally:
        server.send_signal(signal.SIGCONT)
        server.terminate()
        server.wait(20)


def wait_port(
    address: str, port: int, process: subprocess.Popen[bytes] | None = None, *, limit_s: float = 20
) -> None:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        assert process is None or process.poll() is None, 'the server ended'
        with contextlib.suppress(OSError), socket.create_connection((address, port), 1):
            return
        time.sleep(0.02)
    raise AssertionError(f'nothing listens on {address}:{port}')


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the site, or where it sends us."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode('utf-8', 'replace')


class Unit:
    """One pod's web part: its folders, Apache, wpctl."""

    def __init__(self, root: Path, folder: Path, site: dict[str, Any], *, address: str = '127.0.0.1') -> None:
        self.root = root
        self.run_dir = folder / 'run'
        self.uploads = folder / 'uploads'
        self.scratch = folder / 'tmp'
        self.downloads = folder / 'downloads'
        self.hosts = folder / 'hosts'
        self.authorities = folder / 'authorities.pem'
        """Whom the unit believes, where there is that file; else whom the image does."""
        self.address = address
        self.port = free_port(address)
        for path in (self.run_dir, self.uploads, self.scratch, self.run_dir / 'apache', self.run_dir / 'php'):
            path.mkdir(parents=True, exist_ok=True)
            os.chown(path, WEB_USER, WEB_USER)
        self.downloads.mkdir(exist_ok=True)
        os.chown(self.downloads, FETCH_USER, FETCH_USER)
        self.hosts.write_text('127.0.0.1 localhost\n')
        self.log = folder / 'log'
        self.apache: subprocess.Popen[bytes] | None = None
        self.defines: dict[str, str] = {'HTTP_LISTEN': f'{address}:{self.port}', 'WORKERS': '6'}
        self.site = site
        self.push(site)

    def push(self, site: dict[str, Any]) -> None:
        """Write site.json as the charm does."""
        self.site = site
        path = self.run_dir / 'site.json.new'
        path.write_text(json.dumps(site))
        os.chown(path, WEB_USER, WEB_USER)
        path.chmod(0o640)
        path.rename(self.run_dir / 'site.json')

    def enter(self, *argv: str, user: int = WEB_USER) -> list[str]:
        """The command that runs *argv* inside the image without a capability, as www-data if nobody else."""
        script = _ENTER.replace(
            'chroot_exec', 'env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin PHP_INI_SCAN_DIR=:/run/wordpress/php'
        )
        # Entering the root needs the capability that setpriv gives up: it comes first.
        script = script.replace('exec setpriv', 'exec chroot "$root" setpriv')
        script = script.replace('--reuid user --regid user', f'--reuid {user} --regid {user}')
        web = (self.run_dir, self.uploads, self.scratch)
        folders = (self.root, *web, self.hosts, self.authorities, self.downloads)
        return ['unshare', '-m', 'sh', '-c', script, 'sh', *map(str, folders), *argv]

    def spawn(self, verb: str, given: Mapping[str, Any] | None = None) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            self.enter('/usr/bin/wpctl', verb),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(given or {}).encode())
        process.stdin.close()
        process.stdin = None
        return process

    def wpctl(self, verb: str, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call a verb and return its one line, having checked that the exit status says the same."""
        return self.answer(self.spawn(verb, given))

    @staticmethod
    def answer(process: subprocess.Popen[bytes]) -> dict[str, Any]:
        out, err = process.communicate(timeout=120)
        lines = out.decode().splitlines()
        assert len(lines) == 1, (lines, err.decode()[-2000:])
        answer: dict[str, Any] = json.loads(lines[0])
        assert answer['ok'] is (process.returncode == 0), (answer, process.returncode)
        if not answer['ok']:
            answer['stderr'] = err.decode()
        return answer

    def install(self, **more: Any) -> dict[str, Any]:
        wanted = {
            'title': 'Blog',
            'user': 'admin',
            'email': 'admin@example.com',
            'password': 'secret',
            'public': True,
        }
        return self.wpctl('install', wanted | more)

    def start(self) -> None:
        lines = [f'Define {name} {value}\n' for name, value in self.defines.items()]
        (self.run_dir / 'apache' / 'site.conf').write_text(''.join(lines))
        with self.log.open('ab') as log:
            self.apache = subprocess.Popen(
                self.enter('/usr/sbin/apache2', '-DFOREGROUND', '-f', '/etc/wordpress/apache2.conf'),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Apache that ends signals its whole group: other units must not be in it.
                start_new_session=True,
            )
        try:
            wait_port(self.address, self.port, self.apache)
        except AssertionError:
            raise AssertionError(self.log.read_text()[-3000:]) from None

    def stop(self) -> None:
        if self.apache is not None:
            self.apache.terminate()
            self.apache.wait(20)
            self.apache = None

    def get(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        method: str = 'GET',
        body: bytes | None = None,
    ) -> Reply:
        """One request as the edge sends it, without following anything."""
        sent = {'Host': urllib.parse.urlsplit(str(self.site['url'])).netloc} | dict(headers or {})
        link = http.client.HTTPConnection(self.address, self.port, timeout=30)
        try:
            link.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                link.putheader(name, value)
            if body is not None:
                link.putheader('Content-Length', str(len(body)))
            link.endheaders(body)
            got = link.getresponse()
            pairs: dict[str, str] = {}
            for name, value in got.getheaders():
                key = name.lower()
                pairs[key] = f'{pairs[key]}\n{value}' if key in pairs else value
            return Reply(got.status, pairs, got.read())
        finally:
            link.close()


class Browser:
    """Keeps cookies for one site and follows nothing by itself."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.cookies: dict[str, str] = {}

    def get(
        self,
        path: str,
        *,
        method: str = 'GET',
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        unit: Unit | None = None,
    ) -> Reply:
        sent = dict(headers or {})
        if self.cookies:
            sent['Cookie'] = '; '.join(f'{name}={value}' for name, value in self.cookies.items())
        if form is not None:
            method, body = 'POST', urllib.parse.urlencode(form).encode()
            sent['Content-Type'] = 'application/x-www-form-urlencoded'
        reply = (unit or self.unit).get(path, headers=sent, method=method, body=body)
        for line in reply.headers.get('set-cookie', '').split('\n'):
            name, _, rest = line.partition('=')
            if name:
                value = rest.partition(';')[0]
                self.cookies[name.strip()] = value
        return reply

    def log_in(self, user: str, password: str) -> Reply:
        self.get('/wp-login.php')
        return self.get(
            '/wp-login.php', form={'log': user, 'pwd': password, 'testcookie': '1', 'wp-submit': 'x'}
        )

    def nonce(self) -> str:
        page = self.get('/wp-admin/admin-ajax.php?action=rest-nonce')
        return page.text

    def rest(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Reply:
        sent = {'X-WP-Nonce': self.nonce(), 'Content-Type': 'application/json'} | dict(headers or {})
        data = raw if raw is not None else (json.dumps(body).encode() if body is not None else None)
        return self.get(f'/wp-json{path}', method=method, body=data, headers=sent)


def site_for(base: Database, name: str, password: str, **more: Any) -> dict[str, Any]:
    """A site.json for a database of *base*."""
    return {
        'url': 'https://blog.example.com',
        'additional_hosts': ['www.example.com'],
        'database': {
            'host': '127.0.0.1',
            'port': base.port,
            'name': name,
            'user': name,
            'password': password,
        },
        'keys': {key: secrets.token_hex(32) for key in _KEYS},
        'trusted_proxies': [],
    } | more


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


__all__ = [
    'Browser',
    'Database',
    'Reply',
    'Unit',
    'database',
    'free_port',
    'percentile',
    'site_for',
    'wait_port',
]
