"""FullStatus and AllWatcher documents of a hand-made model."""

from __future__ import annotations

import dataclasses

import pytest

from pocket.api.entities import Documents, deltas, documents
from pocket.api.fullstatus import full_status, select
from pocket.model import Base, Life, PortRange, Status
from pocket.services.machines import MachineRecord
from pocket.services.models import ModelRecord
from pocket.services.relations import RelationEndpoint, RelationRecord
from pocket.services.status import ApplicationSnapshot, ModelSnapshot, UnitSnapshot

BASE = Base(name='ubuntu', channel='24.04')
IDLE = Status(value='idle', since_ms=1)
ACTIVE = Status(value='active', message='ready', since_ms=1)


def machine(number: str, *, address: str = '10.0.0.5') -> MachineRecord:
    return MachineRecord(
        model_uuid='u',
        id=number,
        host_name=f'juju-abc-{number}',
        base=BASE,
        life=Life.ALIVE,
        constraints={'mem': 1024},
        memory_mb=1024,
        cores=None,
        address=address,
        ssh_host_keys=(),
        authorized_keys=(),
        agent_status=Status(value='started'),
        instance_status=Status(value='running'),
        created_ms=1,
    )


def unit(name: str, *, on: str = '0', principal: str = '', below: tuple[str, ...] = ()) -> UnitSnapshot:
    application = name.partition('/')[0]
    return UnitSnapshot(
        name=name,
        application=application,
        life=Life.ALIVE,
        machine=on,
        principal=principal,
        charm_url=f'local:{application}-1',
        workload=ACTIVE,
        agent=IDLE,
        workload_version='',
        leader=name.endswith('/0'),
        public_address='10.0.0.5',
        private_address='10.0.0.5',
        ports=(PortRange(protocol='tcp', first=80, last=81),),
        subordinates=below,
    )


def application(name: str, *units: UnitSnapshot, subordinate: bool = False) -> ApplicationSnapshot:
    return ApplicationSnapshot(
        name=name,
        charm_url=f'local:{name}-1',
        charm_name=name,
        charm_revision=1,
        base=BASE,
        life=Life.ALIVE,
        exposed=name == 'web',
        exposed_endpoints={},
        subordinate=subordinate,
        subordinate_to=('web',) if subordinate else (),
        status=ACTIVE,
        stored_status=Status(value='unset'),
        workload_version='',
        relations={'general-info': ('web',)} if subordinate else {'juju-info': ('nrpe',)},
        endpoint_names=('website',),
        units=units,
    )


def side(name: str, endpoint: str, role: str) -> RelationEndpoint:
    return RelationEndpoint(
        application=name,
        name=endpoint,
        role=role,
        interface='juju-info',
        scope='container',
        limit=0,
        optional=False,
    )


MODEL = ModelSnapshot(
    model=ModelRecord(
        uuid='u',
        name='m',
        owner='admin',
        cloud='pocket',
        region='default',
        life=Life.ALIVE,
        created_ms=1,
        constraints={},
        status=Status(value='available'),
        agent_version='3.6.12',
    ),
    machines=(machine('0'), machine('1', address='')),
    applications=(
        application('nrpe', unit('nrpe/0', principal='web/0'), subordinate=True),
        application('web', unit('web/0', below=('nrpe/0',)), unit('web/1', on='1')),
    ),
    relations=(
        RelationRecord(
            id=0,
            key='nrpe:general-info web:juju-info',
            life=Life.ALIVE,
            scope='container',
            interface='juju-info',
            endpoints=(side('nrpe', 'general-info', 'requirer'), side('web', 'juju-info', 'provider')),
            status=Status(value='joined'),
        ),
    ),
    now_ms=1,
)


def told(model: ModelSnapshot = MODEL) -> Documents:
    return documents(
        model,
        controller_uuid='c',
        arch='amd64',
        model_config={},
        configs={'web': {'port': 80}},
        constraints={},
        charms=(),
        actions=(),
        annotations={},
    )


def test_subordinates_are_shown_below_their_principals_only() -> None:
    applications = full_status(MODEL, arch='amd64')['applications']

    assert applications['nrpe']['units'] == {}
    assert applications['nrpe']['subordinate-to'] == ['web']
    web = applications['web']['units']['web/0']
    assert (web['machine'], web['subordinates']['nrpe/0']['machine']) == ('0', '')


def test_leaders_ports_and_addresses_are_shown() -> None:
    status = full_status(MODEL, arch='amd64')
    units = status['applications']['web']['units']

    assert units['web/0']['leader'] is True
    assert 'leader' not in units['web/1']
    assert units['web/0']['opened-ports'] == ['80-81/tcp']
    assert (status['machines']['0']['instance-id'], status['machines']['1']['instance-id']) == (
        'juju-abc-0',
        'pending',
    )
    assert status['machines']['0']['hardware'] == 'arch=amd64 mem=1024M'
    assert status['machines']['1']['network-interfaces'] == {}


def test_a_unit_names_its_charm_only_while_it_differs() -> None:
    old = dataclasses.replace(MODEL.applications[1].units[0], charm_url='local:web-0')
    web = dataclasses.replace(MODEL.applications[1], units=(old,))
    upgrading = dataclasses.replace(MODEL, applications=(web,))

    assert (
        full_status(upgrading, arch='amd64')['applications']['web']['units']['web/0']['charm']
        == 'local:web-0'
    )
    assert full_status(MODEL, arch='amd64')['applications']['web']['units']['web/0']['charm'] == ''


def test_storage_is_named_only_when_asked_for() -> None:
    assert 'storage' not in full_status(MODEL, arch='amd64')
    assert full_status(MODEL, arch='amd64', include_storage=True)['volumes'] == []


@pytest.mark.parametrize(
    ('patterns', 'units', 'machines'),
    [
        ([], {'nrpe/0', 'web/0', 'web/1'}, {'0', '1'}),
        (['web'], {'nrpe/0', 'web/0', 'web/1'}, {'0', '1'}),
        (['web/1'], {'web/1'}, {'1'}),
        (['nrpe'], {'nrpe/0', 'web/0'}, {'0'}),
        (['1'], {'web/1'}, {'1'}),
        (['exposed'], {'nrpe/0', 'web/0', 'web/1'}, {'0', '1'}),
        (['nothing'], set[str](), set[str]()),
        (['nothing', 'web/1'], {'web/1'}, {'1'}),
    ],
)
def test_patterns_select_units_with_what_belongs_to_them(
    patterns: list[str], units: set[str], machines: set[str]
) -> None:
    chosen = select(MODEL, patterns)

    assert set(chosen.units) == units
    assert {found.id for found in chosen.machines} == machines
    assert len(chosen.relations) == ({'nrpe', 'web'} <= {found.name for found in chosen.applications})


def test_everything_is_told_first_each_after_what_it_refers_to() -> None:
    kinds = [kind for kind, _, _ in deltas({}, told())]

    assert kinds == [
        'model',
        'machine',
        'machine',
        'application',
        'unit',
        'application',
        'unit',
        'unit',
        'relation',
    ]


def test_nothing_is_told_of_what_stayed_the_same() -> None:
    assert deltas(told(), told()) == []


def test_only_what_changed_is_told() -> None:
    changed = dataclasses.replace(MODEL, machines=(MODEL.machines[0], machine('1')))

    assert [(kind, how, entity['id']) for kind, how, entity in deltas(told(), told(changed))] == [
        ('machine', 'change', '1')
    ]


def test_what_is_gone_is_told_with_its_name_last_come_first() -> None:
    empty = dataclasses.replace(MODEL, applications=(), relations=())

    removed = deltas(told(), told(empty))

    assert {how for _, how, _ in removed} == {'remove'}
    assert [entity.get('name', entity.get('id')) for _, _, entity in removed] == [
        0,
        'web/1',
        'web/0',
        'web',
        'nrpe/0',
        'nrpe',
    ]


def test_the_watcher_says_unset_where_status_derives() -> None:
    application_told = told()['application', 'web']

    assert application_told['status']['current'] == 'unset'
    assert application_told['config'] == {'port': 80}
    assert {entity['model-uuid'] for entity in told().values()} == {'u'}
