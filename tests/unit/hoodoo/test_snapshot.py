"""Juju's documents, read: what Juju leaves out and writes as null, which a lenient reader would miss."""

from __future__ import annotations

from typing import Any

import pytest

from hoodoo import model
from hoodoo.juju import snapshot

# As Go writes it: no field that is empty and may be left out, null for lists and maps that are nil.
STATUS: dict[str, Any] = {
    'model': {'name': 'm', 'type': 'iaas', 'cloud-tag': 'cloud-aws', 'version': '3.6.9', 'model-status': {}},
    'machines': None,
    'applications': {
        'web': {
            'charm': 'ch:amd64/web',
            'charm-version': '',
            'charm-profile': '',
            'base': {'name': 'ubuntu', 'channel': '24.04/stable'},
            'exposed': False,
            'life': 'alive',
            'relations': {},
            'can-upgrade-to': '',
            'subordinate-to': None,
            'units': None,
            'meter-statuses': None,
            'status': {
                'status': 'unknown',
                'info': '',
                'data': None,
                'since': '2026-11-22T10:00:00.5Z',
                'kind': '',
                'version': '',
                'life': '',
            },
            'workload-version': '',
            'endpoint-bindings': None,
            'public-address': '',
        }
    },
    'remote-applications': {},
    'offers': {},
    'relations': None,
    'controller-timestamp': '2026-11-22T10:00:01.123456789Z',
    'branches': {},
}


def test_what_go_writes_as_null_is_nothing() -> None:
    seen = snapshot.decode(STATUS)
    web = seen.applications['web']
    assert (web.units, web.subordinate_to, seen.relations, seen.machines) == ((), (), (), {})
    assert web.status.since_ms == seen.now_ms - 623


@pytest.mark.parametrize(
    ('told', 'revision'),
    [
        ({'charm': 'ch:amd64/web-7', 'charm-rev': 7}, 7),
        ({'charm': 'ch:amd64/web-0'}, 0),
        ({'charm': 'local:my-web-0'}, 0),
        ({'charm': 'ch:amd64/my-web'}, None),
        ({}, None),
    ],
)
def test_a_revision_of_0_which_juju_leaves_out_is_known(told: dict[str, Any], revision: int | None) -> None:
    status = {**STATUS, 'applications': {'web': {**STATUS['applications']['web'], 'charm': '', **told}}}
    assert snapshot.decode(status).applications['web'].revision == revision


@pytest.mark.parametrize(
    ('kind', 'told', 'scale', 'size'),
    [('caas', {'int': 2}, 2, 2), ('caas', {}, 0, 0), ('iaas', {'int': 2}, None, 0)],
)
def test_only_pods_have_a_scale(kind: str, told: dict[str, int], scale: int | None, size: int) -> None:
    web = {**STATUS['applications']['web'], **told}
    status = {**STATUS, 'model': {**STATUS['model'], 'type': kind}, 'applications': {'web': web}}
    found = snapshot.decode(status).applications['web']
    assert (found.scale, found.size) == (scale, size)


def test_what_is_beyond_the_model_is_seen() -> None:
    limits = {'site': {'expose-to-cidrs': ['10.0.0.0/8'], 'expose-to-spaces': None}, '': {}}
    web = {**STATUS['applications']['web'], 'exposed': True, 'exposed-endpoints': limits}
    far = {'offer-name': 'db', 'offer-url': 'admin/other.db', 'endpoints': [{'name': 'db'}]}
    # Endpoints are listed by the names that consumers see.
    ends = {'pages': {'name': 'site', 'role': 'provider', 'interface': 'http'}}
    offers = {'news': {'offer-name': 'news', 'application-name': 'web', 'endpoints': ends}}
    status = {**STATUS, 'applications': {'web': web}, 'remote-applications': {'far': far}, 'offers': offers}
    found = snapshot.decode(status)
    assert found.saas == {'far': 'admin/other.db'}
    assert found.offers == {'news': model.Offer(application='web', endpoints=('site',))}
    assert found.applications['web'].exposed_to == {
        'site': model.Exposure(cidrs=('10.0.0.0/8',)),
        '': model.Exposure(),
    }
    nothing = snapshot.decode({**STATUS, 'offers': None, 'remote-applications': None})
    assert (nothing.saas, nothing.offers) == ({}, {})


def test_settings_are_read_as_juju_tells_them() -> None:
    answer = {
        'application': 'web',
        'charm': 'web',
        'config': {
            'port': {'description': '', 'type': 'int', 'default': 80, 'value': 80, 'source': 'default'},
            'word': {'description': '', 'type': 'string', 'source': 'unset'},
        },
        'application-config': {'trust': {'description': '', 'type': 'bool', 'value': True, 'source': 'user'}},
        'constraints': {'arch': 'amd64', 'mem': 512, 'tags': ['a', 'b'], 'allocate-public-ip': True},
        'base': {'name': 'ubuntu', 'channel': '24.04/stable'},
        'channel': 'stable',
    }
    read = snapshot.settings(answer, {})
    assert read.constraints == {
        'allocate-public-ip': 'true',
        'arch': 'amd64',
        'mem': '512M',
        'tags': 'a,b',
    }
    assert read.trust
    assert read.options['word'].value is None


def test_an_annotation_error_is_found_and_its_absence_too() -> None:
    assert not snapshot.item_error({'results': None})
    assert not snapshot.item_error({'results': [{}]})
    refused = {'results': [{}, {'error': {'message': 'permission denied', 'code': 'unauthorized access'}}]}
    assert snapshot.item_error(refused) == 'permission denied'
    found = snapshot.notes(
        {'results': [{'entity': 'machine-0', 'annotations': None, 'error': {}}]}, ['machine-0']
    )
    assert found == {'machine-0': {}}
