"""Units as rows: make them, read them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pocket.model import Life
from pocket.services import life, rows, statuses
from pocket.services.errors import NOT_FOUND, NOT_SUPPORTED, JujuError
from pocket.services.storage import instances as storage_instances
from pocket.state import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRecord:
    """One unit as its row says."""

    name: str
    application: str
    life: Life
    machine: str
    """Machine id; empty on Kubernetes."""
    principal: str
    """Empty for a principal."""
    subordinates: tuple[str, ...]
    charm_url: str
    """What it runs now; the application's when the agent has not said otherwise."""
    workload_version: str
    resolved: str
    address: str
    leader: bool
    ingress: str = ''
    """Where others reach it: on Kubernetes the service of its application, once that has an address."""
    pod: str = ''
    """Id of the row of its pod, on Kubernetes."""


_SELECT = """
    SELECT unit.*, application.charm_url AS wanted_charm_url, application.leader,
        application.service_address, machine.address,
        machine.host_name, machine.running, machine.pod_of
    FROM unit
    JOIN application ON application.model_uuid = unit.model_uuid AND application.name = unit.application
    JOIN machine ON machine.model_uuid = unit.model_uuid AND machine.id = unit.machine_id
"""


def get(tx: Tx, uuid: str, unit: str) -> UnitRecord:
    """Return a unit.

    Raises:
        JujuError: there is no such unit.
    """
    row = rows.one(tx, f'{_SELECT} WHERE unit.model_uuid = ? AND unit.name = ?', uuid, unit)
    if row is None:
        raise JujuError(f'unit "{unit}" not found', NOT_FOUND)
    return _record(row, life.subordinates_of(tx, uuid, unit))


def list_(tx: Tx, uuid: str, application: str = '') -> list[UnitRecord]:
    """Return the units of an application, or of the whole model, in natural order."""
    found = rows.many(
        tx,
        f"{_SELECT} WHERE unit.model_uuid = ?1 AND (?2 = '' OR unit.application = ?2)"
        ' ORDER BY unit.application, unit.number',
        *(uuid, application),
    )
    subordinates: dict[str, list[str]] = {}
    for row in rows.many(
        tx, "SELECT name, principal FROM unit WHERE model_uuid = ? AND principal > ''", uuid
    ):
        subordinates.setdefault(str(row['principal']), []).append(str(row['name']))
    return [_record(row, subordinates.get(str(row['name']), ())) for row in found]


def on_running_machines(tx: Tx) -> list[tuple[str, str, str]]:
    """Return model, name and host of every unit whose machine runs."""
    found = rows.many(
        tx, f'{_SELECT} WHERE machine.running ORDER BY unit.model_uuid, unit.application, unit.number'
    )
    return [(str(row['model_uuid']), str(row['name']), str(row['host_name'])) for row in found]


def add(
    tx: Tx,
    uuid: str,
    application: str,
    *,
    machine_id: str,
    principal: str = '',
    attach_storage: Sequence[str] = (),
    number: int | None = None,
) -> str:
    """Make the next unit of an application on a machine, with its storage, and return its name.

    Args:
        number: The unit's own, where numbers are given more than once.

    Raises:
        JujuError: its storage cannot be had.
    """
    if number is None:
        number = rows.next_number(tx, uuid, f'application-{application}')
    unit = f'{application}/{number}'
    tx.db.execute(
        'INSERT INTO unit (model_uuid, name, application, number, machine_id, principal)'
        ' VALUES (?, ?, ?, ?, ?, ?)',
        (uuid, unit, application, number, machine_id, principal),
    )
    ready = rows.exists(
        tx,
        "SELECT 1 FROM machine WHERE model_uuid = ? AND id = ? AND (running OR pod_of <> '')",
        *(uuid, machine_id),
    )
    waiting = statuses.INSTALLING_AGENT if ready else statuses.WAITING_FOR_MACHINE
    statuses.put(tx, uuid, 'agent', unit, 'allocating')
    statuses.put(tx, uuid, 'workload', unit, 'waiting', message=waiting)
    storage_instances.create_for_unit(tx, uuid, unit, attach=attach_storage)
    tx.touch(uuid)
    return unit


def resolve(tx: Tx, uuid: str, unit: str, *, retry: bool) -> None:
    """Tell the agent of a unit in error to run the failed hook again, or with *retry* false to skip it.

    Raises:
        JujuError: the unit is not in error, or was resolved already.
    """
    record = get(tx, uuid, unit)
    agent = statuses.get(tx, uuid, 'agent', unit)
    if agent is None or agent.value != 'error':
        raise JujuError(f'unit "{unit}" is not in an error state')
    if record.resolved:
        raise JujuError(f'cannot set resolved mode for unit "{unit}": already resolved')
    mode = 'retry-hooks' if retry else 'no-hooks'
    tx.db.execute('UPDATE unit SET resolved = ? WHERE model_uuid = ? AND name = ?', (mode, uuid, unit))
    tx.touch(uuid)


def destroy(
    tx: Tx,
    uuid: str,
    unit: str,
    *,
    force: bool = False,
    max_wait_ms: int = life.MAX_WAIT_MS,
    destroy_storage: bool = False,
) -> None:
    """Set a principal unit dying, or remove it when it has never run.

    Args:
        force: Pass over hook errors, and after *max_wait_ms* over the agent.
        destroy_storage: Keep none of its storage.

    Raises:
        JujuError: there is no such unit, or it is a subordinate.
    """
    row = life.find_unit(tx, uuid, unit)
    if row is None:
        raise JujuError(f'unit "{unit}" does not exist', NOT_FOUND)
    if get(tx, uuid, unit).pod:
        raise JujuError('removing units on a non-container model not supported', NOT_SUPPORTED)
    if row['principal']:
        raise JujuError(
            f'unit "{unit}" is a subordinate, to remove use remove-relation.'
            f' Note: this will remove all units of "{row["application"]}"'
        )
    forced_ms = tx.now_ms + max_wait_ms if force else None
    life.destroy_unit(tx, uuid, unit, forced_ms=forced_ms, destroy_storage=destroy_storage)


def _record(row: sqlite3.Row, subordinates: Iterable[str]) -> UnitRecord:
    name = str(row['name'])
    return UnitRecord(
        name=name,
        application=str(row['application']),
        life=Life(row['life']),
        machine='' if row['pod_of'] else str(row['machine_id']),
        pod=str(row['machine_id']) if row['pod_of'] else '',
        principal=str(row['principal']),
        subordinates=tuple(sorted(subordinates, key=rows.natural)),
        charm_url=str(row['charm_url'] or row['wanted_charm_url']),
        workload_version=str(row['workload_version']),
        resolved=str(row['resolved']),
        address=str(row['address']),
        ingress=str(row['service_address'] or row['address']),
        leader=row['leader'] == name,
    )
