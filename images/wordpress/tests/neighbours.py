"""What a blog meets that is not of its image: trees of Debian, and a Swift with its Keystone made of one."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import site_of_image as site

_ARCHIVE = 'http://deb.debian.org/debian'
_ENTER = """
set -e
root=$1 folder=$2; shift 2
mount --make-rprivate /
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
mount --bind "$folder" "$root/srv"
for one in "$folder"/etc/*; do mount --bind "$one" "$root/etc/${one##*/}"; done
exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
"""


def debian(release: str, *packages: str) -> Path:
    """The tree of a release with *packages*: made once and kept, or else a test is skipped."""
    kept = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'hoodoo/trees'
    tree = kept / '-'.join((release, *packages))
    if tree.is_dir():
        return tree
    draft = tree.with_name(f'{tree.name}.{os.getpid()}')
    command = [
        *('mmdebstrap', '--variant=apt', f'--include={",".join(packages)}', '--quiet'),
        # A mirror may be older than sid allows; nothing but tests is made of this.
        '--aptopt=Acquire::Check-Valid-Until "false"',
        *(release, draft, _ARCHIVE),
    ]
    kept.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(command, capture_output=True, check=False)
    if made.returncode != 0:
        subprocess.run(['rm', '-rf', '--one-file-system', draft], check=True)
        pytest.skip(f'no {", ".join(packages)} of {release}: {made.stderr.decode()[-300:]}')
    draft.rename(tree)
    return tree


def certificate(file: Path, key: Path, name: str) -> None:
    """Make a certificate for *name* that is its own authority."""
    command = [
        *('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', f'/CN={name}'),
        *('-addext', f'subjectAltName=DNS:{name}', '-keyout', key, '-out', file),
    ]
    subprocess.run(command, check=True, capture_output=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swift:
    """A Swift of one disk: a proxy that believes Keystone, and one that knows its users itself."""

    keystone: str
    """The address of version 3."""
    tempauth: str
    """The address at which the other proxy gives tokens."""
    servers: tuple[subprocess.Popen[bytes], ...]

    def stop_storage(self) -> None:
        """End the proxies: whoever asks finds nobody."""
        for server in self.servers[-2:]:
            server.terminate()
            server.wait(20)


PASSWORD = 'it\'s "x" $&/ é'
_ADMIN = 'p455-of-admin'
_SERVERS = ('account', 'container', 'object')


@contextlib.contextmanager
def swift(folder: Path) -> Generator[Swift]:
    """Swift and Keystone of Debian, with a project `blogs` and an empty container `media` for all to read."""
    tree = debian(
        'bookworm', 'keystone', 'memcached', 'swift-account', 'swift-container', 'swift-object', 'swift-proxy'
    )
    ports = {name: site.free_port() for name in (*_SERVERS, 'memcached', 'keystone', 'proxy', 'own')}
    keystone = f'http://127.0.0.1:{ports["keystone"]}/v3'
    _configure(folder, ports, keystone)

    def inside(*argv: str) -> list[str]:
        return ['unshare', '-m', 'sh', '-c', _ENTER, 'sh', str(tree), str(folder), *argv]

    def run(*argv: str, given: str = '') -> None:
        done = subprocess.run(inside(*argv), input=given.encode(), capture_output=True, check=False)
        assert done.returncode == 0, (argv[0], done.stdout.decode()[-2000:], done.stderr.decode()[-2000:])

    run('sh', '-e', given=_rings(ports))
    run('sh', '-e', given=_bootstrap(keystone))
    servers: list[subprocess.Popen[bytes]] = []

    def start(name: str, *argv: str) -> None:
        with (folder / f'{name}.log').open('wb') as log:
            server = subprocess.Popen(inside(*argv), stdout=log, stderr=log, start_new_session=True)
        servers.append(server)

    try:
        port = str(ports['memcached'])
        start('memcached', 'memcached', '-l', '127.0.0.1', '-p', port, '-U', '0', '-u', 'root')
        start('keystone', 'keystone-wsgi-public', '-b', '127.0.0.1', '-p', str(ports['keystone']))
        for name in _SERVERS:
            start(name, f'swift-{name}-server', '-v', f'/etc/swift/{name}-server.conf')
        start('proxy', 'swift-proxy-server', '-v', '/etc/swift/proxy-server.conf')
        start('own', 'swift-proxy-server', '-v', '/etc/swift/own-server.conf')
        for name, number in zip(('memcached', 'keystone', *_SERVERS, 'proxy', 'own'), servers, strict=True):
            try:
                site.wait_port('127.0.0.1', ports[name], number, limit_s=90)
            except AssertionError as err:
                raise AssertionError(name, (folder / f'{name}.log').read_text()[-2000:]) from err
        _populate(keystone, ports['proxy'])
        tempauth = f'http://127.0.0.1:{ports["own"]}/auth/v1.0'
        _container(tempauth)
        yield Swift(keystone=keystone, tempauth=tempauth, servers=tuple(servers))
    finally:
        for server in servers:
            if server.poll() is None:
                server.terminate()
        for server in servers:
            server.wait(20)


def _configure(folder: Path, ports: Mapping[str, int], keystone: str) -> None:
    swift_etc, keystone_etc = folder / 'etc/swift', folder / 'etc/keystone'
    for path in (swift_etc, keystone_etc, folder / 'node/d1'):
        path.mkdir(parents=True)
    (swift_etc / 'swift.conf').write_text(
        '[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n'
        '[storage-policy:0]\nname = one\ndefault = yes\n'
    )
    common = 'bind_ip = 127.0.0.1\nuser = root\nworkers = 0\nswift_dir = /etc/swift\n'
    for name in _SERVERS:
        (swift_etc / f'{name}-server.conf').write_text(
            f'[DEFAULT]\n{common}bind_port = {ports[name]}\ndevices = /srv/node\nmount_check = false\n'
            'fallocate_reserve = 0\n'
            f'[pipeline:main]\npipeline = {name}-server\n[app:{name}-server]\nuse = egg:swift#{name}\n'
        )
    proxy = (
        '[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n'
        f'[filter:cache]\nuse = egg:swift#memcache\nmemcache_servers = 127.0.0.1:{ports["memcached"]}\n'
    )
    (swift_etc / 'proxy-server.conf').write_text(
        f'[DEFAULT]\n{common}bind_port = {ports["proxy"]}\n'
        '[pipeline:main]\npipeline = cache authtoken keystoneauth proxy-server\n'
        f'{proxy}[filter:keystoneauth]\nuse = egg:swift#keystoneauth\noperator_roles = admin, member\n'
        '[filter:authtoken]\npaste.filter_factory = keystonemiddleware.auth_token:filter_factory\n'
        f'www_authenticate_uri = {keystone}\nauth_url = {keystone}\nauth_type = password\n'
        f'username = admin\npassword = {_ADMIN}\nproject_name = admin\n'
        'user_domain_id = default\nproject_domain_id = default\ndelay_auth_decision = true\n'
    )
    (swift_etc / 'own-server.conf').write_text(
        f'[DEFAULT]\n{common}bind_port = {ports["own"]}\n'
        '[pipeline:main]\npipeline = cache tempauth proxy-server\n'
        f'{proxy}[filter:tempauth]\nuse = egg:swift#tempauth\nreseller_prefix = OWN\n'
        'user_blogs_writer = p455-of-own .admin\n'
    )
    (keystone_etc / 'keystone.conf').write_text(
        '[DEFAULT]\nlog_file =\nuse_stderr = true\n'
        '[database]\nconnection = sqlite:////srv/keystone.db?timeout=60\n'
        '[token]\nprovider = fernet\n[fernet_tokens]\nkey_repository = /srv/fernet\n'
        '[credential]\nkey_repository = /srv/credential\n[cache]\nenabled = false\n'
    )


def _rings(ports: Mapping[str, int]) -> str:
    lines = ['cd /etc/swift']
    for name in _SERVERS:
        builder = f'swift-ring-builder {name}.builder'
        lines += [
            f'{builder} create 4 1 0',
            f'{builder} add r1z1-127.0.0.1:{ports[name]}/d1 1',
            f'{builder} rebalance',
        ]
    return '\n'.join(lines)


def _bootstrap(keystone: str) -> str:
    own = '--keystone-user root --keystone-group root'
    return (
        'mkdir -p /srv/fernet /srv/credential\nkeystone-manage db_sync\n'
        # Keystone reads while it writes, which SQLite allows in this mode alone.
        'python3 -c "import sqlite3; '
        "sqlite3.connect('/srv/keystone.db').execute('PRAGMA journal_mode=WAL')\"\n"
        f'keystone-manage fernet_setup {own}\nkeystone-manage credential_setup {own}\n'
        f'export OS_BOOTSTRAP_PASSWORD={_ADMIN}\n'
        f'keystone-manage bootstrap --bootstrap-region-id here '
        f'--bootstrap-public-url {keystone} --bootstrap-internal-url {keystone}\n'
    )


def _ask(method: str, url: str, body: object = None, **headers: str) -> tuple[Any, Mapping[str, str]]:
    data = None if body is None else json.dumps(body).encode()
    sent = {name.replace('_', '-'): value for name, value in headers.items()}
    sent['Content-Type'] = 'application/json'
    with urllib.request.urlopen(urllib.request.Request(url, data, sent, method=method), timeout=60) as got:
        text = got.read()
        is_json = got.headers.get('Content-Type', '').startswith('application/json')
        return json.loads(text) if is_json and text else None, got.headers


def _token(keystone: str, user: str, password: str, project: str) -> str:
    by_default = {'id': 'default'}
    who = {'name': user, 'password': password, 'domain': by_default}
    wish = {
        'identity': {'methods': ['password'], 'password': {'user': who}},
        'scope': {'project': {'name': project, 'domain': by_default}},
    }
    return str(_ask('POST', f'{keystone}/auth/tokens', {'auth': wish})[1]['X-Subject-Token'])


def _populate(keystone: str, port: int) -> None:
    admin = _token(keystone, 'admin', _ADMIN, 'admin')

    def make(kind: str, **facts: object) -> str:
        return str(_ask('POST', f'{keystone}/{kind}s', {kind: facts}, X_Auth_Token=admin)[0][kind]['id'])

    project = make('project', name='blogs', domain_id='default')
    user = make('user', name='writer', domain_id='default', password=PASSWORD)
    roles: Sequence[Mapping[str, str]] = _ask('GET', f'{keystone}/roles', X_Auth_Token=admin)[0]['roles']
    (member,) = [role['id'] for role in roles if role['name'] == 'member']
    _ask('PUT', f'{keystone}/projects/{project}/users/{user}/roles/{member}', X_Auth_Token=admin)
    service = make('service', name='swift', type='object-store')
    storage = f'http://127.0.0.1:{port}/v1/AUTH_%(project_id)s'
    make('endpoint', service_id=service, interface='public', region_id='here', url=storage)
    token = _token(keystone, 'writer', PASSWORD, 'blogs')
    place = f'http://127.0.0.1:{port}/v1/AUTH_{project}/media'
    _ask('PUT', place, X_Auth_Token=token, X_Container_Read='.r:*')


def _container(tempauth: str) -> None:
    _, got = _ask('GET', tempauth, X_Auth_User='blogs:writer', X_Auth_Key='p455-of-own')
    _ask('PUT', f'{got["X-Storage-Url"]}/media', X_Auth_Token=got['X-Auth-Token'], X_Container_Read='.r:*')
