"""What other applications write into their bags, and what is written into ours."""

from __future__ import annotations

import base64
import dataclasses
import json
import lzma
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import database
import objectstore
import ops
import pytest
from kit import Context, MakeState, peer_data, service_and_pod, site
from ops import testing

USER = {'username': 'relation-5', 'password': 'planted\'"\\$'}
TLS = {'tls': 'True', 'tls-ca': 'PEM'}


def ready(context: Context, state: testing.State) -> testing.State:
    return context.run(context.on.pebble_ready(state.get_container('wordpress')), state)


def mysql(**bag: str) -> testing.Relation:
    return testing.Relation('database', interface='mysql_client', remote_app_data=bag)


@pytest.mark.parametrize(
    ('bag', 'expected'),
    [
        ({'endpoints': 'db:3306', **USER, 'database': 'wp'}, ('db', 3306, 'wp', False)),
        ({'endpoints': 'a:3307,b:3307', **USER, 'version': '8.0.34'}, ('a', 3307, 'wordpress', False)),
        ({'endpoints': 'db', **USER}, ('db', 3306, 'wordpress', False)),
        ({'endpoints': '[fd00::1]:3306', **USER}, ('fd00::1', 3306, 'wordpress', False)),
        ({'endpoints': 'db:3306', **USER, **TLS}, ('db', 3306, 'wordpress', True)),
        ({'endpoints': 'db:3306', **USER, 'tls': 'False'}, ('db', 3306, 'wordpress', False)),
    ],
)
def test_plain_answers_of_databases(bag: Mapping[str, str], expected: tuple[object, ...]) -> None:
    found = database.understood(bag, name='wordpress')
    assert found is not None
    assert (found.host, found.port, found.name, found.tls) == expected
    assert found.password == USER['password']


@pytest.mark.parametrize('missing', ['endpoints', 'username', 'password'])
def test_half_an_answer_is_none(missing: str) -> None:
    bag = {'endpoints': 'db:3306', **USER}
    del bag[missing]
    assert database.understood(bag, name='wordpress') is None


def secrets_of_provider(relation: testing.Relation) -> list[testing.Secret]:
    return [
        testing.Secret(USER, id='secret:d38ilrn8ii5fecbr6ks0'),
        testing.Secret(TLS, id='secret:d38ilrn8ii5fecbr6ks1'),
    ]


@pytest.mark.parametrize(
    'bag',
    [
        {
            'endpoints': 'db:3306',
            'database': 'wp',
            'secret-user': 'secret:d38ilrn8ii5fecbr6ks0',
            'secret-tls': 'secret:d38ilrn8ii5fecbr6ks1',
            'data': '{}',
        },
        {
            'version': 'v1',
            'requests': json.dumps(
                [
                    {
                        'resource': 'wp',
                        'request-id': '0123456789abcdef',
                        'salt': 'abcdefgh',
                        'endpoints': 'db:3306',
                        'secret-user': 'secret:d38ilrn8ii5fecbr6ks0',
                        'secret-tls': 'secret:d38ilrn8ii5fecbr6ks1',
                    }
                ]
            ),
        },
    ],
    ids=['first generation', 'second generation'],
)
def test_credentials_in_secrets(context: Context, state: MakeState, image: Path, bag: dict[str, str]) -> None:
    relation = mysql(**bag)
    start = state(relation, has_database=False)
    given = dataclasses.replace(start, secrets=[*start.secrets, *secrets_of_provider(relation)])
    out = ready(context, given)
    assert isinstance(out.unit_status, ops.ActiveStatus)
    found = site(image)['database']
    assert found == {
        'host': 'db',
        'port': 3306,
        'socket': '',
        'name': 'wp',
        'user': USER['username'],
        'password': USER['password'],
        'tls': True,
        'ca': 'PEM',
    }
    asked_for = out.get_relation(relation.id).local_app_data
    assert asked_for['database'] == 'wordpress-k8s'
    assert 'username' in json.loads(asked_for['requested-secrets'])


@pytest.mark.parametrize(
    ('before', 'option', 'asked'),
    [
        ({}, '', 'wordpress-k8s'),
        ({}, 'posts', 'posts'),
        ({'database': 'wordpress'}, '', 'wordpress'),
        ({'database': 'wordpress'}, 'posts', 'posts'),
        ({'database': 'posts', 'own-database': 'wordpress-k8s'}, '', 'wordpress-k8s'),
        ({'database': 'posts', 'own-database': 'wordpress'}, '', 'wordpress'),
    ],
)
def test_every_blog_asks_for_a_database_of_its_own_and_keeps_it(
    context: Context, state: MakeState, before: dict[str, str], option: str, asked: str
) -> None:
    relation = dataclasses.replace(mysql(), local_app_data=before)
    out = ready(context, state(relation, has_database=False, config={'db_name': option}))
    assert out.get_relation(relation.id).local_app_data['database'] == asked


def test_a_relation_without_credentials_is_waited_for(context: Context, state: MakeState) -> None:
    out = ready(context, state(mysql(), has_database=False))
    assert out.unit_status == ops.WaitingStatus('database: the relation has given no credentials yet')


def test_the_relation_comes_before_options_and_says_so(
    context: Context, state: MakeState, image: Path
) -> None:
    out = ready(context, state(mysql(endpoints='other:3306', **USER)))
    assert site(image)['database']['host'] == 'other'
    assert 'db_host is not used' in out.unit_status.message


def test_a_database_goes_and_comes_back(context: Context, state: MakeState, image: Path) -> None:
    relation = mysql(endpoints='db:3306', **USER)
    out = ready(context, state(relation, has_database=False))
    out = context.run(context.on.relation_broken(out.get_relation(relation.id)), out)
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert not (image / 'run/site.json').exists()
    assert 'installed' not in peer_data(out)
    services = out.get_container('wordpress').service_statuses
    assert services['cron'] is ops.pebble.ServiceStatus.INACTIVE
    # Apache stays up and says 503, so that nothing restarts the container.
    assert services['apache'] is ops.pebble.ServiceStatus.ACTIVE
    again = mysql(endpoints='new:3306', **USER)
    peers = next(iter(out.get_relations('replicas')))
    back = dataclasses.replace(out, relations=[peers, again])
    out = context.run(context.on.relation_changed(again, remote_unit=0), back)
    assert isinstance(out.unit_status, ops.ActiveStatus)
    assert peer_data(out)['installed'] == 'new:3306/wordpress-k8s'


def test_s3_serves_uploads_of_several_units(context: Context, state: MakeState, image: Path) -> None:
    bag = {
        'bucket': 'blog',
        'access-key': 'AK',
        'secret-key': 'planted',
        'endpoint': 'https://s3.example.com/',
        'path': '/wp',
        'tls-ca-chain': '["PEM"]',
    }
    ready(context, state(testing.Relation('s3-credentials', remote_app_data=bag)))
    assert site(image)['object_storage'] == {
        'kind': 's3',
        'bucket': 'blog',
        'access_key': 'AK',
        'secret_key': 'planted',
        'endpoint': 'https://s3.example.com',
        'region': 'us-east-1',
        'path_style': True,
        'prefix': 'wp/wp-content/uploads/',
        'ca': 'PEM',
    }


def test_half_of_s3_is_nothing() -> None:
    assert objectstore.understood({'bucket': 'b', 'access-key': 'a'}) is None


def test_swift_is_proxied_by_apache(context: Context, state: MakeState, image: Path) -> None:
    from test_config import SEED_SWIFT, SWIFT

    ready(context, state(config={SWIFT: SEED_SWIFT}))
    found = site(image)['object_storage']
    assert (found['kind'], found['serve'], found['container']) == ('swift', 'proxy', 'blog')
    address = 'https://swift.example.com/v1/AUTH_x/blog/wp-content/uploads/'
    assert f'Define UPLOADS_PROXY {address}\n' in (image / 'run/apache/charm.conf').read_text()


@pytest.mark.parametrize(
    ('endpoint', 'app', 'unit', 'key', 'expected'),
    [
        (
            'redis',
            {'leader-host': 'redis-0'},
            {'hostname': '10.0.0.9', 'port': '6379'},
            'redis',
            {'host': 'redis-0', 'port': 6379, 'password': ''},
        ),
        (
            'redis',
            {},
            {'hostname': '10.0.0.9', 'port': '6380', 'password': 'x'},
            'redis',
            {'host': '10.0.0.9', 'port': 6380, 'password': 'x'},
        ),
        (
            'smtp',
            {'host': 'mx', 'port': '587', 'user': 'u', 'password': 'p', 'transport_security': 'starttls'},
            {},
            'smtp',
            {
                'host': 'mx',
                'port': 587,
                'user': 'u',
                'password': 'p',
                'from': 'wordpress@wordpress-k8s',
                'tls': 'starttls',
            },
        ),
        (
            'smtp',
            {'host': 'mx', 'port': '25', 'auth_type': 'none', 'domain': 'example.com'},
            {},
            'smtp',
            {
                'host': 'mx',
                'port': 25,
                'user': '',
                'password': '',
                'from': 'wordpress@example.com',
                'tls': 'none',
            },
        ),
    ],
)
def test_helpers_are_used(
    context: Context,
    state: MakeState,
    image: Path,
    endpoint: str,
    app: dict[str, str],
    unit: dict[str, str],
    key: str,
    expected: Mapping[str, object],
) -> None:
    ready(context, state(testing.Relation(endpoint, remote_app_data=app, remote_units_data={0: unit})))
    assert site(image)[key] == expected


def test_a_mail_password_in_a_secret(context: Context, state: MakeState, image: Path) -> None:
    secret = testing.Secret({'password': 'hidden'}, id='secret:d38ilrn8ii5fecbr6ks0')
    bag = {'host': 'mx', 'port': '465', 'user': 'u', 'password_id': secret.id, 'transport_security': 'tls'}
    start = state(testing.Relation('smtp', remote_app_data=bag))
    ready(context, dataclasses.replace(start, secrets=[*start.secrets, secret]))
    assert (site(image)['smtp']['password'], site(image)['smtp']['tls']) == ('hidden', 'tls')


def test_logins_by_a_provider(context: Context, state: MakeState, image: Path) -> None:
    secret = testing.Secret({'secret': 'hidden'}, id='secret:d38ilrn8ii5fecbr6ks0')
    bag = {
        'issuer_url': 'https://id.example.com',
        'client_id': 'blog',
        'client_secret_id': secret.id,
        'token_endpoint': 'https://id.example.com/token',
    }
    relation = testing.Relation('oauth', remote_app_data=bag)
    start = state(relation, config={'blog_hostname': 'b.example.com', 'oidc_group_map': 'staff=editor'})
    out = ready(context, dataclasses.replace(start, secrets=[*start.secrets, secret]))
    assert site(image)['sso'] == {
        'oidc': {
            'issuer': 'https://id.example.com',
            'client_id': 'blog',
            'client_secret': 'hidden',
            'group_map': {'staff': 'editor'},
        }
    }
    published = out.get_relation(relation.id).local_app_data
    assert published['redirect_uri'] == 'http://b.example.com:8080/-/sso/oidc/callback'
    assert json.loads(published['grant_types']) == ['authorization_code']


def test_logins_by_teams(context: Context, state: MakeState, image: Path) -> None:
    ready(context, state(config={'wp_plugin_openid_team_map': 'ops=administrator,*=subscriber'}))
    assert site(image)['sso'] == {
        'openid': {
            'provider': 'https://login.launchpad.net/',
            'team_map': {'ops': 'administrator', '*': 'subscriber'},
        }
    }


def test_log_lines_go_to_the_store_until_the_relation_ends(context: Context, state: MakeState) -> None:
    address = 'http://10.0.0.3:3100/loki/api/v1/push'
    relation = testing.Relation('logging', remote_units_data={0: {'endpoint': json.dumps({'url': address})}})
    out = ready(context, state(relation))
    (target,) = out.get_container('wordpress').plan.log_targets.values()
    assert (target.type, target.location, target.services) == ('loki', address, ['all'])
    assert target.labels is not None
    assert target.labels['juju_unit'] == 'wordpress-k8s/0'
    out = context.run(context.on.relation_broken(out.get_relation(relation.id)), out)
    (target,) = out.get_container('wordpress').plan.log_targets.values()
    assert target.services == ['-all']


SCRAPED = {
    'prometheus_scrape_unit_name': 'wordpress-k8s/0',
    'prometheus_scrape_unit_address': '10.1.0.5',
}


def test_metrics_and_dashboard_are_offered(context: Context, state: MakeState) -> None:
    metrics, dashboard = testing.Relation('metrics-endpoint'), testing.Relation('grafana-dashboard')
    out = ready(context, state(metrics, dashboard, networks={service_and_pod('metrics-endpoint')}))
    told = out.get_relation(metrics.id)
    bag = told.local_app_data
    (job,) = json.loads(bag['scrape_jobs'])
    assert job['static_configs'] == [{'targets': ['*:9117']}]
    assert json.loads(bag['scrape_metadata'])['application'] == 'wordpress-k8s'
    unit = cast('testing.Relation', told).local_unit_data
    # By the service's address some unit would answer, and be counted as this one.
    assert unit == {**unit, **SCRAPED}
    (group,) = json.loads(bag['alert_rules'])['groups']
    assert all('%%' not in rule['expr'] and rule['labels']['severity'] for rule in group['rules'])
    written = json.loads(out.get_relation(dashboard.id).local_app_data['dashboards'])
    (template,) = written['templates'].values()
    text = lzma.decompress(base64.b64decode(template['content'])).decode()
    assert cast('dict[str, Any]', json.loads(text))['title'] == 'WordPress'
    again = context.run(context.on.update_status(), out)
    assert again.get_relation(dashboard.id).local_app_data == out.get_relation(dashboard.id).local_app_data


@pytest.mark.parametrize(
    'broken', ['database', 'redis', 's3-credentials', 'oauth', 'smtp', 'logging', 'ingress']
)
def test_nonsense_in_a_bag_is_no_hook_error(context: Context, state: MakeState, broken: str) -> None:
    bag = {
        'endpoints': ':x',
        'requests': '{"a": [',
        'endpoint': '[1]',
        'ingress': '[]',
        'port': 'x',
        'host': 'y',
        'tls-ca-chain': '{',
        'secret-user': 'secret:gone',
        'client_secret_id': 'secret:gone',
        'issuer_url': 'x',
    }
    relation = testing.Relation(broken, remote_app_data=bag, remote_units_data={0: bag})
    out = ready(context, state(relation))
    assert out.unit_status.name in ('active', 'waiting')
