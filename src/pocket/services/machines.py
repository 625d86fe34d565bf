"""Machines: what must run, what runs, what may go."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pocket.model import Base, Life, Status, application_of
from pocket.services import clouds, leases, life, models, rows, statuses
from pocket.services import constraints as constraints_
from pocket.services.cluster import scaling
from pocket.services.errors import HAS_ASSIGNED_UNITS, NOT_FOUND, NOT_SUPPORTED, NOT_VALID, JujuError
from pocket.services.storage import instances as storage_instances
from pocket.state import Tx

DEFAULT_BASE = Base(name='ubuntu', channel='24.04')
"""What a machine runs when nobody says: neither the charm, nor the request, nor the model's default-base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRecord:
    """One machine as its row says."""

    model_uuid: str
    id: str
    host_name: str
    """``juju-<last 6 hex of the model>-<id>``: the substrate's name for it and its instance id."""
    base: Base
    region: str = ''
    """``cloud/region`` of its model."""
    zone: str = ''
    """Availability zone; empty where the region has none."""
    life: Life
    constraints: Mapping[str, Any]
    memory_mb: int | None
    """The ``mem`` constraint."""
    cores: int | None
    address: str
    """Empty until it runs."""
    ssh_host_keys: tuple[str, ...]
    authorized_keys: tuple[str, ...]
    """From the model's option authorized-keys."""
    agent_status: Status
    instance_status: Status
    created_ms: int


def add(
    tx: Tx,
    uuid: str,
    *,
    base: Base | None = None,
    constraints: Mapping[str, Any] | None = None,
    zone: str = '',
) -> str:
    """Ask for a machine and return its id.

    Args:
        constraints: What of it is absent comes from the model's constraints.
        zone: Availability zone; by default they take turns.

    Raises:
        JujuError: the model goes away, or has no such zone.
    """
    models.require_alive(tx, uuid, 'cannot add a new machine')
    if models.is_caas(tx, uuid):
        raise JujuError('cannot add a new machine: models on Kubernetes have none', NOT_SUPPORTED)
    merged = constraints_.merge(models.get_constraints(tx, uuid), constraints or {})
    chosen = base or default_base(tx, uuid)
    machine_id = str(rows.next_number(tx, uuid, 'machine'))
    tx.db.execute(
        'INSERT INTO machine (model_uuid, id, host_name, base_name, base_channel, zone, constraints,'
        ' created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        (
            uuid,
            machine_id,
            f'juju-{uuid[-6:]}-{machine_id}',
            chosen.name,
            chosen.channel,
            _zone(tx, uuid, int(machine_id), zone, merged),
            rows.dumps(merged),
            tx.now_ms,
        ),
    )
    statuses.put(tx, uuid, 'machine', machine_id, 'pending')
    statuses.put(tx, uuid, 'instance', machine_id, 'pending')
    tx.touch(uuid)
    return machine_id


def destroy(tx: Tx, uuid: str, machine_id: str, *, force: bool = False) -> None:
    """Set a machine dying.

    Args:
        force: Remove its units first, without waiting for their hooks.

    Raises:
        JujuError: there is no such machine, or units are on it.
    """
    get(tx, uuid, machine_id)
    on_it = rows.many(tx, 'SELECT name FROM unit WHERE model_uuid = ? AND machine_id = ?', uuid, machine_id)
    if on_it and not force:
        first = min((str(row['name']) for row in on_it), key=rows.natural)
        raise JujuError(f'machine {machine_id} has unit "{first}" assigned', HAS_ASSIGNED_UNITS)
    life.destroy_machine(tx, uuid, machine_id)


def get(tx: Tx, uuid: str, machine_id: str) -> MachineRecord:
    """Return a machine.

    Raises:
        JujuError: there is no such machine.
    """
    found = find(tx, uuid, machine_id)
    if found is None:
        raise JujuError(f'machine {machine_id} not found', NOT_FOUND)
    return found[0]


def list_(tx: Tx, uuid: str) -> list[MachineRecord]:
    """Return the machines of a model in natural order."""
    found = rows.many(tx, f'{_SELECT} WHERE {_MACHINES} AND model_uuid = ?', uuid)
    return [_record(tx, row) for row in sorted(found, key=lambda row: rows.natural(row['id']))]


def wanted(tx: Tx) -> list[MachineRecord]:
    """Return the machines of every model that must run: all that are not `removable`."""
    return [_record(tx, row) for row in rows.many(tx, f'{_SELECT} WHERE {_MACHINES} AND wanted {_ORDER}')]


def removable(tx: Tx) -> list[MachineRecord]:
    """Return the machines of every model whose host must go: they are dying and no unit is left on them."""
    return [_record(tx, row) for row in rows.many(tx, f'{_SELECT} WHERE {_MACHINES} AND NOT wanted {_ORDER}')]


def find(tx: Tx, uuid: str, machine_id: str) -> tuple[MachineRecord, bool] | None:
    """Return a machine and whether it is `removable`; nothing when there is none (any more)."""
    row = rows.one(tx, f'{_SELECT} WHERE {_MACHINES} AND {_ONE}', uuid, machine_id)
    return None if row is None else (_record(tx, row), not row['wanted'])


_SELECT = """
    SELECT machine.*, model.cloud, model.region, model.config AS model_config,
        machine.life = 'alive' OR EXISTS (
            SELECT 1 FROM unit WHERE unit.model_uuid = machine.model_uuid AND unit.machine_id = machine.id
        ) AS wanted
    FROM machine JOIN model ON model.uuid = machine.model_uuid
"""
_MACHINES = "pod_of = ''"
_ONE = 'machine.model_uuid = ? AND machine.id = ?'
_ORDER = 'ORDER BY machine.created_ms, model_uuid, id'


def set_provisioning(tx: Tx, uuid: str, machine_id: str, message: str = '') -> None:
    """Note that the host is being made or started."""
    if _update(tx, uuid, machine_id, running=False):
        statuses.put(tx, uuid, 'instance', machine_id, 'allocating', message=message)


def set_running(
    tx: Tx,
    uuid: str,
    machine_id: str,
    *,
    address: str,
    ssh_host_keys: tuple[str, ...] = (),
    note: str = '',
    boot_id: str = '',
) -> None:
    """Note that the host runs at *address*; from now on agents may use it.

    Args:
        note: What of the wanted machine the host is not; shown with its status.
        boot_id: Names this run of the host: hooks are told of a new one.
    """
    if not _update(tx, uuid, machine_id, running=True, address=address, ssh_host_keys=ssh_host_keys):
        return
    booted = tx.db.execute(
        'UPDATE machine SET boot_id = ?1 WHERE model_uuid = ?2 AND id = ?3 AND boot_id <> ?1',
        (boot_id, uuid, machine_id),
    )
    if booted.rowcount:
        tx.touch(uuid)
    storage_instances.pod_started(tx, uuid, machine_id)
    leases.machine_is_back(tx, uuid, machine_id)
    statuses.put(tx, uuid, 'machine', machine_id, 'started')
    statuses.put(tx, uuid, 'instance', machine_id, 'running', message=note or 'Running')
    for row in rows.many(
        tx, 'SELECT name FROM unit WHERE model_uuid = ? AND machine_id = ?', uuid, machine_id
    ):
        unit = str(row['name'])
        workload = statuses.get(tx, uuid, 'workload', unit)
        if workload is not None and workload.message == statuses.WAITING_FOR_MACHINE:
            statuses.put(tx, uuid, 'workload', unit, 'waiting', message=statuses.INSTALLING_AGENT)


def set_failed(tx: Tx, uuid: str, machine_id: str, message: str) -> None:
    """Note that the host cannot be made, and why."""
    if _update(tx, uuid, machine_id, running=False):
        statuses.put(tx, uuid, 'instance', machine_id, 'provisioning error', message=message)


def set_stopped(tx: Tx, uuid: str, machine_id: str, message: str = '') -> None:
    """Note that the host does not run any more; its units' agents stop until it does."""
    if _update(tx, uuid, machine_id, running=False):
        down = message or 'agent is not communicating with the server'
        statuses.put(tx, uuid, 'machine', machine_id, 'down', message=down)
        leases.machine_is_lost(tx, uuid, machine_id)


def ask_reboot(tx: Tx, uuid: str, unit: str) -> None:
    """Have the machine of *unit* rebooted: no hook runs on it until then."""
    tx.db.execute(
        'UPDATE machine SET reboot_from = boot_id WHERE model_uuid = ?1 AND id ='
        ' (SELECT machine_id FROM unit WHERE model_uuid = ?1 AND name = ?2)',
        (uuid, unit),
    )
    tx.touch(uuid)


def wants_reboot(tx: Tx, uuid: str, machine_id: str) -> bool:
    """Whether a hook has asked for a reboot of this run of the machine."""
    return rows.exists(
        tx,
        "SELECT 1 FROM machine WHERE model_uuid = ? AND id = ? AND boot_id <> '' AND boot_id = reboot_from",
        *(uuid, machine_id),
    )


def remove(tx: Tx, uuid: str, machine_id: str) -> None:
    """Drop the record of a `removable` machine or pod whose host is gone; may be called again."""
    row = rows.one(tx, 'SELECT pod_of FROM machine WHERE model_uuid = ? AND id = ?', uuid, machine_id)
    life.remove_machine(tx, uuid, machine_id)
    if row is not None and row['pod_of']:
        # A unit of the same name may have been waiting for that.
        scaling.settle(tx, uuid, application_of(str(row['pod_of'])))


def default_base(tx: Tx, uuid: str) -> Base:
    """Return the model's default-base, or `DEFAULT_BASE`."""
    return Base.parse(str(models.option(tx, uuid, 'default-base') or '')) or DEFAULT_BASE


def _zone(tx: Tx, uuid: str, number: int, wanted: str, constraints: Mapping[str, Any]) -> str:
    """The zone of a new machine: what was asked for, else those of the region in turn."""
    model = models.info(tx, uuid)
    known = clouds.zones(tx, model.cloud, model.region)
    asked: list[str] = [wanted] if wanted else list(constraints.get('zones') or ())
    for zone in asked:
        if zone not in known:
            raise JujuError(f'availability zone "{zone}" not valid', NOT_VALID)
    choice = asked or known
    return choice[number % len(choice)] if choice else ''


def _update(
    tx: Tx,
    uuid: str,
    machine_id: str,
    *,
    running: bool,
    address: str = '',
    ssh_host_keys: tuple[str, ...] = (),
) -> bool:
    """Write what is known of a host; False when the machine is gone. A stopped one keeps its address."""
    row = rows.one(tx, 'SELECT * FROM machine WHERE model_uuid = ? AND id = ?', uuid, machine_id)
    if row is None:
        return False
    if not running:
        storage_instances.machine_stopped(tx, uuid, machine_id)
    old = (row['running'], row['address'], row['ssh_host_keys'])
    keys = rows.dumps(ssh_host_keys) if ssh_host_keys else str(row['ssh_host_keys'])
    new = (int(running), address or str(row['address']), keys)
    if new != old:
        tx.db.execute(
            'UPDATE machine SET running = ?, address = ?, ssh_host_keys = ? WHERE model_uuid = ? AND id = ?',
            (*new, uuid, machine_id),
        )
        tx.touch(uuid)
    return True


def _record(tx: Tx, row: sqlite3.Row) -> MachineRecord:
    uuid, machine_id = str(row['model_uuid']), str(row['id'])
    constraints = rows.loads(row['constraints'])
    keys = str(rows.loads(row['model_config']).get('authorized-keys') or '')
    unknown = Status(value='unknown', since_ms=int(row['created_ms']))
    return MachineRecord(
        model_uuid=uuid,
        id=machine_id,
        host_name=str(row['host_name']),
        base=Base(name=row['base_name'], channel=row['base_channel']),
        region=f'{row["cloud"]}/{row["region"]}',
        zone=str(row['zone']),
        life=Life(row['life']),
        constraints=constraints,
        memory_mb=constraints_.whole(constraints, 'mem'),
        cores=constraints_.whole(constraints, 'cores'),
        address=str(row['address']),
        ssh_host_keys=tuple(json.loads(row['ssh_host_keys'])),
        authorized_keys=tuple(line.strip() for line in keys.splitlines() if line.strip()),
        agent_status=statuses.get(tx, uuid, 'machine', machine_id) or unknown,
        instance_status=statuses.get(tx, uuid, 'instance', machine_id) or unknown,
        created_ms=int(row['created_ms']),
    )
