"""All that a unit's agent calls. What happens at once and what waits for a hook's success is the caller's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pocket.model import ActionResult, HookChanges, Life, PortRange, Status, UnitView, application_of
from pocket.services import (
    actions,
    derive,
    goalstate,
    leadership,
    life,
    logs,
    machines,
    network,
    rows,
    scopes,
    statuses,
    units,
    views,
)
from pocket.services.errors import HAS_SUBORDINATES, NOT_FOUND, QUOTA_LIMIT_EXCEEDED, JujuError
from pocket.services.secrets import changes as secret_changes
from pocket.services.storage import instances as storage_instances
from pocket.services.storage import requests as storage_requests
from pocket.state import Tx

_Data = Mapping[str, Any] | None

MAX_CHARM_STATE = 2 * 2**20
"""Most that the keys and values of state-set may come to, Juju's max-charm-state-size."""


def units_to_run(tx: Tx) -> list[tuple[str, str, str]]:
    """Return model uuid, name and host name of every unit whose machine runs."""
    return units.on_running_machines(tx)


def view(tx: Tx, model_uuid: str, unit: str) -> UnitView | None:
    """Return what the agent decides by, None once the unit is removed."""
    return views.view(tx, model_uuid, unit)


def save_state(tx: Tx, model_uuid: str, unit: str, agent_state: str) -> None:
    """Keep what the agent wants to find after a restart. Nobody else is woken."""
    tx.db.execute(
        'UPDATE unit SET agent_state = ? WHERE model_uuid = ? AND name = ?', (agent_state, model_uuid, unit)
    )


def set_charm(tx: Tx, model_uuid: str, unit: str, charm_url: str) -> None:
    """Note which charm the unit runs now; until then, status shows that it upgrades from another."""
    tx.db.execute(
        'UPDATE unit SET charm_url = ? WHERE model_uuid = ? AND name = ?', (charm_url, model_uuid, unit)
    )
    tx.touch(model_uuid, 'status')


def enter_scope(tx: Tx, model_uuid: str, unit: str, relation_id: int) -> None:
    """Bring the unit into a relation; for a container-scoped one a principal gets its subordinate.

    Raises:
        JujuError: it cannot enter (yet); the code says which.
    """
    scopes.enter(tx, model_uuid, unit, relation_id)


def leave_scope(tx: Tx, model_uuid: str, unit: str, relation_id: int) -> None:
    """Take the unit out of a relation; a dying relation goes with its last unit."""
    life.leave_scope(tx, model_uuid, unit, relation_id)


def claim_leadership(tx: Tx, model_uuid: str, unit: str) -> bool:
    """Take a free leadership; return whether the unit is the leader now."""
    return leadership.claim(tx, model_uuid, unit)


def resign_leadership(tx: Tx, model_uuid: str, unit: str) -> None:
    """Give leadership up, if the unit has it."""
    leadership.resign(tx, model_uuid, unit)


def ask_reboot(tx: Tx, model_uuid: str, unit: str) -> None:
    """Have the unit's machine rebooted as soon as nothing runs on it."""
    machines.ask_reboot(tx, model_uuid, unit)


def set_agent_status(
    tx: Tx, model_uuid: str, unit: str, value: str, message: str = '', data: _Data = None
) -> None:
    """Say what the agent does; a repeat changes nothing."""
    if life.find_unit(tx, model_uuid, unit) is None:
        return
    old = statuses.get(tx, model_uuid, 'agent', unit)
    statuses.put(tx, model_uuid, 'agent', unit, value, message=message, data=data)
    # The view of a unit that is removed by force depends on whether it is in error.
    if old is None or 'error' in (old.value, value):
        tx.touch(model_uuid)


def set_unit_status(
    tx: Tx, model_uuid: str, unit: str, value: str, message: str = '', data: _Data = None
) -> None:
    """Say how the workload is; a repeat changes nothing."""
    if life.find_unit(tx, model_uuid, unit) is not None:
        statuses.put(tx, model_uuid, 'workload', unit, value, message=message, data=data)


def get_unit_status(tx: Tx, model_uuid: str, unit: str) -> Status:
    """Return the workload status as the charm set it.

    Raises:
        JujuError: there is no such unit.
    """
    status = statuses.get(tx, model_uuid, 'workload', unit)
    if status is None:
        raise _gone(unit)
    return status


def set_application_status(
    tx: Tx, model_uuid: str, unit: str, value: str, message: str = '', data: _Data = None
) -> None:
    """Say how the application is.

    Raises:
        JujuError: the unit is not the leader.
    """
    leadership.require(tx, model_uuid, unit)
    application = application_of(unit)
    statuses.put(tx, model_uuid, 'application', application, value, message=message, data=data)


def get_application_status(tx: Tx, model_uuid: str, unit: str) -> tuple[Status, dict[str, Status]]:
    """Return the application's status and the workload status of each of its units.

    Raises:
        JujuError: the unit is not the leader.
    """
    leadership.require(tx, model_uuid, unit)
    application = application_of(unit)
    names = [record.name for record in units.list_(tx, model_uuid, application)]
    known = {name: get_unit_status(tx, model_uuid, name) for name in names}
    own = statuses.get(tx, model_uuid, 'application', application)
    return derive.application(own, list(known.values()), since_ms=tx.now_ms), known


def set_workload_version(tx: Tx, model_uuid: str, unit: str, version: str) -> None:
    """Keep what application-version-set said."""
    tx.db.execute(
        'UPDATE unit SET workload_version = ? WHERE model_uuid = ? AND name = ?', (version, model_uuid, unit)
    )
    tx.touch(model_uuid, 'status')


def leader_get(tx: Tx, model_uuid: str, application: str) -> dict[str, str]:
    """Return the leader settings of an application."""
    return leadership.get_settings(tx, model_uuid, application)


def leader_set(tx: Tx, model_uuid: str, unit: str, changes: Mapping[str, str]) -> None:
    """Write leader settings.

    Raises:
        JujuError: the unit is not the leader.
    """
    leadership.change_settings(tx, model_uuid, unit, changes)


def unit_settings(tx: Tx, model_uuid: str, relation_id: int, unit: str) -> dict[str, str]:
    """Return a unit's settings in a relation, also when it departed.

    Raises:
        JujuError: it was never in the relation.
    """
    return scopes.unit_settings(tx, model_uuid, relation_id, unit)


def application_settings(tx: Tx, model_uuid: str, relation_id: int, application: str) -> dict[str, str]:
    """Return an application's settings in a relation.

    Raises:
        JujuError: it is not in the relation.
    """
    return scopes.application_settings(tx, model_uuid, relation_id, application)


def charm_state(tx: Tx, model_uuid: str, unit: str) -> dict[str, str]:
    """Return what state-set has kept."""
    row = life.find_unit(tx, model_uuid, unit)
    return {} if row is None else rows.loads(row['charm_state'])


def opened_ports(tx: Tx, model_uuid: str, unit: str) -> list[PortRange]:
    """Return the unit's opened port ranges, sorted."""
    return network.opened_ports(tx, model_uuid, unit)


def network_info(
    tx: Tx, model_uuid: str, unit: str, binding: str, relation_id: int | None = None
) -> dict[str, Any]:
    """Return what network-get prints; see `network.info`.

    Raises:
        JujuError: the charm has no such binding.
    """
    return network.info(tx, model_uuid, unit, binding, relation_id)


def goal_state(tx: Tx, model_uuid: str, unit: str) -> dict[str, Any]:
    """Return what goal-state prints."""
    return goalstate.get(tx, model_uuid, unit)


def commit(tx: Tx, model_uuid: str, unit: str, changes: HookChanges, agent_state: str) -> None:
    """Keep all that a successful hook leaves behind together with the agent's state, or nothing of it.

    Raises:
        JujuError: a change is refused; then the hook has failed.
    """
    _flush(tx, model_uuid, unit, changes)
    save_state(tx, model_uuid, unit, agent_state)


def start_action(tx: Tx, model_uuid: str, action_id: str) -> None:
    """Note that an action runs.

    Raises:
        JujuError: it was cancelled meanwhile.
    """
    actions.start(tx, model_uuid, action_id)


def log_action(tx: Tx, model_uuid: str, action_id: str, message: str) -> None:
    """Add a line to an action's log."""
    actions.log(tx, model_uuid, action_id, message)


def finish_action(
    tx: Tx, model_uuid: str, action_id: str, result: ActionResult, changes: HookChanges | None = None
) -> None:
    """Keep an action's result and the changes that it made, together.

    Raises:
        JujuError: a change is refused; nothing is kept, and the caller finishes it as failed.
    """
    if changes is not None:
        _flush(tx, model_uuid, actions.get(tx, model_uuid, action_id).receiver, changes)
    actions.finish(tx, model_uuid, action_id, result)


def release_storage(tx: Tx, model_uuid: str, unit: str, storage_id: str) -> None:
    """Note that the charm is done with a storage instance: it can be unmounted."""
    storage_instances.release(tx, model_uuid, unit, storage_id)


def clear_resolved(tx: Tx, model_uuid: str, unit: str) -> None:
    """Forget what the operator said about the unit's error: it was heard."""
    tx.db.execute("UPDATE unit SET resolved = '' WHERE model_uuid = ? AND name = ?", (model_uuid, unit))
    tx.touch(model_uuid)


def set_dead(tx: Tx, model_uuid: str, unit: str) -> None:
    """Note that the unit has run its last hook.

    Raises:
        JujuError: it still has subordinates (the code says so).
    """
    if life.subordinates_of(tx, model_uuid, unit):
        raise JujuError(f'cannot set unit "{unit}" dead: unit has subordinates', HAS_SUBORDINATES)
    life.drop_leadership(tx, model_uuid, unit)
    tx.db.execute('UPDATE unit SET life = ? WHERE model_uuid = ? AND name = ?', (Life.DEAD, model_uuid, unit))
    tx.touch(model_uuid)


def remove_unit(tx: Tx, model_uuid: str, unit: str) -> None:
    """Remove the unit and what becomes empty by it: relations, application, machine, model."""
    life.remove_unit(tx, model_uuid, unit)


def append_log(tx: Tx, model_uuid: str, entity_tag: str, severity: str, module: str, message: str) -> None:
    """Add a line to the model's log."""
    logs.append(tx, model_uuid, entity=entity_tag, severity=severity, module=module, message=message)


def _flush(tx: Tx, uuid: str, unit: str, changes: HookChanges) -> None:
    row = life.find_unit(tx, uuid, unit)
    if row is None:
        raise _gone(unit)
    for relation_id, settings in changes.unit_settings.items():
        scopes.change_unit_settings(tx, uuid, relation_id, unit, settings)
    if any(changes.application_settings.values()):
        if not leadership.is_leader(tx, uuid, unit):
            raise JujuError('cannot write relation settings')
        for relation_id, settings in changes.application_settings.items():
            scopes.change_application_settings(tx, uuid, relation_id, application_of(unit), settings)
    old = rows.loads(row['charm_state'])
    new = {key: value for key, value in {**old, **changes.charm_state}.items() if value is not None}
    if new != old:
        if sum(len(key) + len(value) for key, value in new.items()) > MAX_CHARM_STATE:
            raise JujuError(f'max allowed size ({MAX_CHARM_STATE}) exceeded', QUOTA_LIMIT_EXCEEDED)
        tx.db.execute(
            'UPDATE unit SET charm_state = ? WHERE model_uuid = ? AND name = ?', (rows.dumps(new), uuid, unit)
        )
    storage_requests.add_by_hook(tx, uuid, unit, changes.storage)
    network.change_ports(tx, uuid, unit, opened=changes.open_ports, closed=changes.close_ports)
    secret_changes.apply(tx, uuid, unit, changes.secrets)


def _gone(unit: str) -> JujuError:
    return JujuError(f'unit "{unit}" not found', NOT_FOUND)
