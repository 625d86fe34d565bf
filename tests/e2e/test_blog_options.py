"""A blog whose database comes late, and whose options are changed one after the other.

The numbers are those of the tests that the blog is accepted by; the long ones are in tests/accept/wordpress.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator

import pytest

from tests.blog import homes
from tests.blog.model import INITIALISED, Blog
from tests.blog.parts import measured
from tests.blog.visitors import HOST

AWKWARD = """a"b'c\\d$e/f&g`h%i#j\n\u00e9\U0001f600 """ + 'x' * 172 + 'z'
"""A password of 200 characters with all that shells, SQL, PHP and YAML read as something else."""
UNIT = 'wordpress/0'

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]


def _sql(text: str) -> str:
    return "'" + text.replace('\\', '\\\\').replace("'", "\\'") + "'"


def _settings(**more: object) -> str:
    wanted = {'user_name': 'editor', 'admin_email': 'me@example.com', 'admin_password': AWKWARD, **more}
    # JSON's way to escape emoji is not YAML's.
    return json.dumps(wanted, ensure_ascii=False)


@pytest.fixture(scope='module')
def plot(tmp_path_factory: pytest.TempPathFactory) -> Generator[Blog]:
    with homes.pocket(tmp_path_factory.mktemp('plot'), 'plot') as made:
        made.add_model()
        made.deploy_database()
        made.wait_unit('mariadb/0', 'active')
        made.sql(
            ''.join(f'CREATE DATABASE b{number};' for number in range(3))
            + f"CREATE USER 'wp'@'%' IDENTIFIED BY {_sql(AWKWARD)};GRANT ALL ON `b_`.* TO 'wp'@'%';"
        )
        yield made


def test_2_3_4_a_late_database_with_an_awkward_password_is_waited_for_outside_of_hooks(plot: Blog) -> None:
    """Tests 2, 3, 4: initialised 5 s after the database answers, no hook over 5 s, any password logs in."""
    plot.ssh('mariadb/0', '/charm/bin/pebble', 'stop', 'mariadb', container='mariadb')
    wanted = {
        'blog_hostname': HOST,
        'db_host': 'mariadb',
        'db_name': 'b0',
        'db_user': 'wp',
        'db_password': AWKWARD,
        'initial_settings': _settings(),
    }
    began = time.monotonic()
    plot.deploy(wanted, is_related=False)
    plot.wait_unit(UNIT, 'waiting')
    assert 'mariadb:3306' in plot.said(UNIT)[1]
    measured(f'pod up and waiting {time.monotonic() - began:.1f} s after deploy')
    began = time.monotonic()
    plot.ssh('mariadb/0', '/charm/bin/pebble', 'start', 'mariadb', container='mariadb')
    plot.wait_unit(UNIT, 'active')
    measured(f'active {time.monotonic() - began:.1f} s after the database was started')
    assert sum(line.endswith(INITIALISED) for line in plot.log().splitlines()) == 1
    longest = max(plot.hooks('wordpress'), key=lambda hook: hook[2])
    measured(f'longest hook: {longest[1]} {longest[2]:.1f} s')
    assert plot.caller().log_in('editor', AWKWARD).is_logged_in()


@pytest.mark.parametrize(
    ('number', 'given', 'is_public'),
    [(1, {'blog_public': 0}, False), (2, {}, True)],
)
def test_6_blog_public_means_what_it_says(
    plot: Blog, number: int, given: dict[str, object], is_public: bool
) -> None:
    """Test 6: the database and the page agree with blog_public; without it the blog is public."""
    plot.configure({'db_name': f'b{number}', 'initial_settings': _settings(**given)})
    plot.wait_unit(UNIT, 'active')
    stored = plot.sql(f"SELECT option_value FROM b{number}.wp_options WHERE option_name = 'blog_public'")
    answer = plot.caller().ask('GET', '/')
    assert (stored, answer.status) == ([['1' if is_public else '0']], 200)
    assert ('noindex' in answer.text) is not is_public


def test_12_a_site_of_somebody_else_is_kept(plot: Blog) -> None:
    """Test 12: nothing is installed over a site; its password is not known, but can be reset."""
    plot.sql(
        "UPDATE b0.wp_users SET user_login = 'owner'; UPDATE b0.wp_posts SET post_title = 'Kept' WHERE ID = 1"
    )
    plot.configure({'db_name': 'b0'})
    plot.wait_unit(UNIT, 'active')
    assert 'Kept' in plot.caller().ask('GET', '/').text
    refused = plot.pocket('juju', 'run', UNIT, 'get-initial-password', check=False)
    assert 'already installed' in refused.stderr + refused.stdout
    password = plot.action(UNIT, 'reset-admin-password', 'user=owner')['password']
    assert plot.caller().log_in('owner', password).is_logged_in()


BAD: dict[str, object] = {
    'image': 'two words',
    'ports': 'http:none',
    'tls_secret_name': 'Not A Name',
    'db_host': 'host:port:more',
    'db_name': 'a/b',
    'db_user': '\t',
    'container_config': 'TZ: Europe/Berlin imagePullPolicy: Always',
    'container_secrets': '[planted-in-secrets',
    'initial_settings': '{user_name: "a<b", admin_email: planted-mail, blog_public: perhaps}',
    'blog_hostname': 'https://blog/',
    'additional_hostnames': 'a b/c',
    'wp_plugin_akismet_key': 'planted key!',
    'wp_plugin_openid_team_map': 'staff=king',
    'openid_provider': 'ftp://id',
    'wp_plugin_openstack-objectstorage_config': '{password: planted-swift',
    'oidc_issuer': 'id.example.com',
    'oidc_group_map': 'staff',
    'plugins': '../x',
    'themes': 'No Theme',
    'upload_max_filesize': 'big',
    'post_max_size': '1X',
    'memory_limit': '-2',
    'max_execution_time': -1,
    'max_input_time': -2,
    'allow_egress': 'https://api/',
    'wp_config_extra': 'lower: 1',
    'trusted_proxies': '10.0.0.0/99',
    'workers': 0,
    'cron_interval': 1,
    'health_check_timeout_seconds': 0,
}


def test_15_16_bad_values_are_named_and_the_site_goes_on(plot: Blog) -> None:
    """Tests 15, 16: one bad value in every option leads to Blocked with all names, and to no hook error."""
    before = json.loads(plot.juju('config', 'wordpress', '--format', 'json'))['settings']
    plot.configure(BAD)
    plot.wait_unit(UNIT, 'blocked')
    said = plot.said(UNIT)[1]
    assert [name for name in BAD if f'{name}: ' not in said] == []
    # The line that the first users of this charm were shown is no YAML.
    assert 'container_config: not valid YAML at line 1, column 34' in said
    assert 'planted' not in said
    assert plot.caller().ask('GET', '/').status == 200
    given = {name: before[name]['value'] for name in BAD if before[name].get('source') == 'user'}
    plot.reset(*(name for name in BAD if name not in given))
    plot.configure(given)
    plot.wait_unit(UNIT, 'active')
    assert 'Traceback' not in plot.log()


CHANGES: dict[str, object] = {
    'wp_plugin_akismet_key': 'planted0akismet',
    'container_config': '{TZ: Europe/Berlin}',
    'upload_max_filesize': '4M',
    'wp_config_extra': '{WP_POST_REVISIONS: 5}',
    'workers': 4,
}


def test_5_14_options_go_and_come_back_and_leak_nothing(plot: Blog) -> None:
    """Tests 5, 14: what was put back is as before; no secret is in logs, status or relations."""
    read = ['sh', '-c', '"cd /run/wordpress && sha256sum site.json apache/* php/* && /charm/bin/pebble plan"']
    before = plot.ssh(UNIT, *read, container='wordpress')
    for name, value in CHANGES.items():
        plot.configure({name: value})
    plot.wait_unit(UNIT, 'active')
    assert plot.ssh(UNIT, *read, container='wordpress') != before
    plot.reset(*CHANGES)
    plot.wait_unit(UNIT, 'active')
    assert plot.ssh(UNIT, *read, container='wordpress') == before
    shown = plot.log() + json.dumps(plot.status()) + plot.juju('show-unit', UNIT)
    assert [one for one in ('planted', AWKWARD[:12], AWKWARD[-40:]) if one in shown] == []


def test_13_the_database_can_come_by_a_relation_and_go(plot: Blog) -> None:
    """Test 13: the database changes within seconds, and Apache is never restarted for it."""
    started = plot.ssh(UNIT, '/charm/bin/pebble', 'services', '--abs-time', 'apache', container='wordpress')
    for command, end in (
        (('integrate', 'wordpress:database', 'mariadb'), 'there is a database relation'),
        (('remove-relation', 'wordpress', 'mariadb'), 'no TLS'),
    ):
        began = time.monotonic()
        plot.juju(*command)
        plot.wait_message(UNIT, f'endsWith(M, "{end}")')
        measured(f'{command[0]}: {time.monotonic() - began:.1f} s')
    assert started == plot.ssh(
        UNIT, '/charm/bin/pebble', 'services', '--abs-time', 'apache', container='wordpress'
    )


def test_21_a_second_unit_needs_object_storage_or_a_word(plot: Blog) -> None:
    """Test 21: without object storage a second unit refuses with the reason; an option lets it serve."""
    plot.juju('add-unit', 'wordpress')
    plot.wait_unit('wordpress/1', 'blocked')
    assert 'allow_local_uploads=true' in plot.said('wordpress/1')[1]
    plot.configure({'allow_local_uploads': True})
    plot.wait_unit('wordpress/1', 'active')
    assert plot.caller('wordpress/1').ask('GET', '/').status == 200
