"""What the charm keeps in the cluster, tells the other side, and says when it cannot."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import charm
import kube
import ops
import pytest
import yaml
from kit import INGRESSES, SECRETS, Api
from ops import testing

CHARM = Path(__file__).parents[2]
HOST = 'blog.example.com'
ROUTE = {'service-hostname': HOST, 'service-name': 'wp', 'service-namespace': 'blog', 'service-port': '8080'}
ASKED = {'model': '"blog"', 'name': '"wp"', 'port': '8080', 'strip-prefix': 'true', 'scheme': '"http"'}
Context = testing.Context[charm.IngressIntegratorCharm]


@pytest.fixture
def context() -> Context:
    craft = cast('dict[str, Any]', yaml.safe_load((CHARM / 'charmcraft.yaml').read_text()))
    meta = {key: craft[key] for key in ('name', 'provides')}
    return testing.Context(
        charm.IngressIntegratorCharm, meta=meta, config=craft['config'], app_name='door', charm_root=CHARM
    )


def nginx(bag: Mapping[str, str] = ROUTE, **more: Any) -> testing.Relation:
    given: dict[str, Any] = {'id': 3, 'remote_app_name': 'wp', 'remote_app_data': dict(bag), **more}
    return testing.Relation('nginx-route', **given)


def ingress(bag: Mapping[str, str] = ASKED, **more: Any) -> testing.Relation:
    given: dict[str, Any] = {'id': 4, 'remote_app_name': 'wp', 'remote_app_data': dict(bag), **more}
    return testing.Relation('ingress', **given)


def state(*relations: testing.RelationBase, **more: Any) -> testing.State:
    model = testing.Model('blog', type='kubernetes')
    given: dict[str, Any] = {'leader': True, 'relations': relations, 'model': model, **more}
    return testing.State(**given)


def test_a_route_becomes_an_ingress_and_goes_with_its_relation(context: Context, api: type[Api]) -> None:
    relation = nginx({**ROUTE, 'additional-hostnames': 'www.example.com', 'max-body-size': '10'})
    out = context.run(context.on.relation_changed(relation), state(relation))
    assert out.unit_status == ops.ActiveStatus(f'http://{HOST}')
    made = api.objects[f'{INGRESSES}/door-relation-3']
    assert made['metadata']['labels'] == {
        'app.kubernetes.io/managed-by': 'ingress-integrator-k8s',
        'app.kubernetes.io/instance': 'door',
        'app.kubernetes.io/name': 'wp',
    }
    assert made['metadata']['annotations'] == {'nginx.ingress.kubernetes.io/proxy-body-size': '10m'}
    assert [rule['host'] for rule in made['spec']['rules']] == [HOST, 'www.example.com']
    backend = {'service': {'name': 'wp', 'port': {'number': 8080}}}
    assert made['spec']['rules'][0]['http']['paths'] == [
        {'path': '/', 'pathType': 'Prefix', 'backend': backend}
    ]
    assert 'tls' not in made['spec']
    # When nothing changed, one question is all.
    api.calls.clear()
    out = context.run(context.on.update_status(), out)
    assert api.calls == ['GET ingresses']
    out = context.run(context.on.relation_broken(out.get_relation(3)), out)
    assert api.objects == {}
    assert isinstance(out.unit_status, ops.BlockedStatus)


@pytest.mark.parametrize(
    ('config', 'url'),
    [
        ({}, 'http://wp'),
        ({'service-hostname': HOST}, f'http://{HOST}'),
        ({'service-hostname': HOST, 'tls-secret-name': 'blog-tls'}, f'https://{HOST}'),
    ],
)
def test_the_other_side_of_ingress_hears_its_address(
    context: Context, api: type[Api], config: dict[str, Any], url: str
) -> None:
    api.objects[f'{SECRETS}/blog-tls'] = {'metadata': {}}
    relation = ingress()
    out = context.run(context.on.relation_changed(relation), state(relation, config=config))
    assert json.loads(out.get_relation(4).local_app_data['ingress']) == {'url': url}
    assert out.unit_status == ops.ActiveStatus(url)


@pytest.mark.parametrize(
    ('asked', 'annotation'),
    [({}, None), ({'redirect-https': 'true'}, None), ({'redirect-https': 'false'}, 'false')],
)
def test_http_leads_to_https_unless_the_application_does_not_want_it(
    context: Context, api: type[Api], asked: dict[str, str], annotation: str | None
) -> None:
    api.objects[f'{SECRETS}/blog-tls'] = {'metadata': {}}
    relation = ingress({**ASKED, **asked})
    context.run(context.on.config_changed(), state(relation, config={'tls-secret-name': 'blog-tls'}))
    metadata = api.objects[f'{INGRESSES}/door-relation-4']['metadata']
    annotations: dict[str, str] = metadata.get('annotations') or {}
    assert annotations.get('nginx.ingress.kubernetes.io/ssl-redirect') == annotation


def test_options_come_before_what_is_asked_for(context: Context, api: type[Api]) -> None:
    api.objects[f'{SECRETS}/own-tls'] = {'metadata': {}}
    config = {
        'service-hostname': 'own.example.com',
        'tls-secret-name': 'own-tls',
        'path-routes': '/blog, /media',
        'max-body-size': 7,
        'ingress-class': 'nginx',
    }
    relation = nginx({**ROUTE, 'tls-secret-name': 'other', 'path-routes': '/', 'max-body-size': '1'})
    out = context.run(context.on.config_changed(), state(relation, config=config))
    assert out.unit_status == ops.ActiveStatus('https://own.example.com/blog')
    made = api.objects[f'{INGRESSES}/door-relation-3']
    assert made['spec']['tls'] == [{'hosts': ['own.example.com'], 'secretName': 'own-tls'}]
    assert [one['path'] for one in made['spec']['rules'][0]['http']['paths']] == ['/blog', '/media']
    assert made['spec']['ingressClassName'] == 'nginx'
    assert made['metadata']['annotations'] == {'nginx.ingress.kubernetes.io/proxy-body-size': '7m'}
    # What an option no longer says goes, and what the cluster added is no difference.
    made['metadata']['annotations']['example.com/by-the-cluster'] = 'x'
    made['spec']['defaultBackend'] = {}
    api.calls.clear()
    out = context.run(context.on.config_changed(), out)
    assert not [call for call in api.calls if call.startswith('PUT')]
    config = {**config, 'max-body-size': 0, 'tls-secret-name': ''}
    bag = {**ROUTE, 'path-routes': '/'}
    relation = dataclasses.replace(out.get_relation(3), remote_app_data=bag)
    changed = dataclasses.replace(out, config=config, relations=[relation])
    context.run(context.on.config_changed(), changed)
    made = api.objects[f'{INGRESSES}/door-relation-3']
    assert made['metadata']['annotations'] == {}
    assert 'tls' not in made['spec']


def test_only_own_ingresses_go_and_all_of_them_with_the_application(context: Context, api: type[Api]) -> None:
    api.objects[f'{INGRESSES}/somebodys'] = {'metadata': {'name': 'somebodys'}}
    relation = nginx()
    out = context.run(context.on.relation_changed(relation), state(relation))
    context.run(context.on.remove(), dataclasses.replace(out, planned_units=1))
    assert len(api.objects) == 2
    context.run(context.on.remove(), dataclasses.replace(out, planned_units=0))
    assert list(api.objects) == [f'{INGRESSES}/somebodys']


def test_units_that_do_not_lead_ask_nothing(context: Context, api: type[Api]) -> None:
    relation = ingress()
    out = context.run(context.on.relation_changed(relation), state(relation, leader=False))
    assert (out.unit_status, api.calls) == (ops.ActiveStatus(), [])


@pytest.mark.parametrize(
    ('refusal', 'words'),
    [
        (401, 'juju trust door --scope=cluster'),
        (403, 'juju trust door --scope=cluster'),
        (500, 'Kubernetes does not do it (500'),
    ],
)
def test_what_the_cluster_refuses_is_told(context: Context, api: type[Api], refusal: int, words: str) -> None:
    api.refusal = refusal
    relation = ingress()
    out = context.run(context.on.relation_changed(relation), state(relation))
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert words in out.unit_status.message
    assert 'ingress' not in out.get_relation(4).local_app_data
    # A removal must not fail for it.
    context.run(context.on.remove(), dataclasses.replace(out, planned_units=0))


def test_without_a_service_account_trust_is_named(
    context: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv('KUBERNETES_SERVICE_HOST', '127.0.0.1')
    monkeypatch.setattr(kube, 'ACCOUNT', tmp_path)
    out = context.run(context.on.config_changed(), state(nginx()))
    assert 'juju trust door' in out.unit_status.message


def test_a_secret_that_is_not_there_is_named_and_the_door_is_made(context: Context, api: type[Api]) -> None:
    out = context.run(context.on.config_changed(), state(nginx({**ROUTE, 'tls-secret-name': 'blog-tls'})))
    assert 'kubectl -n blog create secret tls blog-tls --cert=FILE --key=FILE' in out.unit_status.message
    assert f'{INGRESSES}/door-relation-3' in api.objects


def test_two_that_want_the_same_place_are_told_apart(context: Context, api: type[Api]) -> None:
    first, second = nginx(), nginx({**ROUTE, 'service-name': 'other'}, id=5, remote_app_name='other')
    out = context.run(context.on.config_changed(), state(second, first))
    assert out.unit_status == ops.BlockedStatus(
        f'nginx-route: other wants {HOST}, which leads to wp; remove one relation or give them two host names'
    )
    assert list(api.objects) == [f'{INGRESSES}/door-relation-3']


@pytest.mark.parametrize(
    ('relation', 'config', 'words'),
    [
        (nginx({**ROUTE, 'service-port': '0'}), {}, 'the port must be from 1 to 65535'),
        (nginx({**ROUTE, 'service-hostname': 'a b'}), {}, 'service-hostname must be a host name'),
        (nginx({**ROUTE, 'additional-hostnames': 'a{b'}), {}, 'additional-hostnames must be a host name'),
        (nginx({**ROUTE, 'path-routes': 'x'}), {}, 'path-routes must be paths'),
        (nginx({**ROUTE, 'tls-secret-name': '../x'}), {}, 'tls-secret-name must be a name'),
        (nginx({**ROUTE, 'limit-whitelist': '1.1.1.1; x'}), {}, 'limit-whitelist must be networks'),
        (nginx({**ROUTE, 'retry-errors': 'off; x'}), {}, 'retry-errors must be words of nginx'),
        (nginx({**ROUTE, 'limit-rps': '-1'}), {}, 'limit-rps must be a number'),
        (nginx({**ROUTE, 'backend-protocol': 'X'}), {}, 'backend-protocol must be one of'),
        (nginx({**ROUTE, 'service-namespace': 'far'}), {}, 'wp is in the namespace far; deploy'),
        (ingress({**ASKED, 'model': '"far"'}), {}, 'wp is in the namespace far; deploy'),
        (ingress({**ASKED, 'name': 'wp'}), {}, 'wp does not speak the second version'),
        (ingress({**ASKED, 'name': '"w p"'}), {}, 'name must be a name as Kubernetes has them'),
        (ingress({**ASKED, 'scheme': '"h2c"'}), {}, "the scheme 'h2c'"),
        (ingress(), {'path-routes': '/blog'}, 'works at / only'),
        (ingress(), {'path-routes': 'blog'}, 'path-routes must be paths'),
        (ingress(), {'service-hostname': 'A'}, 'service-hostname must be a host name'),
        (ingress(), {'max-body-size': -1}, 'max-body-size must be a number'),
    ],
)
def test_what_cannot_be_done_blocks_with_its_name(
    context: Context,
    api: type[Api],
    relation: testing.Relation,
    config: dict[str, Any],
    words: str,
) -> None:
    out = context.run(context.on.config_changed(), state(relation, config=config))
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert words in out.unit_status.message
    assert api.objects == {}


@pytest.mark.parametrize(
    ('asked', 'annotations'),
    [
        (
            {'limit-rps': '5', 'limit-whitelist': '10.0.0.0/8'},
            {'limit-rps': '5', 'limit-whitelist': '10.0.0.0/8'},
        ),
        ({'retry-errors': 'error,timeout'}, {'proxy-next-upstream': 'error timeout'}),
        ({'backend-protocol': 'https'}, {'backend-protocol': 'HTTPS'}),
        ({'rewrite-target': '/x'}, {'rewrite-target': '/x'}),
        ({'rewrite-target': '/x', 'rewrite-enabled': 'False'}, {}),
        (
            {'owasp-modsecurity-crs': 'True'},
            {'enable-modsecurity': 'true', 'enable-owasp-modsecurity-crs': 'true'},
        ),
        (
            {'session-cookie-max-age': '60'},
            {
                'session-cookie-max-age': '60',
                'affinity': 'cookie',
                'session-cookie-change-on-failure': 'true',
            },
        ),
    ],
)
def test_settings_become_words_of_the_controller(
    context: Context, api: type[Api], asked: dict[str, str], annotations: dict[str, str]
) -> None:
    context.run(context.on.config_changed(), state(nginx({**ROUTE, **asked})))
    made = api.objects[f'{INGRESSES}/door-relation-3']['metadata']['annotations']
    assert made == {f'nginx.ingress.kubernetes.io/{key}': value for key, value in annotations.items()}


@pytest.mark.parametrize('relation', [nginx({}), ingress({})])
def test_an_application_that_has_said_nothing_is_waited_for(
    context: Context, api: type[Api], relation: testing.Relation
) -> None:
    out = context.run(context.on.relation_created(relation), state(relation))
    assert out.unit_status == ops.WaitingStatus(f'{relation.endpoint}: wp has not said what it wants')
