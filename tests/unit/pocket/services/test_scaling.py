"""Applications on Kubernetes: numbers, pods, storage that comes back."""

from __future__ import annotations

import pytest

from pocket.services import applications, life, machines, units
from pocket.services.cluster import pods, scaling
from pocket.services.errors import JujuError
from tests.unit.pocket.services.conftest import World


@pytest.fixture
def world(caas: World) -> World:
    return caas


def _units(world: World) -> list[str]:
    return [unit.name for unit in units.list_(world.tx, world.uuid) if unit.life == 'alive']


def _drop(world: World, unit: str) -> None:
    """The unit's last hook has run, and its pod is gone."""
    pod = units.get(world.tx, world.uuid, unit).pod
    life.remove_unit(world.tx, world.uuid, unit)
    machines.remove(world.tx, world.uuid, pod)


def test_a_unit_has_a_pod_and_no_machine(world: World) -> None:
    world.deploy_k8s('app', units=2)
    assert _units(world) == ['app/0', 'app/1']
    assert machines.list_(world.tx, world.uuid) == []
    assert machines.wanted(world.tx) == []
    assert [(pod.unit, pod.spec.hostname) for pod in pods.wanted(world.tx)] == [
        ('app/0', 'app-0'),
        ('app/1', 'app-1'),
    ]
    assert units.get(world.tx, world.uuid, 'app/0').machine == ''
    view = world.view('app/0')
    assert view.pod
    assert view.machine == ''


@pytest.mark.parametrize(
    ('steps', 'left'),
    [
        ([{'to': 3}], ['app/0', 'app/1', 'app/2']),
        ([{'to': 3}, {'change': -1}], ['app/0', 'app/1']),
        ([{'change': 2}, {'to': 1}], ['app/0']),
        ([{'to': 0}], []),
        ([{'to': 0}, {'change': 1}], []),
    ],
    ids=lambda value: str(value),
)
def test_the_highest_numbers_go(world: World, steps: list[dict[str, int]], left: list[str]) -> None:
    world.deploy_k8s('app')
    for step in steps:
        scaling.scale(world.tx, world.uuid, 'app', to=step.get('to'), change=step.get('change', 0))
    # A unit whose pod is still there is not made again before that is gone.
    assert _units(world) == left


def test_a_number_is_used_again_once_its_pod_is_gone(world: World) -> None:
    world.deploy_k8s('app', units=2)
    scaling.scale(world.tx, world.uuid, 'app', to=1)
    scaling.scale(world.tx, world.uuid, 'app', to=2)
    assert _units(world) == ['app/0']
    (going,) = pods.removable(world.tx)
    machines.remove(world.tx, world.uuid, going.id)
    assert _units(world) == ['app/0', 'app/1']
    assert [pod.unit for pod in pods.wanted(world.tx)] == ['app/0', 'app/1']
    assert units.get(world.tx, world.uuid, 'app/1').pod != going.id


def test_a_pod_is_found_with_whether_it_is_to_go_and_is_no_machine(world: World) -> None:
    world.deploy_k8s('app', units=2)
    scaling.scale(world.tx, world.uuid, 'app', to=1)
    (stays,), (going,) = pods.wanted(world.tx), pods.removable(world.tx)
    assert pods.find(world.tx, world.uuid, stays.id) == (stays, False)
    assert pods.find(world.tx, world.uuid, going.id) == (going, True)
    assert machines.find(world.tx, world.uuid, going.id) is None
    machines.remove(world.tx, world.uuid, going.id)
    assert pods.find(world.tx, world.uuid, going.id) is None


def test_a_unit_that_runs_is_told_to_go_and_comes_back(world: World) -> None:
    world.deploy_k8s('app', units=2)
    world.start('app/0', 'app/1')
    scaling.scale(world.tx, world.uuid, 'app', to=1)
    assert units.get(world.tx, world.uuid, 'app/1').life == 'dying'
    assert pods.removable(world.tx) == []
    scaling.scale(world.tx, world.uuid, 'app', to=2)
    assert _units(world) == ['app/0']
    _drop(world, 'app/1')
    assert _units(world) == ['app/0', 'app/1']


def test_a_unit_finds_its_storage_again(world: World) -> None:
    charm = world.make_k8s_charm('app', storage={'data': {'type': 'filesystem'}})
    world.deploy_k8s('app', charm, units=2)
    before = {pod.unit: pod.spec.mounts for pod in pods.wanted(world.tx)}
    # Pods are all alike, so each has it at the same place.
    assert list(before['app/1']) == list(before['app/0']) == ['/var/lib/juju/storage/data/0']
    assert before['app/1'] != before['app/0']
    scaling.scale(world.tx, world.uuid, 'app', to=1)
    machines.remove(world.tx, world.uuid, pods.removable(world.tx)[0].id)
    scaling.scale(world.tx, world.uuid, 'app', to=2)
    assert {pod.unit: pod.spec.mounts for pod in pods.wanted(world.tx)} == before


def test_another_application_of_the_same_name_does_not_find_it(world: World) -> None:
    charm = world.make_k8s_charm('app', storage={'data': {'type': 'filesystem'}})
    world.deploy_k8s('app', charm)
    (before,) = pods.wanted(world.tx)
    applications.destroy(world.tx, world.uuid, 'app')
    machines.remove(world.tx, world.uuid, pods.removable(world.tx)[0].id)
    world.deploy_k8s('app', charm)
    (pod,) = pods.wanted(world.tx)
    assert [*pod.spec.mounts] == [*before.spec.mounts]
    assert pod.spec.mounts != before.spec.mounts


def test_storage_is_there_when_the_pod_runs(world: World) -> None:
    charm = world.make_k8s_charm('app', storage={'data': {'type': 'filesystem'}})
    world.deploy_k8s('app', charm)
    (pod,) = pods.wanted(world.tx)
    assert [each.provisioned for each in world.view('app/0').storage] == [False]
    machines.set_running(world.tx, world.uuid, pod.id, address='10.0.0.2')
    assert [each.provisioned for each in world.view('app/0').storage] == [True]


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'change': -2}, 'cannot remove more units than currently exist'),
        ({'to': -1}, 'scale < 0 not valid'),
    ],
)
def test_a_scale_that_cannot_be(world: World, change: dict[str, int], message: str) -> None:
    world.deploy_k8s('app')
    with pytest.raises(JujuError, match=message):
        scaling.scale(world.tx, world.uuid, 'app', to=change.get('to'), change=change.get('change', 0))
    assert _units(world) == ['app/0']


def test_what_is_for_machines_is_refused(world: World) -> None:
    world.deploy_k8s('app')
    with pytest.raises(JujuError, match='adding units on a non-container model not supported'):
        applications.add_units(world.tx, world.uuid, 'app')
    with pytest.raises(JujuError, match='removing units on a non-container model not supported'):
        applications.destroy_unit(world.tx, world.uuid, 'app/0')
    with pytest.raises(JujuError, match='models on Kubernetes have none'):
        machines.add(world.tx, world.uuid)
    with pytest.raises(JujuError, match='machine 0 not found'):
        machines.get(world.tx, world.uuid, '0')


def test_constraints_reach_pods(world: World) -> None:
    world.deploy_k8s('app', constraints={'mem': 512, 'cores': 2})
    (pod,) = pods.wanted(world.tx)
    assert (pod.memory_mb, pod.cores) == (512, 2)
