"""What dying drags along, as tables of small stories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pocket.services import applications, life, machines, models, relations, uniter
from pocket.services.cluster import pods
from pocket.services.errors import ALREADY_EXISTS, HAS_ASSIGNED_UNITS, HAS_SUBORDINATES, JujuError

if TYPE_CHECKING:
    from tests.unit.pocket.services.conftest import World


def test_a_unit_that_never_ran_is_removed_at_once_with_its_machine(world: World) -> None:
    world.deploy('a', world.make_charm('a'))
    applications.destroy_unit(world.tx, world.uuid, 'a/0')
    assert world.units == []
    assert world.applications == ['a']
    assert [machine.id for machine in machines.removable(world.tx)] == ['0']
    assert machines.wanted(world.tx) == []


def test_a_unit_that_ran_dies_first(world: World) -> None:
    world.deploy('a', world.make_charm('a'))
    world.start('a/0')
    applications.destroy_unit(world.tx, world.uuid, 'a/0')
    assert world.lives() == {'a/0': 'dying'}
    assert [machine.id for machine in machines.wanted(world.tx)] == ['0']
    world.finish('a/0')
    assert world.units == []
    assert [machine.id for machine in machines.removable(world.tx)] == ['0']


def test_unit_numbers_and_machine_ids_are_never_used_again(world: World) -> None:
    charm = world.make_charm('a')
    world.deploy('a', charm)
    applications.destroy_unit(world.tx, world.uuid, 'a/0')
    assert applications.add_units(world.tx, world.uuid, 'a', count=2) == ['a/1', 'a/2']
    applications.destroy(world.tx, world.uuid, 'a')
    assert world.applications == []
    assert world.deploy('a', charm) == ['a/3']
    assert applications.get_unit(world.tx, world.uuid, 'a/3').machine == '3'


def test_a_machine_stays_while_another_principal_is_on_it(world: World) -> None:
    world.deploy('a', world.make_charm('a'))
    world.deploy('b', world.make_charm('b'), placement=['0'])
    applications.destroy(world.tx, world.uuid, 'a')
    assert machines.removable(world.tx) == []
    applications.destroy(world.tx, world.uuid, 'b')
    assert [machine.id for machine in machines.removable(world.tx)] == ['0']


def test_a_machine_is_found_with_whether_it_is_to_go_and_is_no_pod(world: World) -> None:
    world.deploy('a', world.make_charm('a'))
    (machine,) = machines.wanted(world.tx)
    assert machines.find(world.tx, world.uuid, '0') == (machine, False)
    assert pods.find(world.tx, world.uuid, '0') is None
    applications.destroy(world.tx, world.uuid, 'a')
    (machine,) = machines.removable(world.tx)
    assert machines.find(world.tx, world.uuid, '0') == (machine, True)
    machines.remove(world.tx, world.uuid, '0')
    assert machines.find(world.tx, world.uuid, '0') is None


def test_an_application_goes_with_its_last_unit_and_relation(world: World) -> None:
    relation = _pair(world)
    applications.destroy(world.tx, world.uuid, 'a')
    assert relations.get(world.tx, world.uuid, relation).life == 'dying'
    with pytest.raises(JujuError, match='application already exists') as caught:
        world.deploy('a', world.make_charm('a'))
    assert caught.value.code == ALREADY_EXISTS
    world.finish('a/0')
    assert 'a' in world.applications, 'b/0 is still in the relation'
    uniter.leave_scope(world.tx, world.uuid, 'b/0', relation)
    assert (world.applications, world.relations) == (['b'], [])


def test_destroying_a_dying_application_again_is_no_error(world: World) -> None:
    _pair(world)
    for _ in range(2):
        assert applications.destroy(world.tx, world.uuid, 'a') == ['a/0']


def test_a_relation_that_nobody_entered_is_removed_at_once(world: World) -> None:
    relation = _pair(world, enter=False)
    relations.destroy_by_id(world.tx, world.uuid, relation)
    assert world.relations == []


def test_a_dying_relation_goes_with_the_last_unit_in_scope(world: World) -> None:
    relation = _pair(world)
    relations.destroy(world.tx, world.uuid, ['a', 'b'])
    uniter.leave_scope(world.tx, world.uuid, 'a/0', relation)
    assert world.relations == ['b:db a:db']
    assert uniter.unit_settings(world.tx, world.uuid, relation, 'a/0')['private-address'] == '10.0.0.2'
    uniter.leave_scope(world.tx, world.uuid, 'b/0', relation)
    assert world.relations == []


def test_the_settings_of_a_removed_unit_stay_with_the_relation(world: World) -> None:
    relation = _pair(world)
    applications.destroy_unit(world.tx, world.uuid, 'a/0')
    world.finish('a/0')
    assert uniter.unit_settings(world.tx, world.uuid, relation, 'a/0')['ingress-address'] == '10.0.0.2'
    assert world.view('b/0').relations[0].members == {}


def test_force_passes_over_hook_errors(world: World) -> None:
    world.deploy('a', world.make_charm('a'))
    world.start('a/0')
    uniter.set_agent_status(world.tx, world.uuid, 'a/0', 'error', 'hook failed: "stop"')
    applications.destroy(world.tx, world.uuid, 'a')
    assert world.view('a/0').resolved == ''
    applications.destroy(world.tx, world.uuid, 'a', force=True)
    assert world.view('a/0').resolved == 'no-hooks'
    uniter.clear_resolved(world.tx, world.uuid, 'a/0')
    uniter.set_agent_status(world.tx, world.uuid, 'a/0', 'executing')
    assert world.view('a/0').resolved == ''
    uniter.set_agent_status(world.tx, world.uuid, 'a/0', 'error', 'hook failed: "remove"')
    assert world.view('a/0').resolved == 'no-hooks', 'the next hook that fails is passed over, too'


def test_force_goes_on_without_an_agent_that_takes_too_long(world: World) -> None:
    world.deploy('a', world.make_charm('a'))
    world.start('a/0')
    applications.destroy(world.tx, world.uuid, 'a', force=True, max_wait_ms=500)
    assert life.expire_forced(world.tx) == world.tx.now_ms + 500
    assert world.lives() == {'a/0': 'dying'}
    world.tx.now_ms += 500
    assert life.expire_forced(world.tx) is None
    assert world.applications == []


def test_force_without_waiting_removes_at_once(world: World) -> None:
    _pair(world)
    applications.destroy_unit(world.tx, world.uuid, 'a/0', force=True, max_wait_ms=0)
    assert world.units == ['b/0']


def test_a_machine_with_units_is_removed_by_force_only(world: World) -> None:
    _pair(world)
    with pytest.raises(JujuError, match='machine 0 has unit "a/0" assigned') as caught:
        machines.destroy(world.tx, world.uuid, '0')
    assert caught.value.code == HAS_ASSIGNED_UNITS
    machines.destroy(world.tx, world.uuid, '0', force=True)
    assert world.units == ['b/0']
    assert [machine.id for machine in machines.removable(world.tx)] == ['0']
    machines.remove(world.tx, world.uuid, '0')
    machines.remove(world.tx, world.uuid, '0')
    assert [machine.id for machine in machines.list_(world.tx, world.uuid)] == ['1']


def test_a_model_is_there_until_its_last_machine_is_gone(world: World) -> None:
    _pair(world)
    models.destroy(world.tx, world.uuid)
    assert models.info(world.tx, world.uuid).status.value == 'destroying'
    with pytest.raises(JujuError, match='model "m" is no longer alive'):
        world.deploy('c', world.make_charm('c'))
    world.finish('a/0')
    world.finish('b/0')
    assert world.applications == []
    for machine in machines.removable(world.tx):
        machines.remove(world.tx, world.uuid, machine.id)
    assert models.list_uuids(world.tx) == []


def test_a_forced_model_waits_for_no_hook(world: World) -> None:
    _pair(world)
    uniter.set_agent_status(world.tx, world.uuid, 'a/0', 'error')
    models.destroy(world.tx, world.uuid)
    models.destroy(world.tx, world.uuid, force=True)
    assert (world.applications, world.units, world.relations) == ([], [], [])
    assert [machine.id for machine in machines.removable(world.tx)] == ['0', '1']


def test_an_empty_model_goes_at_once(world: World) -> None:
    models.destroy(world.tx, world.uuid)
    assert models.list_uuids(world.tx) == []


def test_a_principal_goes_after_its_subordinates(world: World) -> None:
    _with_subordinate(world)
    with pytest.raises(JujuError) as caught:
        uniter.set_dead(world.tx, world.uuid, 'a/0')
    assert caught.value.code == HAS_SUBORDINATES
    applications.destroy_unit(world.tx, world.uuid, 'a/0')
    assert world.lives() == {'a/0': 'dying', 's/0': 'dying'}
    world.finish('s/0')
    world.finish('a/0')
    assert world.units == []
    assert world.applications == ['a', 's']


def test_a_subordinate_that_never_ran_goes_with_the_call(world: World) -> None:
    _with_subordinate(world, started=False)
    applications.destroy_unit(world.tx, world.uuid, 'a/0')
    assert world.lives() == {'a/0': 'dying'}


def test_removing_the_relation_removes_the_subordinate(world: World) -> None:
    relation = _with_subordinate(world)
    relations.destroy(world.tx, world.uuid, ['s', 'a'])
    assert world.lives() == {'a/0': 'alive', 's/0': 'dying'}
    uniter.leave_scope(world.tx, world.uuid, 'a/0', relation)
    world.finish('s/0')
    assert (world.units, world.relations) == (['a/0'], [])
    assert machines.removable(world.tx) == []


def test_a_subordinate_stays_while_another_relation_ties_it(world: World) -> None:
    subordinate = world.make_charm(
        's', requires={'one': 'x', 'two': 'y'}, container=('one', 'two'), subordinate=True
    )
    world.deploy('a', world.make_charm('a', provides={'one': 'x', 'two': 'y'}))
    world.deploy('s', subordinate)
    world.start('a/0')
    first, second = world.relate('a:one', 's:one'), world.relate('a:two', 's:two')
    world.enter(first, 'a/0')
    world.enter(second, 'a/0')
    assert world.units == ['a/0', 's/0'], 'one subordinate for both relations'
    world.start('s/0')
    relations.destroy_by_id(world.tx, world.uuid, first)
    assert world.lives()['s/0'] == 'alive'
    relations.destroy_by_id(world.tx, world.uuid, second)
    assert world.lives()['s/0'] == 'dying'


@pytest.mark.parametrize(
    ('unit', 'message'),
    [
        ('a/7', 'unit "a/7" does not exist'),
        (
            's/0',
            (
                'unit "s/0" is a subordinate, to remove use remove-relation.'
                ' Note: this will remove all units of "s"'
            ),
        ),
    ],
)
def test_units_that_cannot_be_destroyed(world: World, unit: str, message: str) -> None:
    _with_subordinate(world)
    with pytest.raises(JujuError) as caught:
        applications.destroy_unit(world.tx, world.uuid, unit)
    assert caught.value.message == message


def _pair(world: World, *, enter: bool = True) -> int:
    world.deploy('a', world.make_charm('a', provides={'db': 'sql'}))
    world.deploy('b', world.make_charm('b', requires={'db': 'sql'}))
    world.start('a/0', 'b/0')
    relation = world.relate('a', 'b')
    if enter:
        world.enter(relation, 'a/0', 'b/0')
    return relation


def _with_subordinate(world: World, *, started: bool = True) -> int:
    world.deploy('a', world.make_charm('a'))
    world.deploy(
        's', world.make_charm('s', requires={'host': 'juju-info'}, container=('host',), subordinate=True)
    )
    world.start('a/0')
    relation = world.relate('s', 'a')
    world.enter(relation, 'a/0')
    if started:
        world.start('s/0')
        world.enter(relation, 's/0')
    return relation
