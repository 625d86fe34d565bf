"""From a bundle and a model to steps: ids, arguments and words as Juju has them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pocket import bundles
from pocket.bundles import ExistingApplication, ExistingModel

from .applying import apply


def _bundle(text: str) -> bundles.Bundle:
    base, *overlays = bundles.load(text, source='b')
    return bundles.read(bundles.merge(base, overlays), base_document=base)


def _lines(text: str, model: ExistingModel | None = None, **more: Any) -> list[str]:
    changes = bundles.plan(_bundle(text), model or ExistingModel(), **more)
    return [line for change in changes for line in change.lines]


FULL = """
default-base: ubuntu@24.04
applications:
  web:
    charm: ./web
    num_units: 2
    to: ["0", "lxd:0"]
    options: {port: 80}
    expose: true
    annotations: {gui-x: "1"}
  db: {charm: ch:mysql, channel: 8.0/stable, num_units: 1, to: [web/1], constraints: mem=2G arch=arm64}
machines: {0: {constraints: mem=1G}}
relations: [[web:db, db:db]]
"""


def test_a_whole_bundle_becomes_steps_with_ids_requirements_and_arguments() -> None:
    changes = bundles.plan(_bundle(FULL), default_arch='amd64')
    assert [(change.id, change.requires, dict(change.args)) for change in changes] == [
        (
            'addCharm-0',
            (),
            {
                'charm': 'ch:mysql',
                'base': 'ubuntu@24.04/stable',
                'channel': '8.0/stable',
                'architecture': 'arm64',
            },
        ),
        (
            'deploy-1',
            ('addCharm-0',),
            {
                'charm': '$addCharm-0',
                'base': 'ubuntu@24.04/stable',
                'application': 'db',
                'constraints': 'mem=2G arch=arm64',
                'channel': '8.0/stable',
            },
        ),
        ('addCharm-2', (), {'charm': './web', 'base': 'ubuntu@24.04/stable', 'architecture': 'amd64'}),
        (
            'deploy-3',
            ('addCharm-2',),
            {
                'charm': '$addCharm-2',
                'base': 'ubuntu@24.04/stable',
                'application': 'web',
                'options': {'port': 80},
            },
        ),
        ('expose-4', ('deploy-3',), {'application': '$deploy-3'}),
        (
            'setAnnotations-5',
            ('deploy-3',),
            {'id': '$deploy-3', 'entity-type': 'application', 'annotations': {'gui-x': '1'}},
        ),
        ('addMachines-6', (), {'base': 'ubuntu@24.04/stable', 'constraints': 'mem=1G'}),
        (
            'addRelation-7',
            ('deploy-1', 'deploy-3'),
            {'endpoint1': '$deploy-3:db', 'endpoint2': '$deploy-1:db'},
        ),
        ('addUnit-8', ('addMachines-6', 'deploy-3'), {'application': '$deploy-3', 'to': '$addMachines-6'}),
        (
            'addMachines-9',
            ('addMachines-6',),
            {'container-type': 'lxd', 'parent-id': '$addMachines-6', 'base': 'ubuntu@24.04/stable'},
        ),
        (
            'addUnit-10',
            ('addMachines-9', 'addUnit-8', 'deploy-3'),
            {'application': '$deploy-3', 'to': '$addMachines-9'},
        ),
        ('addUnit-11', ('addUnit-10', 'deploy-1'), {'application': '$deploy-1', 'to': '$addUnit-10'}),
    ]


def test_the_steps_are_told_in_juju_s_words() -> None:
    assert _lines(FULL, default_arch='amd64') == [
        (
            'upload charm mysql from charm-hub for base ubuntu@24.04/stable from channel 8.0/stable'
            ' with architecture=arm64'
        ),
        'deploy application db from charm-hub on ubuntu@24.04/stable with 8.0/stable using mysql',
        'upload charm ./web for base ubuntu@24.04/stable with architecture=amd64',
        'deploy application web on ubuntu@24.04/stable',
        'expose all endpoints of web and allow access from CIDRs 0.0.0.0/0 and ::/0',
        'set annotations for web',
        'add new machine 0',
        'add relation web:db - db:db',
        'add unit web/0 to new machine 0',
        'add lxd container 0/lxd/0 on new machine 0',
        'add unit web/1 to 0/lxd/0',
        'add unit db/0 to 0/lxd/0 to satisfy [web/1]',
    ]


def test_a_charm_that_two_applications_share_is_added_once() -> None:
    changes = bundles.plan(_bundle('applications: {a: {charm: ./x}, b: {charm: ./x}}'))
    assert [change.method for change in changes] == ['addCharm', 'deploy', 'deploy']


def test_units_without_a_place_get_new_machines_after_those_of_the_bundle() -> None:
    text = '{applications: {a: {charm: x, num_units: 3, to: ["4", new]}}, machines: {4: {}}}'
    assert _lines(text)[2:] == [
        'add new machine 0 (bundle machine 4)',
        'add unit a/0 to new machine 0 (bundle machine 4)',
        'add unit a/1 to new machine 1',
        'add unit a/2 to new machine 2',
    ]


OFFERING = """
applications: {db: {charm: x, num_units: 0}}
---
applications:
  db:
    offers: {mine: {endpoints: [db, admin], acl: {bob: consume}}}
    exposed-endpoints: {"": {expose-to-cidrs: [10.0.0.0/8]}, admin: {expose-to-spaces: [alpha]}}
  web: {charm: y}
saas: {far: {url: admin/other.far}}
relations: [[web, far]]
"""


def test_offers_saas_and_exposed_endpoints_of_an_overlay() -> None:
    assert _lines(OFFERING)[2:] == [
        'expose all endpoints of db and allow access from CIDR 10.0.0.0/8',
        'override expose settings for endpoint admin of db and allow access from space alpha',
        'upload charm y from charm-hub',
        'deploy application web from charm-hub using y',
        'create offer mine using db:db,admin',
        'grant user bob consume access to offer mine',
        'consume offer far at admin/other.far',
        'add relation web - far',
    ]


DEPLOYED = ExistingModel(
    applications={
        'db': ExistingApplication(
            charm='ch:amd64/noble/mysql-5',
            charm_name='mysql',
            channel='8.0/stable',
            revision=5,
            options={'port': 80, 'tls': True},
            constraints='mem=2048M',
            exposed=True,
            annotations={'a': '1'},
            units={'db/0': '0'},
        )
    },
    machines={'0': {}},
    relations=frozenset({frozenset({'db:db', 'web:db'})}),
    next_machine=1,
    next_unit={'db': 1},
)


@pytest.mark.parametrize(
    ('entry', 'lines'),
    [
        ('', []),
        ('channel: 8.0/stable, constraints: mem=2G, expose: true', []),
        ('channel: "8.0"', []),
        ('options: {port: 80, tls: true}, annotations: {a: "1"}', []),
        ('options: {port: 81, tls: true}', ['set application options for db']),
        ('constraints: mem=4G', ['set constraints for db to "mem=4G"']),
        ('annotations: {a: "1", b: "2"}', ['set annotations for db']),
        (
            'channel: 8.0/edge',
            [
                'upload charm mysql from charm-hub from channel 8.0/edge',
                'upgrade db from charm-hub using charm mysql from channel 8.0/edge',
            ],
        ),
        ('channel: 8.0/stable, revision: 5', []),
        (
            'channel: 8.0/stable, revision: 6',
            [
                'upload charm mysql from charm-hub with revision 6',
                'upgrade db from charm-hub using charm mysql from channel 8.0/stable',
            ],
        ),
        ('num_units: 2', ['add unit db/1 to new machine 1']),
        ('num_units: 0', []),
    ],
)
def test_only_what_differs_from_the_model_is_done(entry: str, lines: list[str]) -> None:
    given_units = '' if 'num_units' in entry else 'num_units: 1'
    inner = ', '.join(filter(None, ['charm: mysql', given_units, entry]))
    text = f'applications: {{db: {{{inner}}}}}'
    assert _lines(text, DEPLOYED) == lines


def test_another_charm_under_the_same_name_is_refused() -> None:
    with pytest.raises(bundles.BundleFault, match='runs charm "mysql" and cannot be changed to "postgresql"'):
        _lines('applications: {db: {charm: postgresql}}', DEPLOYED)


def test_machines_of_the_bundle_are_those_that_its_units_are_on() -> None:
    text = '{applications: {db: {charm: mysql, num_units: 2, to: ["7", "8"]}}, machines: {7: {}, 8: {}}}'
    assert _lines(text, DEPLOYED) == [
        'add new machine 1 (bundle machine 8)',
        'add unit db/1 to new machine 1 (bundle machine 8)',
    ]


def test_named_machines_of_the_model_are_used() -> None:
    text = '{applications: {x: {charm: x, num_units: 1, to: ["3"]}}, machines: {3: {}}}'
    mapped = ExistingModel(machines={'0': {}}, next_machine=1, machine_map={'3': '0'})
    assert _lines(text, mapped)[2:] == ['add unit x/0 to existing machine 0 (bundle machine 3)']


# --- whatever the bundle


_NAMES = ('a', 'b', 'c', 'd')


@st.composite
def _documents(draw: st.DrawFn) -> bundles.Document:
    machines = draw(st.lists(st.sampled_from('0123'), max_size=3, unique=True))
    names = draw(st.lists(st.sampled_from(_NAMES), min_size=1, unique=True))
    units = {name: draw(st.integers(0, 3)) for name in names}
    applications: dict[str, Any] = {}
    for position, name in enumerate(names):
        earlier = [other for other in names[:position] if units[other]]
        places = ['new', 'lxd:new', *machines, *(f'lxd:{machine}' for machine in machines), *earlier]
        places += [f'{other}/{units[other] - 1}' for other in earlier]
        applications[name] = {
            'charm': draw(st.sampled_from(['./x', './y', 'ch:z'])),
            'num_units': units[name],
            'to': draw(st.lists(st.sampled_from(places), max_size=units[name])),
            'expose': draw(st.booleans()),
            'options': draw(st.dictionaries(st.sampled_from('op'), st.integers(0, 2))),
            'annotations': draw(st.dictionaries(st.sampled_from('xy'), st.sampled_from('12'))),
            'constraints': draw(st.sampled_from(['', 'mem=1G', 'cores=2 mem=512M'])),
        }
    used = {place.rpartition(':')[2] for entry in applications.values() for place in entry['to']}
    pairs = draw(st.lists(st.sampled_from([(x, y) for x in names for y in names if x < y] or [()])))
    return {
        'applications': applications,
        'machines': {machine: {} for machine in machines if machine in used},
        'relations': [[f'{x}:p', f'{y}:q'] for x, y in dict.fromkeys(pair for pair in pairs if pair)],
    }


@settings(max_examples=150, deadline=None)
@given(_documents())
def test_every_step_comes_after_what_it_requires_and_speaks_of(document: bundles.Document) -> None:
    done: set[str] = set()
    for index, change in enumerate(bundles.plan(bundles.read(document))):
        assert change.id == f'{change.method}-{index}'
        assert set(change.requires) <= done
        spoken_of = {
            value[1:].partition(':')[0]
            for value in change.args.values()
            if isinstance(value, str) and value.startswith('$')
        }
        assert spoken_of <= set(change.requires)
        done.add(change.id)


@settings(max_examples=150, deadline=None)
@given(_documents())
def test_after_its_own_steps_a_bundle_needs_nothing_more(document: bundles.Document) -> None:
    bundle = bundles.read(document)
    model = apply(bundles.plan(bundle), ExistingModel())
    assert {name: len(app.units) for name, app in model.applications.items()} == {
        name: app.num_units for name, app in bundle.applications.items()
    }
    assert bundles.plan(bundle, model) == []


@pytest.mark.parametrize('word', ['scale', 'num_units'])
def test_on_kubernetes_units_come_with_their_application(word: str) -> None:
    text = f'{{bundle: kubernetes, applications: {{a: {{charm: ./a, {word}: 3}}}}}}'
    changes = bundles.plan(_bundle(text))
    assert [(change.method, change.args.get('num-units')) for change in changes] == [
        ('addCharm', None),
        ('deploy', 3),
    ]


@pytest.mark.parametrize(('there', 'lines'), [(3, []), (1, ['scale a to 3 units'])])
def test_on_kubernetes_an_application_is_scaled(there: int, lines: list[str]) -> None:
    model = ExistingModel(applications={'a': ExistingApplication(charm='./a', scale=there)})
    text = '{bundle: kubernetes, applications: {a: {charm: ./a, scale: 3}}}'
    assert _lines(text, model) == lines


def test_on_kubernetes_an_application_can_be_scaled_to_nothing() -> None:
    model = ExistingModel(applications={'a': ExistingApplication(charm='./a', scale=2)})
    (change,) = bundles.plan(_bundle('{bundle: kubernetes, applications: {a: {charm: ./a}}}'), model)
    assert dict(change.args) == {'application': 'a', 'scale': 0}
