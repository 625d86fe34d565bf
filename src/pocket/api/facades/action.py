"""Action: actions and commands on units and machines, grouped in operations."""

from __future__ import annotations

import json

from pocket.api import encode
from pocket.api.facade import Call, Facade, each
from pocket.api.facades import charms
from pocket.api.fields import Fields, untag
from pocket.api.rpc import Json, error_object
from pocket.api.watchers import StringsWatcher
from pocket.services import actions, applications, machines
from pocket.services.actions import (
    ActionRecord,
    ActionRequest,
    Enqueued,
    EnqueuedOperation,
    OperationRecord,
)
from pocket.services.errors import JujuError
from pocket.state import State


async def enqueue_operation(call: Call) -> Json:
    """Action.EnqueueOperation."""
    requests = [_request(action) for action in call.params.children('actions')]
    return _enqueued(await call.write(actions.enqueue, call.model_uuid, requests))


async def run(call: Call) -> Json:
    """Action.Run: a command, on units and machines."""
    params = call.params
    done = await call.write(
        actions.run_commands,
        call.model_uuid,
        params.text('commands'),
        timeout_ns=params.number('timeout'),
        units=params.texts('units'),
        applications=params.texts('applications'),
        machines=params.texts('machines'),
        parallel=params.flag('parallel', default=True),
        execution_group=params.text('execution-group'),
    )
    return _enqueued(done)


async def run_on_all_machines(call: Call) -> Json:
    """Action.RunOnAllMachines."""
    done = await call.write(
        actions.run_commands,
        call.model_uuid,
        call.params.text('commands'),
        timeout_ns=call.params.number('timeout'),
        machines=[machine.id for machine in call.read(machines.list_, call.model_uuid)],
    )
    return _enqueued(done)


async def get_actions(call: Call) -> Json:
    """Action.Actions."""

    async def one(tag: str) -> Json:
        return _result(call.read(actions.get, call.model_uuid, untag('action', tag)))

    return {'results': await each(_tags(call.params), one)}


async def cancel(call: Call) -> Json:
    """Action.Cancel: at once while it waits, at the machine's leisure while it runs."""

    async def one(tag: str) -> Json:
        return _result(await call.write(actions.cancel, call.model_uuid, untag('action', tag)))

    return {'results': await each(_tags(call.params), one)}


async def get_operations(call: Call) -> Json:
    """Action.Operations."""

    async def one(tag: str) -> Json:
        return _operation(call.read(actions.get_operation, call.model_uuid, untag('operation', tag)))

    return {'results': await each(_tags(call.params), one)}


async def list_operations(call: Call) -> Json:
    """Action.ListOperations."""
    params = call.params
    limit = params.number('limit')
    # One more than was asked for tells whether there are more.
    found = call.read(
        actions.list_operations,
        call.model_uuid,
        applications=params.texts('applications'),
        units=params.texts('units'),
        machines=params.texts('machines'),
        names=params.texts('actions'),
        statuses=params.texts('status'),
        offset=params.number('offset'),
        limit=limit + 1 if limit else 0,
    )
    shown = found[:limit] if limit else found
    return {'results': [_operation(record) for record in shown], 'truncated': len(shown) < len(found)}


async def charms_actions(call: Call) -> Json:
    """Action.ApplicationsCharmsActions."""

    async def one(tag: str) -> Json:
        record = call.read(applications.get, call.model_uuid, untag('application', tag))
        return {'application-tag': tag, 'actions': charms.actions(record.charm.charm)}

    return {'results': await each(_tags(call.params), one)}


async def watch_actions_progress(call: Call) -> Json:
    """Action.WatchActionsProgress: what actions log while they run."""

    async def one(tag: str) -> Json:
        progress = Progress(call.controller.state, call.model_uuid, untag('action', tag))
        changes = progress.news()
        watcher = StringsWatcher(call.controller.state, call.model_uuid, progress.news)
        return {'watcher-id': call.session.hold(watcher), 'changes': changes}

    return {'results': await each(_tags(call.params), one)}


class Progress:
    """Remembers how much of an action's log its watcher was told."""

    def __init__(self, state: State, model_uuid: str, action_id: str) -> None:
        self._state = state
        self._model_uuid = model_uuid
        self._action_id = action_id
        self._told = 0

    def news(self) -> list[str]:
        """The messages that were not told yet, each a JSON document of its own."""
        lines = self._state.read(actions.get, self._model_uuid, self._action_id).log[self._told :]
        self._told += len(lines)
        return [json.dumps(_message(line)) for line in lines]


def _request(action: Fields) -> ActionRequest:
    tag = action.text('receiver')
    machine = tag.startswith('machine-')
    if machine:
        receiver = untag('machine', tag)
    elif tag.startswith('unit-'):
        receiver = untag('unit', tag)
    else:
        receiver = tag  # app/leader
    return ActionRequest(
        receiver=receiver,
        name=action.text('name'),
        parameters=action.map('parameters'),
        machine=machine,
        parallel=action.flag('parallel') if 'parallel' in action else None,
        execution_group=action.text('execution-group') or None,
    )


def _tags(params: Fields) -> list[str]:
    return [entity.text('tag') for entity in params.children('entities')]


def _enqueued(operation: EnqueuedOperation) -> Json:
    return {
        'operation': f'operation-{operation.operation}',
        'actions': [_enqueued_action(enqueued) for enqueued in operation.actions],
    }


def _enqueued_action(enqueued: Enqueued) -> Json:
    if enqueued.action is None:
        return {'error': error_object(JujuError(enqueued.error, enqueued.code))}
    return _result(enqueued.action)


def _operation(record: OperationRecord) -> Json:
    reply: Json = {
        'operation': f'operation-{record.id}',
        'summary': record.summary,
        'status': record.status,
        'actions': [_result(action) for action in record.actions],
        **_times(record.enqueued_ms, record.started_ms, record.completed_ms),
    }
    return {**reply, 'fail': record.fail} if record.fail else reply


def _result(action: ActionRecord) -> Json:
    return {
        'action': {
            'tag': f'action-{action.id}',
            'receiver': action.receiver_tag,
            'name': action.name,
            'parameters': dict(action.parameters),
        },
        'status': action.status,
        'message': action.message,
        'log': [_message(line) for line in action.log],
        'output': dict(action.results),
        **_times(action.enqueued_ms, action.started_ms, action.completed_ms),
    }


def _message(line: tuple[int, str]) -> Json:
    return {'timestamp': encode.timestamp(line[0]), 'message': line[1]}


def _times(enqueued_ms: int, started_ms: int, completed_ms: int) -> Json:
    return {
        'enqueued': encode.timestamp(enqueued_ms),
        'started': encode.timestamp(started_ms),
        'completed': encode.timestamp(completed_ms),
    }


FACADE = Facade(
    name='Action',
    versions=(7,),
    methods={
        'Actions': get_actions,
        'ApplicationsCharmsActions': charms_actions,
        'Cancel': cancel,
        'EnqueueOperation': enqueue_operation,
        'ListOperations': list_operations,
        'Operations': get_operations,
        'Run': run,
        'RunOnAllMachines': run_on_all_machines,
        'WatchActionsProgress': watch_actions_progress,
    },
)
