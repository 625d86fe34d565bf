from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pocket.model import ActionResult
from pocket.services import actions, applications, uniter
from pocket.services.actions import ActionRequest
from pocket.services.errors import JujuError

if TYPE_CHECKING:
    from tests.unit.pocket.services.conftest import World

_SPECS = {
    'backup': {'params': {'to': {'type': 'string', 'default': '/tmp'}, 'level': {'type': 'integer'}}},
    'strict': {'params': {'x': {'type': 'string'}}, 'required': ['x'], 'additionalProperties': False},
}


def test_operations_and_actions_are_numbered_together(world: World) -> None:
    _deploy(world)
    first = actions.enqueue(world.tx, world.uuid, [_ask('a/0'), _ask('a/1')])
    second = actions.enqueue(world.tx, world.uuid, [_ask('a/0')])
    assert (first.operation, [entry.action.id for entry in first.actions if entry.action]) == (
        '1',
        ['2', '3'],
    )
    assert second.operation == '4'
    assert [action.id for action in world.view('a/0').actions] == ['2', '5']


def test_parameters_get_their_defaults(world: World) -> None:
    _deploy(world)
    request = ActionRequest(receiver='a/0', name='backup', parameters={'level': 3})
    (entry,) = actions.enqueue(world.tx, world.uuid, [request]).actions
    assert entry.action is not None
    assert entry.action.parameters == {'to': '/tmp', 'level': 3}


@pytest.mark.parametrize(
    ('request_', 'error'),
    [
        (ActionRequest(receiver='a/9', name='backup'), 'unit "a/9" not found'),
        (ActionRequest(receiver='x/leader', name='backup'), 'application "x" not found'),
        (ActionRequest(receiver='a/leader', name='backup'), 'could not determine leader for "a"'),
        (ActionRequest(receiver='a/0', name='nope'), 'action "nope" not defined on unit "a/0"'),
        (ActionRequest(receiver='a/0', name='juju-x'), 'action "juju-x" not defined on unit "a/0"'),
        (
            ActionRequest(receiver='a/0', name='strict'),
            'validation failed: (root) : "x" property is missing and required, given {}',
        ),
        (
            ActionRequest(receiver='a/0', name='strict', parameters={'x': '1', 'y': '2'}),
            'validation failed: (root) : additional property "y" is not allowed, given {"x":"1","y":"2"}',
        ),
        (ActionRequest(receiver='9', name=actions.EXEC, machine=True), 'machine 9 not found'),
    ],
)
def test_one_bad_request_does_not_spoil_the_others(world: World, request_: ActionRequest, error: str) -> None:
    _deploy(world)
    bad, good = actions.enqueue(world.tx, world.uuid, [request_, _ask('a/1')]).actions
    assert (bad.action, bad.error) == (None, error)
    assert good.action is not None


def test_the_leader_can_be_asked_for(world: World) -> None:
    _deploy(world)
    uniter.claim_leadership(world.tx, world.uuid, 'a/1')
    (entry,) = actions.enqueue(world.tx, world.uuid, [_ask('a/leader')]).actions
    assert entry.receiver == 'a/1'


def test_commands_go_to_each_unit_once_and_to_machines(world: World) -> None:
    _deploy(world)
    world.start('a/0')
    actions.run_commands(
        world.tx, world.uuid, 'uptime', units=['a/0'], applications=['a'], machines=['0'], timeout_ns=5
    )
    (action,) = world.view('a/0').actions
    assert (action.name, action.parameters['command'], action.parameters['timeout']) == (
        'juju-exec',
        'uptime',
        5,
    )
    assert len(world.view('a/1').actions) == 1
    assert actions.machines_with_pending(world.tx) == [(world.uuid, '0')]
    (command,) = actions.pending_for_machine(world.tx, world.uuid, '0')
    assert actions.get(world.tx, world.uuid, command.id).receiver_tag == 'machine-0'


def test_cancelling_depends_on_how_far_it_is(world: World) -> None:
    _deploy(world)
    for _ in range(2):
        actions.enqueue(world.tx, world.uuid, [_ask('a/0')])
    actions.start(world.tx, world.uuid, '2')
    assert actions.cancel(world.tx, world.uuid, '2').status == 'aborting'
    assert actions.cancel(world.tx, world.uuid, '4').status == 'cancelled'
    assert [(a.id, a.cancel) for a in world.view('a/0').actions] == [('2', True)]
    with pytest.raises(JujuError, match='action no longer available'):
        actions.start(world.tx, world.uuid, '4')
    actions.finish(world.tx, world.uuid, '2', ActionResult(status='aborted'))
    actions.finish(world.tx, world.uuid, '2', ActionResult(status='completed'))
    assert actions.get(world.tx, world.uuid, '2').status == 'aborted', 'an action ends once'


def test_an_operation_is_as_far_as_its_tasks(world: World) -> None:
    _deploy(world)
    actions.enqueue(world.tx, world.uuid, [_ask('a/0'), _ask('a/1')])

    def shown() -> str:
        return actions.get_operation(world.tx, world.uuid, '1').status

    seen = [shown()]
    for action_id, outcome in (('2', 'completed'), ('3', 'failed')):
        actions.start(world.tx, world.uuid, action_id)
        seen.append(shown())
        actions.finish(world.tx, world.uuid, action_id, ActionResult(status=outcome))
        seen.append(shown())
    assert seen == ['pending', 'running', 'pending', 'running', 'failed']


def test_operations_are_found_by_what_their_tasks_are(world: World) -> None:
    _deploy(world)
    actions.enqueue(world.tx, world.uuid, [_ask('a/0')])
    actions.run_commands(world.tx, world.uuid, 'true', machines=['1'])

    def ids(**filters: list[str]) -> list[str]:
        found = actions.list_operations(
            world.tx,
            world.uuid,
            applications=filters.get('applications', []),
            machines=filters.get('machines', []),
            names=filters.get('names', []),
            statuses=filters.get('statuses', []),
        )
        return [operation.id for operation in found]

    assert ids() == ['1', '3']
    assert ids(applications=['a']) == ['1']
    assert ids(machines=['1']) == ['3']
    assert ids(names=['juju-exec']) == ['3']
    assert ids(statuses=['completed']) == []


def test_a_unit_that_goes_takes_its_actions_along(world: World) -> None:
    _deploy(world)
    actions.enqueue(world.tx, world.uuid, [_ask('a/0')])
    applications.destroy_unit(world.tx, world.uuid, 'a/0')
    assert actions.get(world.tx, world.uuid, '2').status == 'cancelled'


def _ask(unit: str) -> ActionRequest:
    return ActionRequest(receiver=unit, name='backup')


def _deploy(world: World) -> None:
    world.deploy('a', world.make_charm('a', actions=_SPECS), units=2)
