"""Storage instances from deployment to the end of their data, as small stories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import pytest

from bedrock.charm import Charm
from pocket.model import HookChanges, StorageAddition
from pocket.services import applications, machines, models, refresh, uniter
from pocket.services.errors import (
    ALREADY_EXISTS,
    HAS_PERSISTENT_STORAGE,
    NOT_FOUND,
    NOT_SUPPORTED,
    STORAGE_ATTACHED,
    JujuError,
)
from pocket.services.storage import pools as storage_pools
from pocket.services.storage import provisioning
from pocket.services.storage import records as storage_records
from pocket.services.storage import requests as storage_requests
from pocket.services.storage.directives import Wanted
from pocket.services.storage.pools import Pool
from pocket.services.storage.provisioning import Task
from pocket.state import Tx

if TYPE_CHECKING:
    from tests.unit.pocket.services.conftest import World

P = ParamSpec('P')

DATA: Mapping[str, Any] = {'type': 'filesystem', 'location': '/srv/data', 'minimum-size': '2G'}
LOGS: Mapping[str, Any] = {'type': 'filesystem', 'multiple': {'range': '0-3'}}
LOOP = Wanted(pool='loop', size_mib=4096)


def _charm(world: World, **storage: Mapping[str, Any]) -> Charm:
    return replace(world.make_charm('a'), storage=storage)


def _keep(world: World) -> list[str]:
    """Do all that the keepers of storage would, and return it in words."""
    done: list[str] = []
    while True:
        for uuid, storage_id in provisioning.list_ids(world.tx):
            work = provisioning.work(world.tx, uuid, storage_id)
            assert work is not None
            match work.task:
                case Task.MOUNT:
                    provisioning.set_mounted(world.tx, uuid, storage_id, size_mib=work.size_mib)
                case Task.UNMOUNT:
                    provisioning.set_unmounted(world.tx, uuid, storage_id)
                case Task.DELETE:
                    provisioning.set_deleted(world.tx, uuid, storage_id)
                case Task.NOTHING:
                    continue
            done.append(f'{work.task.value} {storage_id}')
            break
        else:
            return done


def _shown(world: World) -> dict[str, str]:
    """Unit and status by storage id."""
    return {
        each.id: f'{each.unit} {each.status.value}'.strip()
        for each in storage_records.list_(world.tx, world.uuid)
    }


def _views(world: World, unit: str) -> dict[str, str]:
    return {each.id: each.location for each in world.view(unit).storage}


def _release_all(world: World, unit: str) -> None:
    """Let a unit's charm be done with what goes."""
    for each in world.view(unit).storage:
        if each.dying:
            uniter.release_storage(world.tx, world.uuid, unit, each.id)


Request = Callable[[Tx, str], object]


def _call(fn: Callable[Concatenate[Tx, str, P], object], *args: P.args, **kwargs: P.kwargs) -> Request:
    """*fn* with all but what it is called on."""
    return lambda tx, uuid: fn(tx, uuid, *args, **kwargs)


def test_units_get_what_the_charm_requires_from_one_counter(world: World) -> None:
    world.deploy('a', _charm(world, data=DATA, logs=LOGS), units=2, storage={'logs': Wanted(count=2)})
    assert _views(world, 'a/0') == {
        'data/0': '/srv/data',
        'logs/1': '/var/lib/juju/storage/logs/1',
        'logs/2': '/var/lib/juju/storage/logs/2',
    }
    assert list(_views(world, 'a/1')) == ['data/3', 'logs/4', 'logs/5']
    found = {each.id: each for each in storage_records.list_(world.tx, world.uuid)}
    assert (found['data/0'].pool, found['data/0'].size_mib, found['logs/1'].size_mib) == (
        'rootfs',
        2048,
        1024,
    )
    assert (found['data/0'].filesystem_id, found['data/3'].filesystem_id) == ('0/0', '1/3')
    assert applications.add_units(world.tx, world.uuid, 'a') == ['a/2']
    assert list(_views(world, 'a/2')) == ['data/6', 'logs/7', 'logs/8']


@pytest.mark.parametrize(
    ('storage', 'wanted', 'problem', 'code'),
    [
        ({}, {'data': Wanted()}, 'charm "a" has no store called "data"', NOT_FOUND),
        ({'data': DATA}, {'data': Wanted(pool='ebs')}, 'pool "ebs" not found', NOT_FOUND),
        (
            {'data': DATA},
            {'data': Wanted(count=2)},
            'charm "a" store "data": at most 1 instances supported, 2 specified',
            '',
        ),
        (
            {'data': DATA},
            {'data': Wanted(count=0)},
            'charm "a" store "data": 1 instances required, 0 specified',
            '',
        ),
        (
            {'data': DATA},
            {'data': Wanted(size_mib=1024)},
            'charm "a" store "data": minimum storage size is 2.0 GB, 1.0 GB specified',
            '',
        ),
        (
            {'disk': {'type': 'block'}},
            {},
            'charm "a" store "disk": "block" storage not supported by pocket',
            NOT_SUPPORTED,
        ),
        (
            {'data': {**DATA, 'shared': True}},
            {},
            'charm "a" store "data": shared storage support not implemented',
            NOT_SUPPORTED,
        ),
    ],
)
def test_what_cannot_be_had_is_refused_at_deployment(
    world: World, storage: Mapping[str, Any], wanted: Mapping[str, Wanted], problem: str, code: str
) -> None:
    with pytest.raises(JujuError) as caught:
        world.deploy('a', _charm(world, **storage), storage=wanted)
    assert (caught.value.message, caught.value.code) == (problem, code)
    assert storage_records.list_(world.tx, world.uuid) == []


def test_block_storage_that_nobody_asks_for_is_no_obstacle(world: World) -> None:
    world.deploy('a', _charm(world, disk={'type': 'block', 'multiple': {'range': '0-'}}))
    assert _views(world, 'a/0') == {}


def test_a_mount_that_would_hide_another_one_is_refused(world: World) -> None:
    world.deploy('a', _charm(world, data=DATA))
    below = replace(world.make_charm('b'), storage={'inner': {**DATA, 'location': '/srv/data/inner'}})
    with pytest.raises(JujuError, match='storage data/0 is mounted at "/srv/data"'):
        world.deploy('b', below, placement=['0'])


def test_storage_is_mounted_when_its_machine_runs_and_again_after_a_stop(world: World) -> None:
    world.deploy('a', _charm(world, data=DATA))
    assert _keep(world) == []
    assert not world.view('a/0').storage[0].provisioned
    world.start('a/0')
    assert _keep(world) == ['mount data/0']
    assert world.view('a/0').storage[0].provisioned
    machines.set_stopped(world.tx, world.uuid, '0')
    assert not world.view('a/0').storage[0].provisioned
    world.start('a/0')
    assert _keep(world) == ['mount data/0']


def test_a_unit_takes_its_own_storage_along_and_leaves_volumes_behind(world: World) -> None:
    world.deploy('a', _charm(world, data=DATA, logs=LOGS), storage={'data': LOOP, 'logs': Wanted(count=1)})
    world.start('a/0')
    _keep(world)
    applications.destroy_unit(world.tx, world.uuid, 'a/0')
    _release_all(world, 'a/0')
    assert _keep(world) == ['unmount data/0', 'unmount logs/1', 'delete logs/1']
    assert _shown(world) == {'data/0': 'detached'}
    world.finish('a/0')
    machines.remove(world.tx, world.uuid, '0')
    assert applications.add_units(world.tx, world.uuid, 'a', attach_storage=['data/0']) == ['a/1']
    # What is attached counts: no second one is made.
    assert _views(world, 'a/1') == {'data/0': '/srv/data', 'logs/2': '/var/lib/juju/storage/logs/2'}


def test_destroying_storage_with_its_unit_deletes_volumes_too(world: World) -> None:
    world.deploy('a', _charm(world, data=DATA), storage={'data': LOOP})
    world.start('a/0')
    _keep(world)
    applications.destroy(world.tx, world.uuid, 'a', destroy_storage=True)
    _release_all(world, 'a/0')
    assert _keep(world) == ['unmount data/0', 'delete data/0']


def test_a_unit_removed_without_its_hooks_lets_go_of_everything(world: World) -> None:
    world.deploy('a', _charm(world, data=DATA, logs=LOGS), storage={'data': LOOP, 'logs': Wanted(count=1)})
    world.start('a/0')
    _keep(world)
    applications.destroy_unit(world.tx, world.uuid, 'a/0', force=True, max_wait_ms=0)
    assert world.units == []
    assert _keep(world) == ['unmount data/0', 'unmount logs/1', 'delete logs/1']
    assert _shown(world) == {'data/0': 'detached'}


def test_a_machine_that_goes_takes_what_was_not_unmounted(world: World) -> None:
    world.deploy('a', _charm(world, data=DATA))
    world.start('a/0')
    _keep(world)
    machines.destroy(world.tx, world.uuid, '0', force=True)
    machines.remove(world.tx, world.uuid, '0')
    assert _keep(world) == ['delete data/0']
    assert _shown(world) == {}


def test_detaching_waits_for_the_charm_and_attaching_again_starts_anew(world: World) -> None:
    world.deploy('a', _charm(world, data=DATA), storage={'data': LOOP})
    world.start('a/0')
    _keep(world)
    storage_requests.detach(world.tx, world.uuid, 'data/0')
    assert _shown(world) == {'data/0': 'a/0 detaching'}
    assert _keep(world) == []
    _release_all(world, 'a/0')
    assert world.view('a/0').storage == ()
    assert _keep(world) == ['unmount data/0']
    storage_requests.attach(world.tx, world.uuid, 'data/0', 'a/0')
    assert _keep(world) == ['mount data/0']
    assert _shown(world) == {'data/0': 'a/0 attached'}
    storage_requests.detach(world.tx, world.uuid, 'data/0', force=True)
    assert _keep(world) == ['unmount data/0']


@pytest.mark.parametrize(
    ('request_', 'problem', 'code'),
    [
        (
            _call(storage_requests.detach, 'x/9'),
            'storage instance "x/9" not found',
            NOT_FOUND,
        ),
        (
            _call(storage_requests.detach, 'logs/1'),
            'detaching storage logs/1: storage is not detachable',
            NOT_SUPPORTED,
        ),
        (
            _call(storage_requests.detach, 'data/0', 'a/1'),
            'storage data/0 is not attached to unit a/1',
            NOT_FOUND,
        ),
        (
            _call(storage_requests.remove, 'data/0'),
            'cannot destroy storage "data/0": storage is attached',
            STORAGE_ATTACHED,
        ),
        (
            _call(storage_requests.remove, 'data/0', destroy_storage=False),
            'cannot release storage data/0: storage provider "loop" does not support releasing storage',
            NOT_SUPPORTED,
        ),
        (
            _call(storage_requests.attach, 'data/0', 'a/0'),
            'cannot attach storage data/0 to unit a/0: storage is attached to unit a/0',
            '',
        ),
        (
            _call(storage_requests.attach, 'data/0', 'a/9'),
            'unit "a/9" not found',
            NOT_FOUND,
        ),
        (
            _call(storage_requests.add_to_unit, 'a/0', 'tapes', Wanted()),
            'adding "tapes" storage to unit a/0: charm storage "tapes" not found',
            NOT_FOUND,
        ),
        (
            _call(storage_requests.add_to_unit, 'a/0', 'logs', Wanted(count=3)),
            (
                'adding "logs" storage to unit a/0: charm "a" store "logs":'
                ' at most 3 instances supported, 4 specified'
            ),
            '',
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else '',
)
def test_requests_that_cannot_be_met_are_refused(
    world: World, request_: Request, problem: str, code: str
) -> None:
    world.deploy('a', _charm(world, data=DATA, logs=LOGS), storage={'data': LOOP, 'logs': Wanted(count=1)})
    with pytest.raises(JujuError) as caught:
        request_(world.tx, world.uuid)
    assert (caught.value.message, caught.value.code) == (problem, code)


def test_removing_by_force_does_not_wait_for_the_charm(world: World) -> None:
    world.deploy('a', _charm(world, data=DATA))
    world.start('a/0')
    _keep(world)
    storage_requests.remove(world.tx, world.uuid, 'data/0', force=True)
    assert _keep(world) == ['unmount data/0', 'delete data/0']


def test_added_storage_is_as_the_application_has_it_unless_it_says_otherwise(world: World) -> None:
    world.deploy('a', _charm(world, logs=LOGS), storage={'logs': Wanted(pool='tmpfs', size_mib=64, count=0)})
    add = storage_requests.add_to_unit
    assert add(world.tx, world.uuid, 'a/0', 'logs', Wanted()) == ['logs/0']
    assert add(world.tx, world.uuid, 'a/0', 'logs', Wanted(pool='loop', count=1)) == ['logs/1']
    found = {each.id: (each.pool, each.size_mib) for each in storage_records.list_(world.tx, world.uuid)}
    assert found == {'logs/0': ('tmpfs', 64), 'logs/1': ('loop', 64)}


def test_what_a_hook_adds_comes_with_its_commit_or_not_at_all(world: World) -> None:
    world.deploy('a', _charm(world, logs=LOGS))
    world.start('a/0')
    two = HookChanges(storage=(StorageAddition(name='logs', count=2),))
    uniter.commit(world.tx, world.uuid, 'a/0', two, '{}')
    assert list(_shown(world)) == ['logs/0', 'logs/1']
    with pytest.raises(JujuError, match='at most 3 instances supported, 4 specified'):
        uniter.commit(world.tx, world.uuid, 'a/0', two, '{}')


def test_a_model_with_volumes_is_not_destroyed_by_mistake(world: World) -> None:
    world.deploy('a', _charm(world, data=DATA), storage={'data': LOOP})
    with pytest.raises(JujuError, match=r'persistent storage \(data/0\)') as caught:
        models.destroy(world.tx, world.uuid)
    assert caught.value.code == HAS_PERSISTENT_STORAGE
    with pytest.raises(JujuError, match='storage data/0 cannot be released'):
        models.destroy(world.tx, world.uuid, destroy_storage=False)
    models.destroy(world.tx, world.uuid, destroy_storage=True)
    machines.remove(world.tx, world.uuid, '0')
    assert models.find(world.tx, world.uuid) is not None
    assert _keep(world) == ['delete data/0']
    assert models.find(world.tx, world.uuid) is None


def test_an_upgrade_gives_what_the_new_charm_requires_and_keeps_what_is_used(world: World) -> None:
    world.deploy('a', _charm(world, data=DATA))
    url = world.upload(_charm(world, data=DATA, cache={'type': 'filesystem'}))
    refresh.set_charm(world.tx, world.uuid, 'a', charm_url=url, storage={'cache': Wanted(pool='tmpfs')})
    assert {each.id: each.pool for each in storage_records.list_(world.tx, world.uuid)} == {
        'data/0': 'rootfs',
        'cache/1': 'tmpfs',
    }
    without = world.upload(_charm(world, cache={'type': 'filesystem'}))
    with pytest.raises(JujuError, match='in-use storage "data" removed'):
        refresh.set_charm(world.tx, world.uuid, 'a', charm_url=without)


def test_pools_are_made_changed_and_removed(world: World) -> None:
    tx, uuid = world.tx, world.uuid
    storage_pools.create(tx, uuid, Pool(name='disks', provider='loop', attributes={'a': 'b'}))
    assert [pool.name for pool in storage_pools.list_(tx, uuid)] == ['disks', 'loop', 'rootfs', 'tmpfs']
    storage_pools.update(tx, uuid, Pool(name='disks', provider='', attributes={'a': '', 'c': 'd'}))
    assert storage_pools.get(tx, uuid, 'disks') == Pool(name='disks', provider='loop', attributes={'c': 'd'})
    world.deploy('a', _charm(world, data=DATA), storage={'data': Wanted(pool='disks')})
    with pytest.raises(JujuError, match='storage pool "disks" in use'):
        storage_pools.remove(tx, uuid, 'disks')
    applications.destroy(tx, uuid, 'a', destroy_storage=True)
    _keep(world)
    storage_pools.remove(tx, uuid, 'disks')
    assert 'disks' not in [pool.name for pool in storage_pools.list_(tx, uuid)]


@pytest.mark.parametrize(
    ('pool', 'problem', 'code'),
    [
        (Pool(name='loop', provider='loop'), 'storage pool "loop" already exists', ALREADY_EXISTS),
        (Pool(name='x', provider='ebs'), 'storage provider "ebs" not found', NOT_FOUND),
        (Pool(name='x', provider=''), 'provider type is missing', 'not valid'),
        (Pool(name='', provider='loop'), 'pool name is missing', 'not valid'),
        (Pool(name='no good', provider='loop'), 'pool name "no good" not valid', 'not valid'),
    ],
)
def test_pools_that_make_no_sense_are_refused(world: World, pool: Pool, problem: str, code: str) -> None:
    with pytest.raises(JujuError) as caught:
        storage_pools.create(world.tx, world.uuid, pool)
    assert (caught.value.message, caught.value.code) == (problem, code)


def test_the_model_names_the_pool_of_storage_for_which_nobody_does(world: World) -> None:
    models.set_config(world.tx, world.uuid, {'storage-default-filesystem-source': 'tmpfs'})
    world.deploy('a', _charm(world, data=DATA))
    assert [each.pool for each in storage_records.list_(world.tx, world.uuid)] == ['tmpfs']
