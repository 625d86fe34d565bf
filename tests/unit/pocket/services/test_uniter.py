from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bedrock.charm import Option
from pocket.model import ActionResult, HookChanges, PortRange
from pocket.services import actions, applications, machines, models, relations, status, uniter
from pocket.services.errors import (
    CANNOT_ENTER_SCOPE,
    CANNOT_ENTER_SCOPE_YET,
    UNAUTHORIZED,
    JujuError,
)

if TYPE_CHECKING:
    from tests.unit.pocket.services.conftest import World


def test_a_new_unit_sees_its_machine_config_and_relations(world: World) -> None:
    relation = _pair(world)
    world.enter(relation, 'b/0')
    view = world.view('a/0')
    assert (view.machine, view.private_address, view.charm_url) == ('0', '10.0.0.2', 'local:a-0')
    (seen,) = view.relations
    assert (seen.endpoint, seen.role, seen.remote_application, seen.remote_endpoint) == (
        'db',
        'provider',
        'b',
        'db',
    )
    assert dict(seen.members) == {'b/0': 1}
    assert dict(seen.application_versions) == {'b': 0}
    assert not seen.in_scope
    assert uniter.view(world.tx, world.uuid, 'a/9') is None


def test_units_run_when_their_machine_runs(world: World) -> None:
    world.deploy('a', world.make_charm('a'), units=2)
    assert uniter.units_to_run(world.tx) == []
    world.start('a/1')
    host = f'juju-{world.uuid[-6:]}-1'
    assert uniter.units_to_run(world.tx) == [(world.uuid, 'a/1', host)]
    machines.set_stopped(world.tx, world.uuid, '1')
    assert uniter.units_to_run(world.tx) == []
    assert machines.get(world.tx, world.uuid, '1').agent_status.value == 'down'


def test_a_unit_waits_for_its_machine_and_then_for_its_agent(world: World) -> None:
    world.deploy('a', world.make_charm('a'))
    assert uniter.get_unit_status(world.tx, world.uuid, 'a/0').message == 'waiting for machine'
    machines.set_running(world.tx, world.uuid, '0', address='10.0.0.2')
    assert uniter.get_unit_status(world.tx, world.uuid, 'a/0').message == 'installing agent'


def test_entering_scope_writes_addresses_once(world: World) -> None:
    relation = _pair(world)
    world.enter(relation, 'a/0')
    uniter.commit(
        world.tx, world.uuid, 'a/0', HookChanges(unit_settings={relation: {'k': 'v'}}), '{"done": 1}'
    )
    world.enter(relation, 'a/0')
    settings = uniter.unit_settings(world.tx, world.uuid, relation, 'a/0')
    assert settings == {
        'egress-subnets': '10.0.0.2/32',
        'ingress-address': '10.0.0.2',
        'private-address': '10.0.0.2',
        'k': 'v',
    }
    assert world.view('a/0').agent_state == '{"done": 1}'


def test_versions_grow_with_effective_changes_only(world: World) -> None:
    relation = _pair(world)
    world.enter(relation, 'a/0', 'b/0')
    uniter.claim_leadership(world.tx, world.uuid, 'a/0')
    seen: list[tuple[int, int]] = []
    for value in ('1', '1', '2', '', ''):
        changes = HookChanges(
            unit_settings={relation: {'k': value}}, application_settings={relation: {'k': value}}
        )
        uniter.commit(world.tx, world.uuid, 'a/0', changes, '')
        view = world.view('b/0').relations[0]
        seen.append((view.members['a/0'], view.application_versions['a']))
    assert seen == [(2, 1), (2, 1), (3, 2), (4, 3), (4, 3)]
    assert 'k' not in uniter.unit_settings(world.tx, world.uuid, relation, 'a/0')


def test_a_unit_that_comes_back_has_new_settings(world: World) -> None:
    relation = _pair(world)
    world.enter(relation, 'a/0', 'b/0')
    uniter.leave_scope(world.tx, world.uuid, 'a/0', relation)
    world.enter(relation, 'a/0')
    assert dict(world.view('b/0').relations[0].members) == {'a/0': 2}


def test_a_refused_commit_says_why(world: World) -> None:
    relation = _pair(world)
    world.enter(relation, 'a/0')
    with pytest.raises(JujuError, match='cannot write relation settings'):
        uniter.commit(
            world.tx, world.uuid, 'a/0', HookChanges(application_settings={relation: {'k': 'v'}}), ''
        )
    with pytest.raises(JujuError, match='permission denied') as caught:
        uniter.unit_settings(world.tx, world.uuid, relation, 'b/0')
    assert caught.value.code == UNAUTHORIZED
    with pytest.raises(JujuError, match='permission denied'):
        uniter.application_settings(world.tx, world.uuid, relation, 'c')


def test_peers_see_each_other_and_the_application(world: World) -> None:
    world.deploy('a', world.make_charm('a', peers={'cluster': 'ha'}), units=3)
    world.start('a/0', 'a/1', 'a/2')
    world.enter(0, 'a/0', 'a/1')
    (seen,) = world.view('a/0').relations
    assert (seen.remote_application, seen.role, dict(seen.members)) == ('a', 'peer', {'a/1': 1})
    uniter.claim_leadership(world.tx, world.uuid, 'a/0')
    uniter.commit(world.tx, world.uuid, 'a/0', HookChanges(application_settings={0: {'secret': 'x'}}), '')
    assert [dict(world.view(u).relations[0].application_versions) for u in ('a/0', 'a/1')] == [{'a': 1}] * 2


def test_nobody_enters_what_is_dying(world: World) -> None:
    relation = _pair(world)
    world.enter(relation, 'b/0')
    relations.destroy_by_id(world.tx, world.uuid, relation)
    with pytest.raises(JujuError) as caught:
        world.enter(relation, 'a/0')
    assert caught.value.code == CANNOT_ENTER_SCOPE


def test_a_principal_creates_one_subordinate_on_its_machine(world: World) -> None:
    relation = _with_subordinate(world, units=2)
    world.enter(relation, 'a/0', 'a/0')
    record = applications.get_unit(world.tx, world.uuid, 's/0')
    assert (record.principal, record.machine) == ('a/0', '0')
    assert applications.get_unit(world.tx, world.uuid, 'a/0').subordinates == ('s/0',)
    assert world.units == ['a/0', 'a/1', 's/0']
    view = world.view('a/0').relations[0]
    assert view.implicit
    assert view.scope == 'container'


def test_container_scope_shows_the_own_counterpart_only(world: World) -> None:
    relation = _with_subordinate(world, units=2)
    world.enter(relation, 'a/0', 'a/1')
    world.start('s/0', 's/1')
    world.enter(relation, 's/0', 's/1')
    seen = {unit: list(world.view(unit).relations[0].members) for unit in world.units}
    assert seen == {'a/0': ['s/0'], 'a/1': ['s/1'], 's/0': ['a/0'], 's/1': ['a/1']}


def test_a_subordinate_has_no_part_in_another_principals_relation(world: World) -> None:
    relation = _with_subordinate(world)
    world.enter(relation, 'a/0')
    world.deploy('other', world.make_charm('other'))
    world.relate('s', 'other')
    assert [view.remote_application for view in world.view('s/0').relations] == ['a']


def test_a_principal_waits_for_an_earlier_subordinate_to_leave(world: World) -> None:
    relation = _with_subordinate(world)
    world.enter(relation, 'a/0')
    world.start('s/0')
    relations.destroy_by_id(world.tx, world.uuid, relation)
    uniter.leave_scope(world.tx, world.uuid, 'a/0', relation)
    again = world.relate('s', 'a')
    with pytest.raises(JujuError) as caught:
        world.enter(again, 'a/0')
    assert caught.value.code == CANNOT_ENTER_SCOPE_YET
    world.finish('s/0')
    world.enter(again, 'a/0')
    assert world.units == ['a/0', 's/1']


def test_the_first_claim_wins_until_the_leader_goes(world: World) -> None:
    world.deploy('a', world.make_charm('a'), units=2)
    world.start('a/0', 'a/1')
    claims = [uniter.claim_leadership(world.tx, world.uuid, unit) for unit in ('a/1', 'a/0', 'a/1')]
    assert claims == [True, False, True]
    before = world.view('a/0').leader_settings_version
    applications.destroy_unit(world.tx, world.uuid, 'a/1')
    uniter.set_dead(world.tx, world.uuid, 'a/1')
    assert not uniter.claim_leadership(world.tx, world.uuid, 'a/1'), 'a dead unit leads nobody'
    assert uniter.claim_leadership(world.tx, world.uuid, 'a/0')
    assert world.view('a/0').leader_settings_version == before + 1
    uniter.resign_leadership(world.tx, world.uuid, 'a/1')
    assert world.view('a/0').leader


def test_leader_settings_are_the_leaders(world: World) -> None:
    world.deploy('a', world.make_charm('a'), units=2)
    with pytest.raises(JujuError, match='this unit is not the leader'):
        uniter.leader_set(world.tx, world.uuid, 'a/1', {'k': 'v'})
    uniter.claim_leadership(world.tx, world.uuid, 'a/0')
    versions: list[int] = []
    for value in ('1', '1', ''):
        uniter.leader_set(world.tx, world.uuid, 'a/0', {'k': value, 'kept': 'x'})
        versions.append(world.view('a/1').leader_settings_version)
    assert versions == [2, 2, 3]
    assert uniter.leader_get(world.tx, world.uuid, 'a') == {'kept': 'x'}


@pytest.mark.parametrize('change', ['config', 'trust', 'address'])
def test_the_settings_hash_follows(world: World, change: str) -> None:
    charm = world.make_charm('a', options={'port': Option(type='int', default=80)})
    world.deploy('a', charm)
    world.start('a/0')
    before = world.view('a/0').settings_hash
    assert world.view('a/0').settings_hash == before
    if change == 'address':
        machines.set_running(world.tx, world.uuid, '0', address='10.0.0.99')
    else:
        values = {'config': {'port': '81'}, 'trust': {'trust': 'true'}}[change]
        applications.set_config(world.tx, world.uuid, 'a', values)
    assert world.view('a/0').settings_hash != before


@pytest.mark.parametrize(
    ('text', 'seconds'), [('5m', 300.0), ('10s', 10.0), ('1h30m', 5400.0), ('1.5s', 1.5)]
)
def test_the_update_status_interval_is_the_models(world: World, text: str, seconds: float) -> None:
    world.deploy('a', world.make_charm('a'))
    models.set_config(world.tx, world.uuid, {'update-status-hook-interval': text})
    assert world.view('a/0').update_status_interval_s == seconds


def test_charm_state_and_ports_are_kept_by_commit(world: World) -> None:
    world.deploy('a', world.make_charm('a'))
    web, many = PortRange(protocol='tcp', first=80, last=80), PortRange(protocol='udp', first=1, last=9)
    first = HookChanges(charm_state={'k': '', 'gone': 'x'}, open_ports=(web, many, web))
    uniter.commit(world.tx, world.uuid, 'a/0', first, '')
    assert uniter.opened_ports(world.tx, world.uuid, 'a/0') == [web, many]
    uniter.commit(
        world.tx, world.uuid, 'a/0', HookChanges(charm_state={'gone': None}, close_ports=(many,)), ''
    )
    assert uniter.opened_ports(world.tx, world.uuid, 'a/0') == [web]
    assert uniter.charm_state(world.tx, world.uuid, 'a/0') == {'k': ''}


def test_ports_of_units_on_one_machine_must_not_meet(world: World) -> None:
    world.deploy('a', world.make_charm('a'))
    world.deploy('b', world.make_charm('b'), placement=['0'])
    world.deploy('c', world.make_charm('c'))
    opened = HookChanges(open_ports=(PortRange(protocol='tcp', first=80, last=90),))
    uniter.commit(world.tx, world.uuid, 'a/0', opened, '')
    uniter.commit(world.tx, world.uuid, 'c/0', opened, '')
    clash = HookChanges(open_ports=(PortRange(protocol='tcp', first=85, last=85),))
    with pytest.raises(JujuError) as caught:
        uniter.commit(world.tx, world.uuid, 'b/0', clash, '')
    assert caught.value.message == (
        'cannot open 85/tcp (unit "b/0"): port range conflicts with 80-90/tcp (unit "a/0")'
    )


def test_ports_are_opened_for_endpoints_of_the_charm(world: World) -> None:
    world.deploy('a', world.make_charm('a', provides={'web': 'http'}))
    port = PortRange(protocol='tcp', first=80, last=80, endpoint='web')
    uniter.commit(world.tx, world.uuid, 'a/0', HookChanges(open_ports=(port,)), '')
    unknown = HookChanges(open_ports=(replace(port, endpoint='gone'),))
    with pytest.raises(JujuError, match=r'cannot open 80/tcp \(unit "a/0"\): endpoint "gone" not found'):
        uniter.commit(world.tx, world.uuid, 'a/0', unknown, '')
    assert uniter.opened_ports(world.tx, world.uuid, 'a/0') == [port]


def test_network_get_knows_the_charms_bindings(world: World) -> None:
    _pair(world)
    info = uniter.network_info(world.tx, world.uuid, 'a/0', 'db')
    assert info['ingress-addresses'] == ['10.0.0.2']
    assert info['bind-addresses'][0]['interface-name'] == 'eth0'
    assert info['bind-addresses'][0]['addresses'][0]['cidr'] == '10.0.0.0/24'
    with pytest.raises(JujuError, match='binding id "web" not defined'):
        uniter.network_info(world.tx, world.uuid, 'a/0', 'web')


def test_goal_state_lists_own_units_and_related_ones(world: World) -> None:
    world.tx.now_ms = 1_700_000_000_000
    _pair(world)
    goal = uniter.goal_state(world.tx, world.uuid, 'a/0')
    entry = {'status': 'waiting', 'since': '2023-11-14 22:13:20Z'}
    assert goal == {
        'units': {'a/0': entry},
        'relations': {'db': {'b': {**entry, 'status': 'joining'}, 'b/0': entry}},
    }
    applications.destroy_unit(world.tx, world.uuid, 'b/0')
    assert uniter.goal_state(world.tx, world.uuid, 'a/0')['relations']['db']['b/0']['status'] == 'dying'


def test_goal_state_shows_of_subordinates_those_on_the_same_principal(world: World) -> None:
    make = world.make_charm
    world.deploy('a', make('a'), units=2)
    world.deploy('s', make('s', requires={'host': 'juju-info'}, container=('host',), subordinate=True))
    relation = world.relate('s:host', 'a')
    world.start('a/0', 'a/1')
    world.enter(relation, 'a/0', 'a/1')

    def seen(unit: str) -> tuple[set[str], set[str]]:
        goal = uniter.goal_state(world.tx, world.uuid, unit)
        return set(goal['units']), {name for side in goal['relations'].values() for name in side}

    assert seen('a/0') == ({'a/0', 'a/1'}, {'s', 's/0'})
    assert seen('s/1') == ({'s/1'}, {'a', 'a/0', 'a/1'})
    uniter.set_dead(world.tx, world.uuid, 's/0')
    assert seen('a/0') == ({'a/0', 'a/1'}, {'s'})


def test_an_action_and_its_changes_are_kept_together(world: World) -> None:
    relation = _pair(world)
    world.enter(relation, 'a/0')
    (entry,) = actions.run_commands(world.tx, world.uuid, 'true', units=['a/0']).actions
    assert entry.action is not None
    uniter.start_action(world.tx, world.uuid, entry.action.id)
    uniter.log_action(world.tx, world.uuid, entry.action.id, 'half way')
    changes = HookChanges(unit_settings={relation: {'k': 'v'}})
    done = ActionResult(status='completed', results={'return-code': 0})
    uniter.finish_action(world.tx, world.uuid, entry.action.id, done, changes)
    record = actions.get(world.tx, world.uuid, entry.action.id)
    assert (record.status, record.results, record.log) == (
        'completed',
        {'return-code': 0},
        ((1_000_000, 'half way'),),
    )
    assert uniter.unit_settings(world.tx, world.uuid, relation, 'a/0')['k'] == 'v'
    assert world.view('a/0').actions == ()


def test_a_relation_is_joined_when_both_sides_are_there(world: World) -> None:
    relation = _pair(world)
    seen: list[str] = []
    for unit in ('a/0', 'b/0'):
        world.enter(relation, unit)
        seen.append(status.snapshot(world.tx, world.uuid).relations[0].status.value)
    assert seen == ['joining', 'joined']


def _pair(world: World) -> int:
    world.deploy('a', world.make_charm('a', provides={'db': 'sql'}))
    world.deploy('b', world.make_charm('b', requires={'db': 'sql'}))
    world.start('a/0', 'b/0')
    return world.relate('a', 'b')


def _with_subordinate(world: World, *, units: int = 1) -> int:
    world.deploy('a', world.make_charm('a'), units=units)
    world.deploy(
        's', world.make_charm('s', requires={'host': 'juju-info'}, container=('host',), subordinate=True)
    )
    world.start(*world.units)
    return world.relate('s', 'a')
