"""Options: what is understood, and that a bad value is refused by name, with a remedy and without an echo."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import config
import ops
import pytest
from kit import Context, MakeState, craft
from ops import testing

PLANTED = 'pl4nted'
SWIFT = 'wp_plugin_openstack-objectstorage_config'
SEED_SWIFT = f"""
auth-url: https://swift.example.com/v3
bucket: blog
password: {PLANTED}
prefix: wp-content/uploads/
region: region1
tenant: blog
url: https://swift.example.com/v1/AUTH_x
username: blog
copy-to-swift: 1
serve-from-swift: 1
remove-local-file: 0
"""


def defaults() -> dict[str, object]:
    options = craft()['config']['options']
    return {name: option['default'] for name, option in options.items() if 'default' in option}


Secrets = Mapping[str, Mapping[str, str]]


def load(**given: object) -> config.Config:
    return load_with({}, **given)


def load_with(secrets: Secrets, **given: object) -> config.Config:
    def secret(uri: str) -> Mapping[str, str]:
        if uri not in secrets:
            raise config.SecretFault
        return secrets[uri]

    named = {SWIFT if name == 'swift' else name: value for name, value in given.items()}
    return config.load({**defaults(), **named}, app='blog', secret=secret)


def faults(**given: object) -> tuple[str, ...]:
    with pytest.raises(config.ConfigFaults) as caught:
        load(**given)
    return caught.value.faults


def test_every_option_has_a_default_that_works_or_is_a_secret() -> None:
    options = craft()['config']['options']
    assert {name for name, option in options.items() if 'default' not in option} == {
        name for name, option in options.items() if option['type'] == 'secret'
    }
    found = load()
    assert (found.hostname, found.database, found.http_port) == ('blog', None, 8080)
    assert found.initial == config.InitialSettings(
        user='admin', email='devnull@example.com', password=None, title='blog', public=True
    )


@pytest.mark.parametrize(
    ('name', 'value', 'field', 'understood'),
    [
        ('ports', 'http:80', 'http_port', 80),
        ('ports', 'http:8081 https:8444', 'https_port', 8444),
        ('ports', '', 'http_port', 8080),
        ('blog_hostname', 'Blog.Example.com.', 'hostname', 'blog.example.com'),
        (
            'additional_hostnames',
            'a.example.com, b.example.com',
            'more_hostnames',
            ('a.example.com', 'b.example.com'),
        ),
        ('wp_plugin_openid_team_map', 'a=editor, b=author', 'openid_teams', {'a': 'editor', 'b': 'author'}),
        ('wp_plugin_openid_team_map', '*=subscriber', 'openid_teams', {'*': 'subscriber'}),
        ('plugins', 'akismet\nother', 'plugins', (config.Addon('akismet'), config.Addon('other'))),
        ('plugins', 'shop:1.2-rc1,shop:1.2-rc1', 'plugins', (config.Addon('shop', '1.2-rc1'),)),
        ('allow_downloads', True, 'allow_downloads', True),
        ('allow_egress', 'api.example.com,*.example.org', 'egress', ('api.example.com', '*.example.org')),
        ('container_config', 'A: 1\nB: true\nC: x', 'environment', {'A': '1', 'B': 'true', 'C': 'x'}),
        ('container_config', '{A: b}', 'environment', {'A': 'b'}),
        ('container_config', 'imagePullPolicy: Always', 'has_pull_policy', True),
        ('container_secrets', 'TOKEN: x', 'environment', {'TOKEN': 'x'}),
        ('wp_config_extra', '{WP_POST_REVISIONS: 5}', 'constants', {'WP_POST_REVISIONS': 5}),
        ('trusted_proxies', '10.1.2.3/8', 'trusted_proxies', ('10.0.0.0/8',)),
        ('swift', '', 'swift', None),
    ],
)
def test_values_are_understood(name: str, value: object, field: str, understood: object) -> None:
    assert getattr(load(**{name: value}), field) == understood


@pytest.mark.parametrize(
    ('value', 'host', 'port', 'socket'),
    [
        ('10.0.0.1', '10.0.0.1', 3306, ''),
        ('db.example.com:13306', 'db.example.com', 13306, ''),
        ('[fd00::1]:3307', 'fd00::1', 3307, ''),
        ('fd00::1', 'fd00::1', 3306, ''),
        ('unix:/run/mysqld/mysqld.sock', '', 3306, '/run/mysqld/mysqld.sock'),
    ],
)
def test_a_database_can_be_anywhere(value: str, host: str, port: int, socket: str) -> None:
    found = load(db_host=value).database
    assert found is not None
    assert (found.host, found.port, found.socket) == (host, port, socket)


@pytest.mark.parametrize('password', ['\'"\\$/&', 'a\nb', 'p😀', 'x' * 200, ' '])
def test_passwords_are_taken_as_they_are(password: str) -> None:
    found = load(db_host='db', db_password=password).database
    assert found is not None
    assert found.password == password


@pytest.mark.parametrize(
    ('value', 'public'),
    [
        ('true', True),
        ('false', False),
        ('1', True),
        ('0', False),
        ('yes', True),
        ("'no'", False),
        ('checked', True),
    ],
)
def test_blog_public_means_what_it_says(value: str, public: bool) -> None:
    assert load(initial_settings=f'blog_public: {value}').initial.public is public


def test_all_keys_of_initial_settings_count() -> None:
    text = 'user_name: joe\nadmin_email: joe@example.com\nadmin_password: 12345\nweblog_title: "My: blog"'
    assert load(initial_settings=text).initial == config.InitialSettings(
        user='joe', email='joe@example.com', password='12345', title='My: blog', public=True
    )


@pytest.mark.parametrize(
    'text',
    [
        SEED_SWIFT,
        SEED_SWIFT.replace('\nurl:', '\nswift-url:').replace('\nprefix:', '\nobject-prefix:'),
    ],
)
def test_both_generations_of_swift_keys_are_understood(text: str) -> None:
    found = load(swift=text).swift
    assert found is not None
    assert (found.container, found.prefix) == ('blog', 'wp-content/uploads/')
    assert found.url == 'https://swift.example.com/v1/AUTH_x'
    assert (found.copy, found.serve, found.remove_local) == (True, True, False)


def test_secrets_can_be_named_instead_of_told() -> None:
    secrets = {
        'secret:db': {'password': 'x'},
        'secret:ak': {'key': 'abcd'},
        'secret:env': {'api-key': 'y'},
        'secret:adm': {'password': 'z', 'username': 'joe'},
        'secret:sw': {'auth-url': 'https://k/v3', 'bucket': 'b', 'username': 'u', 'password': 'p'},
        'secret:oidc': {'secret': 's'},
    }
    found = load_with(
        secrets,
        db_host='db',
        db_password_secret='secret:db',
        wp_plugin_akismet_key='secret:ak',
        container_secrets_id='secret:env',
        admin_secret='secret:adm',
        swift='secret:sw',
        oidc_issuer='https://id.example.com',
        oidc_client_id='blog',
        oidc_client_secret='secret:oidc',
        oidc_group_map='staff=editor',
    )
    assert found.database is not None
    assert found.database.password == 'x'
    assert found.akismet_key == 'abcd'
    assert found.environment == {'API_KEY': 'y'}
    assert (found.initial.user, found.initial.password) == ('joe', 'z')
    assert found.swift is not None
    assert found.oidc is not None
    assert found.oidc.client_secret == 's'


# Each value is bad in its own way, and where the option is a secret it holds the planted word.
BAD: list[tuple[str, object]] = [
    ('image', 'two words'),
    ('image_user', 'me'),
    ('image_pass', PLANTED),
    ('ports', 'http'),
    ('ports', 'http:99999'),
    ('ports', 'ftp:21'),
    ('ports', 'http:9117'),
    ('ports', 'http:80 https:80'),
    ('ports', 'http:²'),
    ('tls_secret_name', 'Not_A_Name'),
    ('db_host', 'http://db'),
    ('db_host', 'db:99999'),
    ('db_host', 'db db'),
    ('db_name', 'a/b'),
    ('db_user', ''),
    ('db_password_secret', 'secret:nowhere'),
    ('container_config', 'foo: bar baz: qux'),
    ('container_config', '- a\n- b'),
    ('container_config', 'A: [1]'),
    ('container_config', '1bad: x'),
    ('container_secrets', f'A: b c: {PLANTED}'),
    ('container_secrets', f'A: *{PLANTED}'),
    ('container_secrets', f'A: !{PLANTED} x'),
    ('container_secrets', f'A: @{PLANTED}'),
    ('container_secrets', PLANTED),
    ('container_secrets_id', 'secret:nowhere'),
    ('initial_settings', f'admin_password: {PLANTED}: x'),
    ('initial_settings', f'{PLANTED}: x'),
    ('initial_settings', PLANTED),
    ('initial_settings', 'user_name: "a/b"'),
    ('initial_settings', 'admin_email: nobody'),
    ('initial_settings', 'blog_public: perhaps'),
    ('initial_settings', f'admin_password: [{PLANTED}]'),
    ('initial_settings', 'admin_password: ""'),
    ('admin_secret', 'secret:nowhere'),
    ('blog_hostname', 'https://blog.example.com'),
    ('blog_hostname', 'blog example'),
    ('blog_hostname', 'blög.example.com'),
    ('blog_hostname', 'blog-.example.com'),
    ('blog_hostname', '::1'),
    ('additional_hostnames', 'a/b'),
    ('wp_plugin_akismet_key', f'{PLANTED}/{PLANTED}'),
    ('wp_plugin_akismet_key', 'secret:nowhere'),
    ('wp_plugin_openid_team_map', 'team'),
    ('wp_plugin_openid_team_map', 'team=emperor'),
    ('openid_provider', 'login.example.com'),
    (SWIFT, f'password: {PLANTED}'),
    (SWIFT, f'a: b: {PLANTED}'),
    (SWIFT, 'secret:nowhere'),
    (SWIFT, SEED_SWIFT.replace('https:', 'ftp:')),
    (SWIFT, SEED_SWIFT.replace('copy-to-swift: 1', 'copy-to-swift: perhaps')),
    ('oidc_issuer', 'id.example.com'),
    ('oidc_group_map', 'staff=emperor'),
    ('plugins', '../../etc'),
    ('plugins', 'shop:../1'),
    ('plugins', 'shop:'),
    ('plugins', 'shop:1.0 shop:1.1'),
    ('themes', 'A Theme'),
    ('upload_max_filesize', '64 MB'),
    ('post_max_size', 'much'),
    ('post_max_size', '1M'),
    ('memory_limit', '-2'),
    ('max_execution_time', -1),
    ('max_input_time', -2),
    ('allow_egress', 'https://x'),
    ('wp_config_extra', "define('A', 1);"),
    ('wp_config_extra', 'a-b: 1'),
    ('wp_config_extra', '{DB_NAME: other}'),
    ('wp_config_extra', 'A: [1]'),
    ('trusted_proxies', '10.0.0.0/99'),
    ('workers', 0),
    ('cron_interval', 1),
    ('health_check_timeout_seconds', 0),
]


@pytest.mark.parametrize(('name', 'value'), BAD)
def test_a_bad_value_is_refused_by_name_without_an_echo(name: str, value: object) -> None:
    found = faults(**{'db_host': 'db', name: value})
    assert any(fault.startswith(f'{name}: ') for fault in found)
    assert PLANTED not in ' '.join(found)
    assert all(len(fault) > len(name) + 15 for fault in found)


def test_every_option_that_can_be_bad_is_tried() -> None:
    flags = {name for name, option in craft()['config']['options'].items() if option['type'] == 'boolean'}
    # These two take any text; oidc's is only read with an issuer.
    assert craft()['config']['options'].keys() - flags - {name for name, _ in BAD} == {
        'db_password',
        'oidc_client_id',
        'oidc_client_secret',
    }


def test_a_login_provider_needs_all_its_parts() -> None:
    found = faults(oidc_issuer='https://id.example.com', oidc_client_secret='secret:nowhere')
    assert {fault.partition(':')[0] for fault in found} == {
        'oidc_client_id',
        'oidc_client_secret',
        'oidc_group_map',
    }


def test_yaml_that_cannot_be_read_is_located() -> None:
    (fault,) = faults(container_config='foo: bar baz: qux')
    assert fault.startswith('container_config: not valid YAML at line 1, column 13')


def test_all_problems_are_told_together(context: Context, state: MakeState) -> None:
    out = context.run(context.on.config_changed(), state(config={'ports': 'x', 'blog_hostname': 'a b'}))
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert 'ports: ' in out.unit_status.message
    assert 'blog_hostname: ' in out.unit_status.message


@pytest.mark.parametrize(('name', 'value'), dict(BAD).items())
def test_a_bad_value_is_never_a_hook_error(
    context: Context, state: MakeState, name: str, value: object
) -> None:
    if value == 'secret:nowhere':
        value = 'secret:d38ilrn8ii5fecbr6ks0'
    out = context.run(context.on.config_changed(), state(config={name: value}))
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert f'{name}: ' in out.unit_status.message
    assert PLANTED not in out.unit_status.message
    assert not [line for line in context.juju_log if PLANTED in line.message]


def test_a_secret_of_the_user_is_read(context: Context, state: MakeState) -> None:
    secret = testing.Secret({'password': 'granted'}, id='secret:d38ilrn8ii5fecbr6ks0')
    start = state(config={'db_password_secret': secret.id})
    out = context.run(
        context.on.config_changed(), dataclasses.replace(start, secrets=[*start.secrets, secret])
    )
    assert isinstance(out.unit_status, ops.ActiveStatus)
