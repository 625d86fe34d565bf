"""Every option changed and put back, keys rotated under load, secrets looked for everywhere."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Generator
from pathlib import Path

import pytest
import yaml

from bedrock.oci import layout
from tests.blog import homes, trials
from tests.blog.model import Blog
from tests.blog.parts import TOP, measured
from tests.blog.visitors import HOST

UNIT = 'wordpress/0'
UNITS = (UNIT, 'wordpress/1')
PLANTED = 'planted-0f3a9c'
READ = """set -e
cd /run/wordpress
sha256sum site.json apache/* php/*
plan="$(PEBBLE_SOCKET=/charm/container/pebble.socket /charm/bin/pebble plan)"
echo "$plan" | sha256sum
"""


@pytest.fixture(scope='module')
def processes() -> set[tuple[str, str]]:
    """The arguments and the environment of every process that was seen while the blog was deployed."""
    return set()


@pytest.fixture(scope='module')
def plot(tmp_path_factory: pytest.TempPathFactory, processes: set[tuple[str, str]]) -> Generator[Blog]:
    with homes.pocket(tmp_path_factory.mktemp('options'), 'options') as made:
        made.add_model()
        made.deploy_database()
        with _watched(processes):
            made.deploy(
                {
                    'blog_hostname': HOST,
                    'allow_local_uploads': True,
                    'initial_settings': f'admin_password: {PLANTED}-admin',
                    'container_secrets': f'TOKEN: {PLANTED}-variable',
                },
                units=2,
            )
            for unit in UNITS:
                made.wait_unit(unit, 'active', seconds=180)
        yield made


_HAS_THE_VARIABLE = ('/usr/sbin/apache2 ', '/bin/cat ')
"""Apache and what writes its logs: container_secrets is for them."""


class _watched:
    """Gathers arguments and environments of all processes of this host, again and again."""

    def __init__(self, seen: set[tuple[str, str]]) -> None:
        self._seen = seen
        self._is_over = threading.Event()
        self._worker = threading.Thread(target=self._watch)

    def __enter__(self) -> None:
        self._worker.start()

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


def test_5_planted_secrets_are_nowhere_to_be_read(plot: Blog, processes: set[tuple[str, str]]) -> None:
    """Test 5: no log at TRACE, status, process, relation, status page of Apache or image holds a secret."""
    root = plot.action('mariadb/0', 'get-password')['password']
    site = json.loads(plot.inside(UNIT, 'wordpress', 'cat', '/run/wordpress/site.json'))
    secrets = [PLANTED, root, site['database']['password'], *site['keys'].values()]
    inside = (
        "sh -c 'curl -s http://127.0.0.1:8080/server-status || wget -qO- http://127.0.0.1:8080/server-status'"
    )
    places = {
        'debug-log': plot.log(),
        'status': json.dumps(plot.status()),
        'arguments': '\n'.join(words for words, _ in processes),
        'environments': '\n'.join(
            variables for words, variables in processes if not words.startswith(_HAS_THE_VARIABLE)
        ),
        'relations': plot.juju('show-unit', UNIT) + plot.juju('show-unit', 'mariadb/0'),
        'plan': plot.ssh(UNIT, '/charm/bin/pebble', 'changes', container='wordpress'),
        'status page': plot.pocket('juju', 'exec', '--unit', UNIT, '--', inside, check=False).stdout,
        'front page': plot.caller().ask('GET', '/').text,
    }
    measured(', '.join(f'{name}: {len(text)} characters' for name, text in places.items()))
    hits = [
        f'secret {number} in {name}'
        for name, text in places.items()
        for number, one in enumerate(secrets)
        if one in text
    ]
    assert hits == []
    served = any(f'{PLANTED}-variable' in variables for _, variables in processes)
    assert served, 'environments of processes cannot be seen'
    for image in ('wordpress', 'mariadb'):
        content = _files_of(image)
        measured(f'image {image}: {len(content)} bytes')
        assert [number for number, one in enumerate(secrets) if one.encode() in content] == [], image


CHANGES: dict[str, tuple[object, set[str]]] = {
    'image': ('registry.example.com/blog:1', set()),
    'image_user': ('somebody', set()),
    'image_pass': (f'{PLANTED}-image', set()),
    'ports': ('http:8081', {'site.json', 'charm.conf', 'plan'}),
    'tls_secret_name': ('other-tls', {'site.json'}),
    # There is a relation to a database, which comes before these.
    'db_host': ('db.example.com', set()),
    'db_user': ('somebody', set()),
    'db_password': (f'{PLANTED}-database', set()),
    'db_password_secret': ('secret', set()),
    'container_config': ('{TZ: Europe/Berlin}', {'plan'}),
    'container_secrets': ('{TOKEN: other}', {'plan'}),
    'container_secrets_id': ('secret', {'plan'}),
    # They count once, when the blog is installed.
    'initial_settings': ('{weblog_title: Another}', set()),
    'admin_secret': ('secret', set()),
    'blog_hostname': ('other.example.com', {'site.json'}),
    'additional_hostnames': ('www.example.com', {'site.json'}),
    'wp_plugin_akismet_key': ('abc123', {'site.json'}),
    'wp_plugin_openid_team_map': ('staff=editor', {'site.json'}),
    'openid_provider': ('https://id.example.com/', set()),
    'wp_plugin_openstack-objectstorage_config': (
        '{auth-url: "https://k.example.com/v3", bucket: b, username: u, password: p}',
        {'site.json'},
    ),
    # Alone each lacks the others, so all goes on as it was.
    'oidc_issuer': ('https://id.example.com/', set()),
    'oidc_client_id': ('blog', set()),
    'oidc_client_secret': ('secret', set()),
    'oidc_group_map': ('staff=editor', set()),
    'plugins': ('akismet', set()),
    'themes': ('twentytwentyfive', set()),
    # All that is named is in the image.
    'allow_downloads': (True, set()),
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
    'allow_local_uploads': (False, set()),
    'db_name': ('another', {'site.json'}),
}
"""What each option is changed to, and which files that changes; 'secret' is the id of one."""


def test_14_an_option_changes_only_its_own_files(plot: Blog) -> None:
    """Test 14: every option once and back; only the affected files change, and in the end nothing has."""
    craft = yaml.safe_load((TOP / 'charms/wordpress-k8s/charmcraft.yaml').read_text())
    assert CHANGES.keys() == craft['config']['options'].keys()
    content = [f'{key}={PLANTED}-given' for key in ('password', 'secret')]
    uri = plot.juju('add-secret', 'given', *content).strip()
    plot.juju('grant-secret', 'given', 'wordpress')
    given = json.loads(plot.juju('config', 'wordpress', '--format', 'json'))['settings']
    before = _read(plot)
    wrong: dict[str, set[str]] = {}
    for name, (value, files) in CHANGES.items():
        plot.configure({name: uri if value == 'secret' else value})
        plot.wait('blocked', 'waiting')
        if (changed := _differing(_read(plot), before)) != files:
            wrong[name] = changed
        if given[name].get('source') == 'user':
            plot.configure({name: given[name]['value']})
        else:
            plot.reset(name)
        plot.wait('blocked', 'waiting')
        if changed := _differing(_read(plot), before):
            wrong[f'{name} put back'] = changed
    took = [seconds for _, _, seconds in plot.hooks()]
    measured(f'14: {len(CHANGES)} options; {len(took)} hooks, longest {max(took):.1f} s')
    assert wrong == {}
    assert plot.said()[0] == 'active'


def _differing(now: dict[str, str], before: dict[str, str]) -> set[str]:
    return {name for name in now | before if now.get(name) != before.get(name)}


def _read(plot: Blog) -> dict[str, str]:
    lines = plot.inside(UNIT, 'wordpress', 'sh', given=READ).splitlines()
    found = {name.rpartition('/')[2]: digest for digest, name in (line.split(None, 1) for line in lines)}
    return {('plan' if name == '-' else name): digest for name, digest in found.items()}


def test_15_a_secret_without_grant_is_named_with_its_remedy(plot: Blog) -> None:
    """Test 15: an option that names a secret which was not granted says so; the grant alone mends it."""
    uri = plot.juju('add-secret', 'akismet', 'key=abc123').strip()
    plot.configure({'wp_plugin_akismet_key': uri})
    plot.wait_unit(UNIT, 'blocked')
    assert plot.said(UNIT)[1] == (
        'wp_plugin_akismet_key: cannot read the secret; juju grant-secret NAME wordpress'
    )
    plot.juju('grant-secret', 'akismet', 'wordpress')
    plot.reset('wp_plugin_akismet_key')
    plot.configure({'wp_plugin_akismet_key': uri})
    plot.wait_unit(UNIT, 'active')
    plot.reset('wp_plugin_akismet_key')


SECRETS = {
    'db_password_secret': 'the secret must hold the key "password"; juju update-secret NAME password=...',
    'admin_secret': 'holds no key "password"; juju update-secret NAME password=...',
    'oidc_client_secret': 'the secret must hold the key "secret"; juju update-secret NAME secret=...',
    'container_secrets_id': '',
}
"""The options that are secrets, and what is said of one with other keys; any key is a variable."""


def test_15_every_option_that_is_a_secret_says_what_it_lacks(plot: Blog) -> None:
    """Test 15: not granted, then granted but with other keys, then no secret at all: no value is repeated."""
    uri = plot.juju('add-secret', 'notes', f'one={PLANTED}-one', f'other={PLANTED}-other').strip()
    needs = {
        'db_host': 'mariadb',
        'db_user': 'wp',
        'oidc_issuer': 'https://id.example.com',
        'oidc_client_id': 'blog',
        'oidc_group_map': 'staff=editor',
    }
    plot.configure({**needs, **dict.fromkeys(SECRETS, uri)})
    plot.wait_unit(UNIT, 'blocked')
    said = plot.said(UNIT)[1]
    remedy = 'cannot read the secret; juju grant-secret NAME wordpress'
    assert [name for name in SECRETS if f'{name}: {remedy}' not in said] == []

    plot.juju('grant-secret', 'notes', 'wordpress')
    plot.configure({'workers': 5})
    plot.wait_unit(UNIT, 'blocked')
    said = plot.said(UNIT)[1]
    assert [name for name, text in SECRETS.items() if text and f'{name}: {text}' not in said] == []
    assert 'container_secrets_id' not in said
    assert PLANTED not in said

    for name in SECRETS:
        refused = plot.pocket('juju', 'config', 'wordpress', f'{name}=word', check=False)
        assert (refused.returncode != 0, name in refused.stderr) == (True, True), refused.stderr
    plot.reset(*SECRETS, *needs, 'workers')
    plot.wait_unit(UNIT, 'active')
    assert 'Traceback' not in plot.log()


def test_17_new_keys_end_all_sessions_and_no_request_fails(plot: Blog) -> None:
    """Test 17: within 10 s nobody is logged in on any unit, without a proxy too; readers notice nothing."""
    users = [plot.caller(unit).log_in('admin', f'{PLANTED}-admin') for unit in UNITS]
    took, count = trials.rotate_keys(plot, users, [plot.caller(unit) for unit in UNITS])
    measured(f'17: all sessions over after {took:.1f} s; {count} requests, none failed')
    assert took <= 10
