"""Actions, commands and the operations that group them (juju.md 2.2, 3.8)."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from pocket.model import ActionResult, PendingAction, application_of
from pocket.services import actionparams, applications, machines, rows
from pocket.services.actionrecords import (
    ActionRecord,
    ActionRequest,
    Enqueued,
    EnqueuedOperation,
    OperationRecord,
)
from pocket.services.errors import BAD_REQUEST, NOT_FOUND, JujuError
from pocket.state import Tx

__all__ = [
    'EXEC',
    'ActionRecord',
    'ActionRequest',
    'Enqueued',
    'EnqueuedOperation',
    'OperationRecord',
    'cancel',
    'enqueue',
    'finish',
    'get',
    'get_operation',
    'list_operations',
    'log',
    'machines_with_pending',
    'pending_for_machine',
    'pending_for_unit',
    'run_commands',
    'start',
]

EXEC = 'juju-exec'
"""The name of an action that runs a command."""

_UNFINISHED = frozenset({'pending', 'running', 'aborting'})
# What an operation shows while its tasks differ: the first of these that any of them has.
_OPERATION_ORDER = ('running', 'aborting', 'pending', 'error', 'failed', 'cancelled', 'aborted', 'completed')


def enqueue(tx: Tx, uuid: str, requests: Sequence[ActionRequest]) -> EnqueuedOperation:
    """Ask for actions in one operation; one that cannot be had says so in its place.

    Raises:
        JujuError: nothing is asked for.
    """
    if not requests:
        raise JujuError('no actions specified', BAD_REQUEST)
    names = sorted({request.name for request in requests})
    receivers = ','.join(request.receiver for request in requests)
    return _enqueue(tx, uuid, requests, summary=f'{", ".join(names)} run on {receivers}')


def run_commands(
    tx: Tx,
    uuid: str,
    commands: str,
    *,
    timeout_ns: int = 0,
    units: Sequence[str] = (),
    applications: Sequence[str] = (),
    machines: Sequence[str] = (),
    parallel: bool = True,
    execution_group: str = '',
) -> EnqueuedOperation:
    """Ask for a command to be run on units, on all units of applications, and on machines.

    Raises:
        JujuError: an application is unknown, or nobody is named.
    """
    receivers = [(unit, False) for unit in units]
    for application in applications:
        receivers += [(unit, False) for unit in _units_of(tx, uuid, application)]
    receivers += [(machine, True) for machine in machines]
    if not receivers:
        raise JujuError('no receivers specified', BAD_REQUEST)
    parameters = {'command': commands, 'timeout': timeout_ns, 'workload-context': False}
    requests = [
        ActionRequest(
            receiver=receiver,
            name=EXEC,
            parameters=parameters,
            machine=machine,
            parallel=parallel,
            execution_group=execution_group,
        )
        for receiver, machine in dict.fromkeys(receivers)
    ]
    where = ','.join(request.receiver for request in requests)
    return _enqueue(tx, uuid, requests, summary=f'commands run on {where}')


def get(tx: Tx, uuid: str, action_id: str) -> ActionRecord:
    """Return an action.

    Raises:
        JujuError: there is no such action.
    """
    row = _find(tx, uuid, action_id)
    if row is None:
        raise JujuError(f'action "{action_id}" not found', NOT_FOUND)
    return _record(tx, row)


def find(tx: Tx, uuid: str, action_id: str) -> ActionRecord | None:
    """Return an action, None when there is no such one."""
    row = _find(tx, uuid, action_id)
    return None if row is None else _record(tx, row)


def get_operation(tx: Tx, uuid: str, operation_id: str) -> OperationRecord:
    """Return an operation with its tasks.

    Raises:
        JujuError: there is no such operation.
    """
    row = rows.one(tx, 'SELECT * FROM operation WHERE model_uuid = ? AND id = ?', uuid, _number(operation_id))
    if row is None:
        raise JujuError(f'operation "{operation_id}" not found', NOT_FOUND)
    return _operation(tx, row)


def list_operations(
    tx: Tx,
    uuid: str,
    *,
    applications: Sequence[str] = (),
    units: Sequence[str] = (),
    machines: Sequence[str] = (),
    names: Sequence[str] = (),
    statuses: Sequence[str] = (),
    offset: int = 0,
    limit: int = 0,
) -> list[OperationRecord]:
    """Return operations, oldest first, that have a task which meets every filter given."""

    def meets(action: ActionRecord) -> bool:
        someone = bool(applications or units or machines)
        named = (
            action.receiver in machines
            if action.machine
            else action.receiver in units or application_of(action.receiver) in applications
        )
        return (named or not someone) and (not names or action.name in names)

    found = [
        _operation(tx, row)
        for row in rows.many(tx, 'SELECT * FROM operation WHERE model_uuid = ? ORDER BY id', uuid)
    ]
    # An operation of which nothing could be enqueued has no task to meet a filter.
    wanted = [
        operation
        for operation in found
        if (not statuses or operation.status in statuses)
        and (
            any(meets(action) for action in operation.actions)
            or not (operation.actions or applications or units or machines or names)
        )
    ]
    return wanted[offset : offset + limit] if limit else wanted[offset:]


def cancel(tx: Tx, uuid: str, action_id: str) -> ActionRecord:
    """Cancel an action that waits, or have one that runs aborted; one that is over stays as it is.

    Raises:
        JujuError: there is no such action.
    """
    record = get(tx, uuid, action_id)
    if record.status == 'pending':
        _finish(tx, uuid, record.id, ActionResult(status='cancelled', message='action cancelled via the API'))
    elif record.status == 'running':
        tx.db.execute(
            "UPDATE action SET status = 'aborting' WHERE model_uuid = ? AND id = ?", (uuid, int(record.id))
        )
    tx.touch(uuid)
    return get(tx, uuid, action_id)


def pending_for_unit(tx: Tx, uuid: str, unit: str) -> list[PendingAction]:
    """Return what a unit has to run, or is running, in the order of enqueuing."""
    return _pending(tx, uuid, unit, machine=False)


def pending_for_machine(tx: Tx, uuid: str, machine_id: str) -> list[PendingAction]:
    """Return the commands that a machine has to run, or is running, in the order of enqueuing."""
    return _pending(tx, uuid, machine_id, machine=True)


def machines_with_pending(tx: Tx) -> list[tuple[str, str]]:
    """Return the running machines of every model that have commands to run."""
    found = rows.many(
        tx,
        'SELECT DISTINCT action.model_uuid, action.receiver FROM action JOIN machine'
        ' ON machine.model_uuid = action.model_uuid AND machine.id = action.receiver'
        " WHERE action.machine AND machine.running AND action.status IN ('pending', 'running', 'aborting')",
    )
    return [(str(row['model_uuid']), str(row['receiver'])) for row in found]


def start(tx: Tx, uuid: str, action_id: str) -> None:
    """Note that an action runs now; one that was cancelled meanwhile stays so.

    Raises:
        JujuError: the action is not there to be run any more.
    """
    started = tx.db.execute(
        "UPDATE action SET status = 'running', started_ms = ? WHERE model_uuid = ? AND id = ?"
        " AND status = 'pending'",
        (tx.now_ms, uuid, _number(action_id)),
    )
    if not started.rowcount:
        raise JujuError('action no longer available', 'action no longer available')
    tx.touch(uuid, 'status')


def log(tx: Tx, uuid: str, action_id: str, message: str) -> None:
    """Add a line to an action's log."""
    tx.db.execute(
        'INSERT INTO action_log SELECT model_uuid, id, (SELECT count(*) FROM action_log'
        ' WHERE model_uuid = ?1 AND action_id = ?2), ?3, ?4 FROM action WHERE model_uuid = ?1 AND id = ?2',
        (uuid, _number(action_id), tx.now_ms, message),
    )
    tx.touch(uuid, 'status')


def finish(tx: Tx, uuid: str, action_id: str, result: ActionResult) -> None:
    """Note how an action ended; an action ends once."""
    _finish(tx, uuid, action_id, result)
    tx.touch(uuid)


def _enqueue(tx: Tx, uuid: str, requests: Sequence[ActionRequest], *, summary: str) -> EnqueuedOperation:
    operation = rows.next_number(tx, uuid, 'operation', first=1)
    tx.db.execute(
        'INSERT INTO operation (model_uuid, id, summary, enqueued_ms) VALUES (?, ?, ?, ?)',
        (uuid, operation, summary, tx.now_ms),
    )
    enqueued: list[Enqueued] = []
    for request in requests:
        try:
            enqueued.append(_add(tx, uuid, operation, request))
        except JujuError as err:
            enqueued.append(Enqueued(receiver=request.receiver, error=err.message, code=err.code))
    failed = [entry.error for entry in enqueued if entry.error]
    if failed:
        tx.db.execute(
            'UPDATE operation SET fail = ? WHERE model_uuid = ? AND id = ?',
            ('; '.join(failed), uuid, operation),
        )
    tx.touch(uuid)
    return EnqueuedOperation(operation=str(operation), actions=tuple(enqueued))


def _add(tx: Tx, uuid: str, operation: int, request: ActionRequest) -> Enqueued:
    receiver, parameters, spec = _checked(tx, uuid, request)
    parallel = spec.get('parallel', False) if request.parallel is None else request.parallel
    group = spec.get('execution-group') or '' if request.execution_group is None else request.execution_group
    # Operations and actions share one sequence, as clients of Juju expect.
    number = rows.next_number(tx, uuid, 'operation', first=1)
    tx.db.execute(
        'INSERT INTO action (model_uuid, id, operation_id, receiver, machine, name, parameters, enqueued_ms,'
        ' parallel, execution_group) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        (
            *(uuid, number, operation, receiver, request.machine, request.name),
            *(rows.dumps(parameters), tx.now_ms, bool(parallel), str(group)),
        ),
    )
    return Enqueued(receiver=receiver, action=get(tx, uuid, str(number)))


def _checked(tx: Tx, uuid: str, request: ActionRequest) -> tuple[str, dict[str, Any], Mapping[str, Any]]:
    """Return the receiver, the parameters with their defaults and what the charm says of the action.

    What nobody could run is refused.
    """
    if request.machine:
        if request.name != EXEC:
            raise JujuError(
                f'cannot add action "{request.name}" to a machine; only predefined actions allowed',
                BAD_REQUEST,
            )
        receiver = machines.get(tx, uuid, request.receiver).id
        return receiver, actionparams.command(request.parameters), {}
    application, slash, number = request.receiver.partition('/')
    unit = request.receiver
    if slash and number == 'leader':
        unit = applications.leader(tx, uuid, application)
    record = applications.get_unit(tx, uuid, unit)
    if request.name == EXEC:
        return unit, actionparams.command(request.parameters), {}
    declared = applications.get(tx, uuid, record.application).charm.charm.actions
    if request.name.startswith('juju-') or request.name not in declared:
        raise JujuError(f'action "{request.name}" not defined on unit "{unit}"', NOT_FOUND)
    spec = declared[request.name]
    return unit, actionparams.checked(spec, request.parameters), spec


def _units_of(tx: Tx, uuid: str, application: str) -> list[str]:
    applications.get(tx, uuid, application)
    return [unit.name for unit in applications.list_units(tx, uuid, application)]


def _pending(tx: Tx, uuid: str, receiver: str, *, machine: bool) -> list[PendingAction]:
    found = rows.many(
        tx,
        'SELECT * FROM action WHERE model_uuid = ? AND machine = ? AND receiver = ?'
        " AND status IN ('pending', 'running', 'aborting') ORDER BY id",
        *(uuid, machine, receiver),
    )
    return [
        PendingAction(
            id=str(row['id']),
            name=str(row['name']),
            parameters=rows.loads(row['parameters']),
            cancel=row['status'] == 'aborting',
            parallel=bool(row['parallel']),
            execution_group=str(row['execution_group']),
        )
        for row in found
    ]


def _finish(tx: Tx, uuid: str, action_id: str, result: ActionResult) -> None:
    tx.db.execute(
        'UPDATE action SET status = ?, message = ?, results = ?, completed_ms = ?'
        " WHERE model_uuid = ? AND id = ? AND status IN ('pending', 'running', 'aborting')",
        (
            *(result.status, result.message, rows.dumps(result.results)),
            *(tx.now_ms, uuid, _number(action_id)),
        ),
    )


def _number(action_id: str) -> int:
    return int(action_id) if action_id.isdecimal() else -1


def _find(tx: Tx, uuid: str, action_id: str) -> sqlite3.Row | None:
    return rows.one(tx, 'SELECT * FROM action WHERE model_uuid = ? AND id = ?', uuid, _number(action_id))


def _record(tx: Tx, row: sqlite3.Row) -> ActionRecord:
    lines = rows.many(
        tx,
        'SELECT at_ms, message FROM action_log WHERE model_uuid = ? AND action_id = ? ORDER BY number',
        *(row['model_uuid'], row['id']),
    )
    return ActionRecord(
        id=str(row['id']),
        operation=str(row['operation_id']),
        receiver=str(row['receiver']),
        machine=bool(row['machine']),
        name=str(row['name']),
        parameters=rows.loads(row['parameters']),
        status=str(row['status']),
        message=str(row['message']),
        results=rows.loads(row['results']),
        log=tuple((int(line['at_ms']), str(line['message'])) for line in lines),
        enqueued_ms=int(row['enqueued_ms']),
        started_ms=int(row['started_ms']),
        completed_ms=int(row['completed_ms']),
    )


def _operation(tx: Tx, row: sqlite3.Row) -> OperationRecord:
    found = rows.many(
        tx,
        'SELECT * FROM action WHERE model_uuid = ? AND operation_id = ? ORDER BY id',
        *(row['model_uuid'], row['id']),
    )
    actions = tuple(_record(tx, action) for action in found)
    seen = {action.status for action in actions} or {'error' if row['fail'] else 'completed'}
    over = not seen & _UNFINISHED
    return OperationRecord(
        id=str(row['id']),
        summary=str(row['summary']),
        status=next(status for status in _OPERATION_ORDER if status in seen),
        fail=str(row['fail']),
        enqueued_ms=int(row['enqueued_ms']),
        started_ms=min((a.started_ms for a in actions if a.started_ms), default=0),
        completed_ms=max((a.completed_ms for a in actions), default=0) if over else 0,
        actions=actions,
    )
