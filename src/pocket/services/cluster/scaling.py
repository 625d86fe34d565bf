"""Applications on Kubernetes: how many units they have. Numbers are used again, as a StatefulSet does."""

from __future__ import annotations

import sqlite3

from pocket.model import Life
from pocket.services import constraints as constraints_
from pocket.services import life, models, rows, units
from pocket.services.errors import NOT_FOUND, NOT_SUPPORTED, NOT_VALID, JujuError
from pocket.services.storage import instances as storage_instances
from pocket.state import Tx


def scale(
    tx: Tx, uuid: str, name: str, *, to: int | None = None, change: int = 0, destroy_storage: bool = False
) -> int:
    """Have an application run on *to* units, or on *change* more or fewer, and return how many that are.

    The units with the highest numbers go.

    Args:
        destroy_storage: Keep none of the storage of units that go.

    Raises:
        JujuError: there is no such application on Kubernetes, it is dying, or it cannot have so few.
    """
    row = _row(tx, uuid, name)
    if not models.is_caas(tx, uuid):
        raise JujuError('scaling applications on a non-container model not supported', NOT_SUPPORTED)
    models.require_alive(tx, uuid, f'cannot scale application "{name}"')
    if row['life'] != Life.ALIVE:
        raise JujuError(f'cannot scale application "{name}": application is not alive')
    have = int(row['scale'] or 0)
    wanted = have + change if to is None else to
    if wanted < 0 and to is None:
        raise JujuError('cannot remove more units than currently exist', NOT_VALID)
    if wanted < 0:
        raise JujuError('scale < 0 not valid', NOT_VALID)
    _put(tx, uuid, name, wanted)
    for unit in reversed(_units(tx, uuid, name)):
        if unit['number'] >= wanted and unit['life'] == Life.ALIVE:
            life.destroy_unit(tx, uuid, str(unit['name']), destroy_storage=destroy_storage)
    settle(tx, uuid, name)
    return wanted


def start(tx: Tx, uuid: str, name: str, units: int) -> list[str]:
    """Give a new application its first units, and return their names."""
    _put(tx, uuid, name, units)
    return settle(tx, uuid, name)


def settle(tx: Tx, uuid: str, name: str) -> list[str]:
    """Make the units that an application lacks, and return their names.

    Where a pod of that name is still there, the unit waits until it is gone.
    """
    row = rows.one(tx, 'SELECT * FROM application WHERE model_uuid = ? AND name = ?', uuid, name)
    if row is None or row['life'] != Life.ALIVE:
        return []
    there = {
        str(found['pod_of'])
        for found in rows.many(tx, "SELECT pod_of FROM machine WHERE model_uuid = ? AND pod_of <> ''", uuid)
    }
    missing = [number for number in range(int(row['scale'] or 0)) if f'{name}/{number}' not in there]
    return [_add(tx, uuid, row, number) for number in missing]


def _add(tx: Tx, uuid: str, row: sqlite3.Row, number: int) -> str:
    name = str(row['name'])
    unit = f'{name}/{number}'
    pod = str(rows.next_number(tx, uuid, 'machine'))
    merged = constraints_.merge(models.get_constraints(tx, uuid), rows.loads(row['constraints']))
    tx.db.execute(
        'INSERT INTO machine (model_uuid, id, host_name, base_name, base_channel, constraints, created_ms,'
        ' pod_of) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        (
            *(uuid, pod, f'juju-{uuid[-6:]}-{pod}', row['base_name'], row['base_channel']),
            *(rows.dumps(merged), tx.now_ms, unit),
        ),
    )
    kept = storage_instances.claimed(tx, uuid, unit)
    return units.add(tx, uuid, name, machine_id=pod, number=number, attach_storage=kept)


def _put(tx: Tx, uuid: str, name: str, units: int) -> None:
    tx.db.execute('UPDATE application SET scale = ? WHERE model_uuid = ? AND name = ?', (units, uuid, name))
    tx.touch(uuid)


def _row(tx: Tx, uuid: str, name: str) -> sqlite3.Row:
    row = rows.one(tx, 'SELECT * FROM application WHERE model_uuid = ? AND name = ?', uuid, name)
    if row is None:
        raise JujuError(f'application "{name}" not found', NOT_FOUND)
    return row


def _units(tx: Tx, uuid: str, name: str) -> list[sqlite3.Row]:
    return rows.many(
        tx, 'SELECT * FROM unit WHERE model_uuid = ? AND application = ? ORDER BY number', uuid, name
    )
