from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pocket.services import annotations, applications, constraints, durations, life, logs, machines, models
from pocket.services.errors import ALREADY_EXISTS, MODEL_NOT_FOUND, JujuError

if TYPE_CHECKING:
    from tests.unit.pocket.services.conftest import World


def test_models_are_found_by_name_and_uuid(world: World) -> None:
    other = models.add(world.tx, name='m', owner='bob', cloud='pocket', region='r', config={})
    for given, uuid in (('m', world.uuid), ('bob/m', other), (other, other), ('admin/m', world.uuid)):
        found = models.find(world.tx, given)
        assert found is not None
        assert found.uuid == uuid
    assert models.find(world.tx, 'eve/m') is None
    with pytest.raises(JujuError) as caught:
        models.info(world.tx, 'nope')
    assert caught.value.code == MODEL_NOT_FOUND


def test_a_name_is_an_owners_once(world: World) -> None:
    with pytest.raises(JujuError) as caught:
        models.add(world.tx, name='m', owner='admin', cloud='pocket', region='', config={})
    assert caught.value.code == ALREADY_EXISTS
    with pytest.raises(JujuError, match='is not a valid name'):
        models.add(world.tx, name='M_x', owner='admin', cloud='pocket', region='', config={})


def test_options_come_with_defaults_and_types(world: World) -> None:
    def shown(name: str) -> tuple[Any, str]:
        option = models.get_config(world.tx, world.uuid)[name]
        return option.value, option.source

    assert shown('automatically-retry-hooks') == (True, 'default')
    assert shown('update-status-hook-interval') == ('5m', 'default')
    assert shown('name') == ('m', 'model')
    models.set_config(world.tx, world.uuid, {'automatically-retry-hooks': 'false', 'my-own': 'x'})
    assert shown('automatically-retry-hooks') == (False, 'model')
    assert shown('my-own') == ('x', 'model')
    models.unset_config(world.tx, world.uuid, ['automatically-retry-hooks'])
    assert shown('automatically-retry-hooks') == (True, 'default')


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'agent-version': '4.0'}, 'agent-version cannot be changed'),
        ({'name': 'x'}, 'cannot change name from "m" to "x"'),
        (
            {'automatically-retry-hooks': 'maybe'},
            'automatically-retry-hooks: expected bool, got str("maybe")',
        ),
        (
            {'update-status-hook-interval': 'soon'},
            'invalid update-status-hook-interval in model configuration: time: invalid duration "soon"',
        ),
    ],
)
def test_options_that_cannot_be_set(world: World, values: dict[str, str], message: str) -> None:
    before = models.get_config(world.tx, world.uuid)
    with pytest.raises(JujuError) as caught:
        models.set_config(world.tx, world.uuid, {'mode': 'x', **values})
    assert caught.value.message == message
    assert models.get_config(world.tx, world.uuid) == before


@pytest.mark.parametrize(
    ('text', 'seconds'),
    [
        ('5m', 300),
        ('10s', 10),
        ('1h30m', 5400),
        ('1.5s', 1.5),
        ('250ms', 0.25),
        ('-1s', -1),
        ('0', 0),
        ('', None),
        ('5', None),
        ('5 m', None),
        ('m', None),
    ],
)
def test_durations_are_read_as_go_reads_them(text: str, seconds: float | None) -> None:
    assert durations.parse_s(text) == (None if seconds is None else pytest.approx(seconds))


def test_constraints_are_shown_as_juju_shows_them() -> None:
    given = {'mem': 2048, 'cores': 2, 'arch': 'amd64', 'tags': ['a', 'b'], 'zones': None}
    assert constraints.render(given) == 'arch=amd64 cores=2 mem=2048M tags=a,b'


def test_only_the_newest_log_lines_are_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, 'KEEP', 3)
    for number in range(5):
        logs.append(
            world.tx, world.uuid, entity='unit-a-0', severity='INFO', module='m', message=f'line {number}'
        )
    assert [(line.number, line.message) for line in logs.tail(world.tx, world.uuid)] == [
        (3, 'line 2'),
        (4, 'line 3'),
        (5, 'line 4'),
    ]
    assert [line.number for line in logs.tail(world.tx, world.uuid, after=3)] == [4, 5]
    assert [line.number for line in logs.tail(world.tx, world.uuid, limit=1)] == [5]
    logs.append(world.tx, 'gone', entity='e', severity='INFO', module='m', message='x')
    assert logs.tail(world.tx, 'gone') == []


def test_annotations_are_kept_until_emptied(world: World) -> None:
    world.deploy('a', world.make_charm('a'))
    annotations.change(world.tx, world.uuid, 'application-a', {'x': '1', 'y': '2'})
    annotations.change(world.tx, world.uuid, 'application-a', {'x': ''})
    assert annotations.get(world.tx, world.uuid, 'application-a') == {'y': '2'}
    assert annotations.all_of(world.tx, world.uuid) == {'application-a': {'y': '2'}}


@pytest.mark.parametrize('tag', ['application-a', 'unit-a-0', 'machine-0', 'charm-local:a-0'])
def test_what_is_there_can_be_annotated(world: World, tag: str) -> None:
    world.deploy('a', world.make_charm('a'))
    annotations.change(world.tx, world.uuid, tag, {'x': '1'})
    assert annotations.get_checked(world.tx, world.uuid, tag) == {'x': '1'}


def test_the_model_can_be_annotated(world: World) -> None:
    annotations.change(world.tx, world.uuid, f'model-{world.uuid}', {'x': '1'})
    assert annotations.all_of(world.tx, world.uuid) == {f'model-{world.uuid}': {'x': '1'}}


@pytest.mark.parametrize(
    ('tag', 'key', 'text', 'code'),
    [
        ('application-b', 'x', 'permission denied', 'unauthorized access'),
        ('unit-a-7', 'x', 'permission denied', 'unauthorized access'),
        ('model-other', 'x', 'permission denied', 'unauthorized access'),
        ('user-admin', 'x', 'entity "user-admin" does not support annotations', 'not supported'),
        ('nonsense', 'x', '"nonsense" is not a valid tag', 'bad request'),
        (
            'application-a',
            'x.y',
            'cannot update annotations on application-a: invalid key "x.y"',
            'bad request',
        ),
    ],
)
def test_what_cannot_be_annotated_is_refused(world: World, tag: str, key: str, text: str, code: str) -> None:
    world.deploy('a', world.make_charm('a'))
    with pytest.raises(JujuError) as caught:
        annotations.change(world.tx, world.uuid, tag, {'ok': '1', key: '1'})
    assert (str(caught.value), caught.value.code) == (f'while setting annotations to "{tag}": {text}', code)
    assert annotations.all_of(world.tx, world.uuid) == {}


def test_notes_go_with_what_they_are_on(world: World) -> None:
    world.deploy('a', world.make_charm('a'))
    for tag in ('application-a', 'unit-a-0', 'machine-0'):
        annotations.change(world.tx, world.uuid, tag, {'x': '1'})
    applications.destroy(world.tx, world.uuid, 'a', force=True, max_wait_ms=0)
    life.remove_unit(world.tx, world.uuid, 'a/0')
    machines.destroy(world.tx, world.uuid, '0')
    machines.remove(world.tx, world.uuid, '0')
    assert annotations.all_of(world.tx, world.uuid) == {}


def test_the_controllers_own_model_is_made_once_and_stays(world: World) -> None:
    uuid = models.ensure_controller(world.tx, owner='admin', cloud='pocket', region='r')
    assert models.ensure_controller(world.tx, owner='admin', cloud='pocket', region='r') == uuid
    assert models.info(world.tx, uuid).is_controller
    with pytest.raises(JujuError, match='"controller" is a controller'):
        models.destroy(world.tx, uuid, force=True)
