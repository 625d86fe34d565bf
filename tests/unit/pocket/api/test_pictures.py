"""What a watcher tells: only what changed, and all of that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pocket.api.pictures import Picture
from pocket.services import actions, annotations, machines, models, statuses, uniter
from tests.unit.pocket.services.conftest import World, open_tx
from tests.unit.pocket.services.test_invariants import Story

if TYPE_CHECKING:
    from pocket.state import Tx


def picture(uuid: str) -> Picture:
    return Picture(uuid, controller_uuid='c', arch='amd64')


def told(found: list[list[Any]]) -> dict[tuple[str, str], Any]:
    """What a client knows after deltas, by kind and what names an entity of that kind."""
    keys = {'machine': 'id', 'relation': 'id', 'action': 'id', 'model': 'model-uuid', 'charm': 'charm-url'}
    known: dict[tuple[str, str], Any] = {}
    for kind, change, document in found:
        key = (kind, str(document[keys.get(kind, 'tag' if kind == 'annotation' else 'name')]))
        if change == 'remove':
            del known[key]
        else:
            known[key] = document
    return known


@pytest.fixture
def world() -> World:
    return World(open_tx())


def test_the_first_look_tells_everything_and_the_next_one_nothing(world: World) -> None:
    world.deploy('a', world.make_charm('a', peers={'cluster': 'ha'}))
    watched = picture(world.uuid)

    kinds = [kind for kind, _, _ in watched.look(world.tx)]

    assert kinds == ['model', 'charm', 'machine', 'application', 'unit', 'relation']
    assert watched.look(world.tx) == []


def test_one_status_is_told_as_one_unit(world: World) -> None:
    world.deploy('a', world.make_charm('a'), units=3)
    watched = picture(world.uuid)
    watched.look(world.tx)

    statuses.put(world.tx, world.uuid, 'workload', 'a/1', 'active', message='up')
    statuses.put(world.tx, world.uuid, 'workload', 'a/1', 'blocked', message='down')

    [(kind, change, document)] = watched.look(world.tx)
    assert (kind, change, document['name']) == ('unit', 'change', 'a/1')
    assert document['workload-status']['message'] == 'down'


def test_what_a_unit_has_from_others_is_told_when_they_change(world: World) -> None:
    world.deploy('a', world.make_charm('a'), units=2)
    watched = picture(world.uuid)
    watched.look(world.tx)

    machines.set_running(world.tx, world.uuid, '0', address='10.0.0.7')

    found = {
        (kind, str(document.get('id') or document['name'])) for kind, _, document in watched.look(world.tx)
    }
    assert found == {('machine', '0'), ('unit', 'a/0')}


def test_actions_options_and_notes_are_told(world: World) -> None:
    world.deploy('a', world.make_charm('a', actions={'go': {}}))
    world.start('a/0')
    watched = picture(world.uuid)
    watched.look(world.tx)

    request = actions.ActionRequest(receiver='a/0', name='go', parameters={})
    done = actions.enqueue(world.tx, world.uuid, [request])
    models.set_config(world.tx, world.uuid, {'logging-config': 'x'})
    annotations.change(world.tx, world.uuid, 'application-a', {'note': 'x'})

    found = {kind: document for kind, _, document in watched.look(world.tx)}
    assert sorted(found) == ['action', 'annotation', 'model']
    assert (found['action']['name'], found['action']['status']) == ('go', 'pending')
    assert found['annotation']['annotations'] == {'note': 'x'}
    assert done.operation


def test_what_goes_is_told_and_so_is_a_model_that_goes(world: World) -> None:
    world.deploy('a', world.make_charm('a'))
    world.start('a/0')
    watched = picture(world.uuid)
    watched.look(world.tx)
    models.destroy(world.tx, world.uuid)
    world.finish('a/0')
    removed = [kind for kind, change, _ in watched.look(world.tx) if change == 'remove']
    assert removed == ['unit', 'application']

    for machine in machines.removable(world.tx):
        machines.remove(world.tx, world.uuid, machine.id)

    assert [change for _, change, _ in watched.look(world.tx)] == ['remove'] * 3


def _leave_traces(tx: Tx, story: Story, seed: int) -> None:
    """What agents do all the time, beside the events of the story."""
    for unit in story.world.units[: seed % 3]:
        uniter.set_agent_status(tx, story.world.uuid, unit, 'executing', f'turn {seed}')
        statuses.put(tx, story.world.uuid, 'application', unit.partition('/')[0], 'active', message=str(seed))


@settings(max_examples=40, deadline=None)
@given(events=st.lists(st.tuples(st.integers(0, 15), st.integers(0, 2**16)), max_size=40))
def test_in_any_story_a_client_that_follows_knows_what_a_new_one_is_told(
    events: list[tuple[int, int]],
) -> None:
    world = World(open_tx())
    try:
        story, follower, heard = Story(world), picture(world.uuid), list[list[Any]]()
        story.happen(0, 0)
        for event, seed in events:
            story.happen(event, seed)
            _leave_traces(world.tx, story, seed)
            heard += follower.look(world.tx)
            if seed % 4 == 0:
                assert told(heard) == told(picture(world.uuid).look(world.tx))
        heard += follower.look(world.tx)
        assert told(heard) == told(picture(world.uuid).look(world.tx))
    finally:
        world.tx.db.close()
