"""Every option changed and put back, keys rotated under load, secrets looked for everywhere."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from bedrock.oci import layout
from tests.fields import TOP, Field, Visitor, a_field, measured

HOST = 'blog.example.com'
UNIT = 'wordpress/0'
PLANTED = 'planted-0f3a9c'
READ = 'cd /run/wordpress && sha256sum site.json apache/* php/*; /charm/bin/pebble plan | sha256sum'


@pytest.fixture(scope='module')
def plot(tmp_path_factory: pytest.TempPathFactory) -> Generator[Field]:
    folder = tmp_path_factory.mktemp('options')
    options = {
        'blog_hostname': HOST,
        'allow_local_uploads': True,
        'initial_settings': f'admin_password: {PLANTED}-admin',
        'container_secrets': f'TOKEN: {PLANTED}-variable',
    }
    (folder / 'wordpress.yaml').write_text(json.dumps({'wordpress': options}))
    with a_field(folder, 'options') as made:
        made.deploy('mariadb-k8s', 'mariadb')
        made.deploy('wordpress-k8s', 'wordpress', '-n', '2', '--config', str(folder / 'wordpress.yaml'))
        made.juju('integrate', 'wordpress:database', 'mariadb:database')
        with _watched() as seen:
            for unit in (UNIT, 'wordpress/1'):
                made.wait_unit(unit, 'active', seconds=180)
        made.kept['processes'] = '\n'.join(words for words, _ in seen)
        made.kept['served'] = '\n'.join(variables for _, variables in seen)
        made.kept['environments'] = '\n'.join(
            variables for words, variables in seen if not words.startswith(_HAS_THE_VARIABLE)
        )
        yield made


_HAS_THE_VARIABLE = ('/usr/sbin/apache2 ', '/bin/cat ')
"""Apache and what writes its logs: container_secrets is for them."""


class _watched:
    """Gathers arguments and environments of all processes of this host, again and again."""

    def __enter__(self) -> set[tuple[str, str]]:
        self._seen: set[tuple[str, str]] = set()
        self._is_over = threading.Event()
        self._worker = threading.Thread(target=self._watch)
        self._worker.start()
        return self._seen

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._worker.join()

    def _watch(self) -> None:
        while not self._is_over.wait(0.02):
            for folder in Path('/proc').glob('[0-9]*'):
                try:
                    self._seen.add((_words(folder / 'cmdline'), _words(folder / 'environ')))
                except OSError:
                    continue


def _words(file: Path) -> str:
    return file.read_bytes().replace(b'\0', b' ').decode(errors='replace')


def _files_of(image: str) -> bytes:
    """All layers of a built image, unpacked to one text."""
    opened = layout.open_(TOP / 'build/images' / image)
    files = [opened.layout / 'blobs' / layer.digest.replace(':', '/') for layer in opened.layers]
    return b''.join(gzip.decompress(file.read_bytes()) for file in files)


def test_5_planted_secrets_are_nowhere_to_be_read(plot: Field) -> None:
    """Test 5: no log at TRACE, status, process, relation, status page of Apache or image holds a secret."""
    root = plot.act('mariadb/0', 'get-password')['password']
    site = json.loads(plot.inside(UNIT, 'cat', '/run/wordpress/site.json', container='wordpress'))
    secrets = [PLANTED, root, site['database']['password'], *site['keys'].values()]
    inside = (
        "sh -c 'curl -s http://127.0.0.1:8080/server-status || wget -qO- http://127.0.0.1:8080/server-status'"
    )
    places = {
        'debug-log': plot.log(),
        'status': json.dumps(plot.status()),
        'arguments': plot.kept['processes'],
        'environments': plot.kept['environments'],
        'relations': plot.juju('show-unit', UNIT) + plot.juju('show-unit', 'mariadb/0'),
        'plan': plot.inside(UNIT, '/charm/bin/pebble', 'changes', container='wordpress'),
        'status page': plot.pocket(
            'juju', 'exec', '--model', plot.model, '--unit', UNIT, '--', inside, check=False
        ).stdout,
        'front page': plot.visitor(UNIT, f'{HOST}:8080').ask('GET', '/')[2],
    }
    measured(', '.join(f'{name}: {len(text)} characters' for name, text in places.items()))
    hits = [
        f'secret {number} in {name}'
        for name, text in places.items()
        for number, one in enumerate(secrets)
        if one in text
    ]
    assert hits == []
    assert f'{PLANTED}-variable' in plot.kept['served'], 'environments of processes cannot be seen'
    for image in ('wordpress', 'mariadb'):
        content = _files_of(image)
        measured(f'image {image}: {len(content)} bytes')
        assert [number for number, one in enumerate(secrets) if one.encode() in content] == [], image


CHANGES: dict[str, tuple[object, set[str]]] = {
    'additional_hostnames': ('www.example.com', {'site.json'}),
    'blog_hostname': ('other.example.com', {'site.json'}),
    'container_config': ('{TZ: Europe/Berlin}', {'plan'}),
    'container_secrets': ('{TOKEN: other}', {'plan'}),
    'wp_plugin_akismet_key': ('abc123', {'site.json'}),
    'wp_plugin_openid_team_map': ('staff=editor', {'site.json'}),
    'openid_provider': ('https://id.example.com/', set()),
    'wp_plugin_openstack-objectstorage_config': (
        '{auth-url: "https://k.example.com/v3", bucket: b, username: u, password: p}',
        {'site.json'},
    ),
    'plugins': ('akismet', set()),
    'themes': ('twentytwentyfive', set()),
    'upload_max_filesize': ('4M', {'charm.ini'}),
    'post_max_size': ('9M', {'charm.ini'}),
    'memory_limit': ('300M', {'charm.ini'}),
    'max_execution_time': (31, {'charm.ini'}),
    'max_input_time': (32, {'charm.ini'}),
    'allow_egress': ('api.example.com', {'site.json'}),
    'wp_config_extra': ('{WP_POST_REVISIONS: 5}', {'site.json'}),
    'trusted_proxies': ('10.0.0.0/8', {'site.json'}),
    'workers': (4, {'charm.conf'}),
    'xmlrpc': (True, {'charm.conf'}),
    'cron_interval': (120, {'plan'}),
    'health_check_timeout_seconds': (6, {'plan'}),
    'use_nginx_ingress_modsec': (False, set()),
    'edge_has_tls': (True, {'site.json'}),
    'ports': ('http:8081', {'site.json', 'charm.conf', 'plan'}),
}


def test_14_an_option_changes_only_its_own_files(plot: Field, tmp_path: Path) -> None:
    """Test 14: every option once and back; only the affected files change, and in the end nothing has."""
    before = _read(plot)
    given = json.loads(plot.juju('config', 'wordpress', '--format', 'json'))['settings']
    wrong: dict[str, set[str]] = {}
    for name, (value, files) in CHANGES.items():
        plot.configure('wordpress', tmp_path, **{name: value})
        now = _read(plot)
        if (changed := {file for file in now | before if now.get(file) != before.get(file)}) != files:
            wrong[name] = changed
        if given[name].get('source') == 'user':
            plot.configure('wordpress', tmp_path, **{name: given[name]['value']})
        else:
            plot.reset('wordpress', name)
        if _read(plot) != before:
            wrong[f'{name} put back'] = {
                file for file, text in _read(plot).items() if before.get(file) != text
            }
    took = [seconds for _, _, seconds in plot.hooks('wordpress')]
    measured(f'{len(CHANGES)} options; {len(took)} hooks, longest {max(took):.1f} s')
    assert wrong == {}


def _read(plot: Field) -> dict[str, str]:
    lines = plot.inside(UNIT, 'sh', container='wordpress', stdin=READ).splitlines()
    found = {name.rpartition('/')[2]: digest for digest, name in (line.split(None, 1) for line in lines)}
    return {('plan' if name == '-' else name): digest for name, digest in found.items()}


def test_15_a_secret_without_grant_is_named_with_its_remedy(plot: Field, tmp_path: Path) -> None:
    """Test 15: an option that names a secret which was not granted says so; the grant alone mends it."""
    uri = plot.juju('add-secret', 'akismet', 'key=abc123').strip()
    plot.configure('wordpress', tmp_path, wp_plugin_akismet_key=uri)
    plot.wait_unit(UNIT, 'blocked')
    assert plot.said(UNIT)[1] == (
        'wp_plugin_akismet_key: cannot read the secret; juju grant-secret NAME wordpress'
    )
    plot.juju('grant-secret', 'akismet', 'wordpress')
    plot.reset('wordpress', 'wp_plugin_akismet_key')
    plot.configure('wordpress', tmp_path, wp_plugin_akismet_key=uri)
    plot.wait_unit(UNIT, 'active')
    plot.reset('wordpress', 'wp_plugin_akismet_key')


SECRETS = {
    'db_password_secret': 'the secret must hold the key "password"; juju update-secret NAME password=...',
    'admin_secret': 'holds no key "password"; juju update-secret NAME password=...',
    'oidc_client_secret': 'the secret must hold the key "secret"; juju update-secret NAME secret=...',
    'container_secrets_id': '',
}
"""The options that are secrets, and what is said of one with other keys; any key is a variable."""


def test_15_every_option_that_is_a_secret_says_what_it_lacks(plot: Field, tmp_path: Path) -> None:
    """Test 15: not granted, then granted but with other keys, then no secret at all: no value is repeated."""
    uri = plot.juju('add-secret', 'notes', f'one={PLANTED}-one', f'other={PLANTED}-other').strip()
    needs = {
        'db_host': 'mariadb',
        'db_user': 'wp',
        'oidc_issuer': 'https://id.example.com',
        'oidc_client_id': 'blog',
        'oidc_group_map': 'staff=editor',
    }
    plot.configure('wordpress', tmp_path, **needs, **dict.fromkeys(SECRETS, uri))
    plot.wait_unit(UNIT, 'blocked')
    said = plot.said(UNIT)[1]
    remedy = 'cannot read the secret; juju grant-secret NAME wordpress'
    assert [name for name in SECRETS if f'{name}: {remedy}' not in said] == []

    plot.juju('grant-secret', 'notes', 'wordpress')
    plot.configure('wordpress', tmp_path, workers=5)
    plot.wait_unit(UNIT, 'blocked')
    said = plot.said(UNIT)[1]
    assert [name for name, text in SECRETS.items() if text and f'{name}: {text}' not in said] == []
    assert 'container_secrets_id' not in said
    assert PLANTED not in said

    for name in SECRETS:
        refused = plot.pocket('juju', 'config', '-m', plot.model, 'wordpress', f'{name}=word', check=False)
        assert (refused.returncode != 0, name in refused.stderr) == (True, True), refused.stderr
    plot.reset('wordpress', *SECRETS, *needs, 'workers')
    plot.wait_unit(UNIT, 'active')
    assert 'Traceback' not in plot.log()


def test_17_new_keys_end_all_sessions_and_no_request_fails(plot: Field) -> None:
    """Test 17: within 10 s nobody is logged in on any unit; readers notice nothing."""
    units = (UNIT, 'wordpress/1')
    users = [plot.visitor(unit, f'{HOST}:8080').log_in('admin', f'{PLANTED}-admin') for unit in units]
    assert [user.is_logged_in for user in users] == [True, True]
    failures: list[object] = []
    is_over = threading.Event()
    counts = [0, 0]

    def read(number: int, visitor: Visitor) -> None:
        while not is_over.is_set():
            try:
                status = visitor.ask('GET', '/')[0]
            except OSError as err:
                failures.append(err)
            else:
                counts[number] += 1
                if status != 200:
                    failures.append(status)

    readers = [
        threading.Thread(target=read, args=(number, plot.visitor(unit, f'{HOST}:8080')))
        for number, unit in enumerate(units)
    ]
    for reader in readers:
        reader.start()
    try:
        plot.act(plot_leader(plot), 'rotate-keys')
        began = time.monotonic()
        while any(user.is_logged_in for user in users) and time.monotonic() - began < 30:
            continue
        took = time.monotonic() - began
    finally:
        is_over.set()
        for reader in readers:
            reader.join()
    measured(
        f'all sessions over {took:.1f} s after the action; {sum(counts)} requests, {len(failures)} failed'
    )
    assert failures == []
    assert took <= 10


def plot_leader(plot: Field) -> str:
    units = plot.status()['applications']['wordpress']['units']
    return next(name for name, unit in units.items() if unit.get('leader'))
