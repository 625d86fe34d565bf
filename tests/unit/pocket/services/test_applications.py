from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bedrock.charm import Option
from pocket.model import Base, HookChanges
from pocket.services import applications, charms, machines, models, refresh, status, uniter
from pocket.services.errors import ALREADY_EXISTS, NOT_FOUND, JujuError

if TYPE_CHECKING:
    from bedrock.charm import Charm
    from tests.unit.pocket.services.conftest import World


def _configurable(world: World) -> Charm:
    return world.make_charm(
        'a', options={'port': Option(type='int', default=80), 'name': Option(type='string', description='d')}
    )


def test_each_unit_gets_a_machine_of_its_own_unless_placed(world: World) -> None:
    machine = machines.add(world.tx, world.uuid, base=Base(name='ubuntu', channel='24.04'))
    units = world.deploy('a', world.make_charm('a'), units=3, placement=[machine, 'new'])
    placed = {unit: applications.get_unit(world.tx, world.uuid, unit).machine for unit in units}
    assert placed == {'a/0': '0', 'a/1': '1', 'a/2': '2'}
    host = machines.get(world.tx, world.uuid, '2').host_name
    assert host == f'juju-{world.uuid[-6:]}-2'


def test_machines_get_the_models_constraints_under_the_applications(world: World) -> None:
    models.set_constraints(world.tx, world.uuid, {'mem': 1024, 'cores': 2, 'arch': None})
    world.deploy('a', world.make_charm('a'), constraints={'mem': 4096})
    machine = machines.get(world.tx, world.uuid, '0')
    assert (machine.memory_mb, machine.cores, machine.constraints) == (4096, 2, {'mem': 4096, 'cores': 2})


def test_the_base_is_the_requests_then_the_charms_then_the_models(world: World) -> None:
    models.set_config(world.tx, world.uuid, {'default-base': 'debian@12/stable'})
    own = world.make_charm('own', bases=(('ubuntu', '22.04'),))
    world.deploy('a', own, base=Base(name='debian', channel='13'))
    world.deploy('b', own, base=None)
    world.deploy('c', world.make_charm('none'), base=None)
    assert [str(machine.base) for machine in machines.list_(world.tx, world.uuid)] == [
        'debian@13',
        'ubuntu@22.04',
        'debian@12',
    ]


@pytest.mark.parametrize(
    ('arguments', 'message', 'code'),
    [
        ({'name': 'a'}, 'cannot add application "a": application already exists', ALREADY_EXISTS),
        ({'name': 'B'}, 'cannot add application "B": invalid name', 'not valid'),
        ({'name': 'b-1'}, 'cannot add application "b-1": invalid name', 'not valid'),
        ({'charm_url': 'local:x-0'}, 'charm "local:x-0" not found', NOT_FOUND),
        ({'config': {'x': '1'}}, 'unknown option "x"', 'not found'),
        ({'config': {'port': 'x'}}, 'option "port" expected int, got "x"', 'not valid'),
        ({'placement': ['7']}, 'machine 7 not found', NOT_FOUND),
        ({'placement': ['lxd:0']}, 'placement "lxd:0" is not supported: name a machine', 'not supported'),
        (
            {'placement': ['0'], 'base': Base(name='debian', channel='12')},
            'base does not match: unit has "debian@12", machine 0 has "ubuntu@24.04"',
            '',
        ),
    ],
)
def test_deployments_that_cannot_be(world: World, arguments: dict[str, Any], message: str, code: str) -> None:
    charm = _configurable(world)
    world.deploy('a', charm)
    request: dict[str, Any] = {'name': 'b', 'charm_url': 'local:a-0', 'num_units': 1, **arguments}
    with pytest.raises(JujuError) as caught:
        applications.deploy(world.tx, world.uuid, **request)
    assert (caught.value.message, caught.value.code) == (message, code)


def test_a_subordinate_is_deployed_bare(world: World) -> None:
    charm = world.make_charm('s', requires={'h': 'juju-info'}, container=('h',), subordinate=True)
    url = world.upload(charm)
    for arguments, missing in (({'num_units': 1}, 'units'), ({'constraints': {'mem': 1}}, 'constraints')):
        request: dict[str, Any] = {'name': 's', 'charm_url': url, 'num_units': 0, **arguments}
        with pytest.raises(JujuError, match=f'must be deployed without {missing}'):
            applications.deploy(world.tx, world.uuid, **request)
    world.deploy('s', charm)
    with pytest.raises(JujuError, match='application is a subordinate'):
        applications.add_units(world.tx, world.uuid, 's')


def test_uploads_of_a_charm_are_numbered_and_read_back_whole(world: World) -> None:
    charm = world.make_charm(
        'a',
        peers={'p': 'q'},
        options={'o': Option(type='float', default=1.5)},
        actions={'go': {'params': {'n': {'type': 'integer'}}}},
        bases=(('ubuntu', '24.04'),),
    )
    assert [world.upload(charm), world.upload(charm)] == ['local:a-0', 'local:a-1']
    assert charms.get(world.tx, world.uuid, 'local:a-1').charm == charm


def test_options_show_where_their_values_are_from(world: World) -> None:
    world.deploy('a', _configurable(world), config={'port': '81'}, trust=True)
    assert applications.get(world.tx, world.uuid, 'a').trust

    def shown() -> dict[str, tuple[Any, str]]:
        found = applications.get_config(world.tx, world.uuid, 'a')
        return {name: (option.value, option.source) for name, option in found.items()}

    assert shown() == {'port': (81, 'user'), 'name': (None, 'unset')}
    applications.set_config(world.tx, world.uuid, 'a', {'port': '80', 'name': 'x', 'trust': 'false'})
    assert shown() == {'port': (80, 'default'), 'name': ('x', 'user')}
    assert not applications.get(world.tx, world.uuid, 'a').trust
    applications.unset_config(world.tx, world.uuid, 'a', ['port', 'name', 'trust'])
    assert shown() == {'port': (80, 'default'), 'name': (None, 'unset')}
    with pytest.raises(JujuError, match='unknown option "x"'):
        applications.unset_config(world.tx, world.uuid, 'a', ['x'])


def test_a_config_change_wakes_the_model(world: World) -> None:
    world.deploy('a', _configurable(world))
    assert world.tx.touched('model') == {world.uuid}


def test_another_charm_keeps_what_still_fits(world: World) -> None:
    world.deploy('a', _configurable(world), config={'port': '81', 'name': 'x'})
    new = world.make_charm(
        'a', options={'port': Option(type='string'), 'more': Option(type='int')}, peers={'cluster': 'ha'}
    )
    before = world.view('a/0').charm_modified
    refresh.set_charm(world.tx, world.uuid, 'a', charm_url=world.upload(new), config={'more': '5'})
    view = world.view('a/0')
    assert dict(view.config) == {'more': 5}
    assert (view.charm_url, view.charm_modified) == ('local:a-1', before + 1)
    assert world.relations == ['a:cluster']


def test_a_forced_upgrade_is_told_to_the_units_and_resolves_nothing(world: World) -> None:
    world.deploy('a', world.make_charm('a'))
    uniter.set_agent_status(world.tx, world.uuid, 'a/0', 'error')
    url = world.upload(world.make_charm('a'))
    refresh.set_charm(world.tx, world.uuid, 'a', charm_url=url, force_units=True)
    assert (world.view('a/0').charm_forced, world.view('a/0').resolved) == (True, '')
    refresh.set_charm(world.tx, world.uuid, 'a', charm_url=url)
    assert not world.view('a/0').charm_forced


def test_another_charm_must_not_break_relations(world: World) -> None:
    world.deploy('a', world.make_charm('a', provides={'db': 'sql'}))
    world.deploy('b', world.make_charm('b', requires={'db': 'sql'}))
    world.relate('a', 'b')
    with pytest.raises(JujuError) as caught:
        refresh.set_charm(world.tx, world.uuid, 'a', charm_url=world.upload(world.make_charm('a')))
    assert caught.value.message == (
        'cannot upgrade application "a" to charm "local:a-1": would break relation "b:db a:db"'
    )


def test_status_says_which_unit_still_runs_the_old_charm(world: World) -> None:
    charm = world.make_charm('a')
    world.deploy('a', charm)
    uniter.set_charm(world.tx, world.uuid, 'a/0', 'local:a-0')
    refresh.set_charm(world.tx, world.uuid, 'a', charm_url=world.upload(charm))
    shown = status.snapshot(world.tx, world.uuid).applications[0]
    assert (shown.charm_url, shown.units[0].charm_url) == ('local:a-1', 'local:a-0')


def test_endpoints_are_exposed_one_by_one_or_all(world: World) -> None:
    world.deploy('a', world.make_charm('a', provides={'web': 'http'}))
    applications.expose(world.tx, world.uuid, 'a')
    assert applications.get(world.tx, world.uuid, 'a').exposed
    applications.expose(world.tx, world.uuid, 'a', endpoints={'web': {'expose-to-cidrs': ['10.0.0.0/8']}})
    applications.unexpose(world.tx, world.uuid, 'a', endpoints=[''])
    record = applications.get(world.tx, world.uuid, 'a')
    assert dict(record.exposed_endpoints) == {'web': {'expose-to-cidrs': ['10.0.0.0/8']}}
    applications.unexpose(world.tx, world.uuid, 'a')
    assert not applications.get(world.tx, world.uuid, 'a').exposed
    with pytest.raises(JujuError, match='endpoint "x" not found'):
        applications.expose(world.tx, world.uuid, 'a', endpoints={'x': {}})


def test_only_a_unit_in_error_can_be_resolved_and_only_once(world: World) -> None:
    world.deploy('a', world.make_charm('a'))
    with pytest.raises(JujuError, match='unit "a/0" is not in an error state'):
        applications.resolve(world.tx, world.uuid, 'a/0', retry=True)
    uniter.set_agent_status(world.tx, world.uuid, 'a/0', 'error')
    applications.resolve(world.tx, world.uuid, 'a/0', retry=True)
    assert world.view('a/0').resolved == 'retry-hooks'
    with pytest.raises(JujuError, match='already resolved'):
        applications.resolve(world.tx, world.uuid, 'a/0', retry=False)
    uniter.clear_resolved(world.tx, world.uuid, 'a/0')
    applications.resolve(world.tx, world.uuid, 'a/0', retry=False)
    assert world.view('a/0').resolved == 'no-hooks'


def test_a_snapshot_shows_the_model_as_status_does(world: World) -> None:
    world.deploy('a', world.make_charm('a', provides={'db': 'sql'}, peers={'c': 'ha'}))
    world.deploy('b', world.make_charm('b', requires={'db': 'sql'}))
    world.deploy('s', world.make_charm('s', requires={'h': 'juju-info'}, container=('h',), subordinate=True))
    world.start('a/0', 'b/0')
    world.relate('a', 'b')
    world.enter(world.relate('s', 'a'), 'a/0')
    uniter.claim_leadership(world.tx, world.uuid, 'a/0')
    uniter.set_application_status(world.tx, world.uuid, 'a/0', 'active', 'serving')
    uniter.set_workload_version(world.tx, world.uuid, 'a/0', '8.0')
    uniter.set_agent_status(world.tx, world.uuid, 'b/0', 'error', 'hook failed: "start"', {'hook': 'start'})
    shown = {one.name: one for one in status.snapshot(world.tx, world.uuid).applications}
    assert (shown['a'].status.message, shown['a'].stored_status.value) == ('serving', 'active')
    assert shown['a'].relations == {'c': ('a',), 'db': ('b',), 'juju-info': ('s',)}
    assert (shown['a'].units[0].leader, shown['a'].workload_version) == (True, '8.0')
    assert shown['a'].units[0].subordinates == ('s/0',)
    assert (shown['b'].status.value, shown['b'].stored_status.value) == ('error', 'unset')
    assert shown['b'].units[0].agent.value == 'idle'
    assert shown['s'].subordinate_to == ('a',)
    assert shown['s'].units[0].machine == '0'


def test_repeating_a_status_changes_nothing(world: World) -> None:
    world.deploy('a', world.make_charm('a'))
    world.tx.now_ms = 2_000_000
    uniter.set_unit_status(world.tx, world.uuid, 'a/0', 'active')
    world.tx.now_ms = 3_000_000
    uniter.set_unit_status(world.tx, world.uuid, 'a/0', 'active')
    assert uniter.get_unit_status(world.tx, world.uuid, 'a/0').since_ms == 2_000_000
    past = status.history(world.tx, world.uuid, 'workload', 'a/0')
    assert [entry.status.value for entry in past] == ['waiting', 'active']


def test_a_removed_applications_charm_state_is_gone(world: World) -> None:
    charm = world.make_charm('a')
    world.deploy('a', charm)
    uniter.commit(world.tx, world.uuid, 'a/0', HookChanges(charm_state={'k': 'v'}), '')
    applications.destroy(world.tx, world.uuid, 'a')
    (unit,) = world.deploy('a', charm)
    assert uniter.charm_state(world.tx, world.uuid, unit) == {}
