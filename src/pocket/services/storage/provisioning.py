"""The work that storage waits for, and what its keeper says was done of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from pocket.model import Life
from pocket.services import annotations, life, rows, statuses
from pocket.services.storage import instances, pools
from pocket.state import Tx


class Task(enum.Enum):
    """What is next to be done about one storage instance."""

    NOTHING = 'nothing'
    MOUNT = 'mount'
    UNMOUNT = 'unmount'
    DELETE = 'delete'


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One instance with what is to be done about it."""

    task: Task
    id: str
    provider: str
    key: str
    """Names its data on this host."""
    size_mib: int
    host_name: str = ''
    """The machine that it is attached to."""
    location: str = ''
    read_only: bool = False
    destroy: bool = False
    """Its data goes with the attachment."""


_SELECT = """
    SELECT s.*, a.life AS attachment, a.location, a.read_only, a.provisioned, a.unit,
        m.host_name, m.running, m.pod_of
    FROM storage s
    LEFT JOIN storage_attachment a ON a.model_uuid = s.model_uuid AND a.storage_id = s.id
    LEFT JOIN machine m ON m.model_uuid = a.model_uuid AND m.id = a.machine_id
"""


def list_ids(tx: Tx) -> list[tuple[str, str]]:
    """Return model and id of every storage instance."""
    found = rows.many(tx, 'SELECT model_uuid, id FROM storage ORDER BY model_uuid, number')
    return [(str(row['model_uuid']), str(row['id'])) for row in found]


def volumes(tx: Tx) -> frozenset[str]:
    """Return the keys of all data that is kept apart from machines."""
    found = rows.many(tx, 'SELECT model_uuid, number, provider FROM storage')
    return frozenset(
        key(str(row['model_uuid']), int(row['number']))
        for row in found
        if pools.outlives_unit(str(row['provider']))
    )


def work(tx: Tx, uuid: str, storage_id: str) -> Work | None:
    """Return what is to be done about an instance, None when it is gone."""
    row = rows.one(tx, f'{_SELECT} WHERE s.model_uuid = ? AND s.id = ?', uuid, storage_id)
    if row is None:
        return None
    running = bool(row['running'])
    task = Task.NOTHING
    if row['pod_of']:
        # Storage of a pod comes and goes with it.
        pass
    elif row['attachment'] is None:
        task = Task.DELETE if row['life'] == Life.DEAD else Task.NOTHING
    elif row['attachment'] == Life.DEAD:
        task = Task.UNMOUNT
    elif running and not row['provisioned'] and row['attachment'] == Life.ALIVE:
        task = Task.MOUNT
    return Work(
        task=task,
        id=storage_id,
        provider=str(row['provider']),
        key=key(uuid, int(row['number'])),
        size_mib=int(row['size_mib']),
        host_name=str(row['host_name'] or ''),
        location=str(row['location'] or ''),
        read_only=bool(row['read_only']),
        destroy=row['life'] != Life.ALIVE,
    )


def set_mounted(tx: Tx, uuid: str, storage_id: str, *, size_mib: int) -> None:
    """Note that an instance is there for its unit."""
    changed = tx.db.execute(
        'UPDATE storage_attachment SET provisioned = 1'
        " WHERE model_uuid = ? AND storage_id = ? AND life = 'alive'",
        (uuid, storage_id),
    )
    if not changed.rowcount:
        return
    tx.db.execute(
        'UPDATE storage SET size_mib = ? WHERE model_uuid = ? AND id = ?', (size_mib, uuid, storage_id)
    )
    statuses.put(tx, uuid, 'storage', storage_id, 'attached')
    tx.touch(uuid)


def set_unmounted(tx: Tx, uuid: str, storage_id: str) -> None:
    """Note that an instance is mounted nowhere any more."""
    tx.db.execute(
        "DELETE FROM storage_attachment WHERE model_uuid = ? AND storage_id = ? AND life = 'dead'",
        (uuid, storage_id),
    )
    instances.settle(tx, uuid, storage_id)


def set_deleted(tx: Tx, uuid: str, storage_id: str) -> None:
    """Drop an instance whose data is gone."""
    tx.db.execute('DELETE FROM storage WHERE model_uuid = ? AND id = ?', (uuid, storage_id))
    annotations.forget(tx, uuid, f'storage-{storage_id.replace("/", "-")}')
    statuses.forget(tx, uuid, storage_id, 'storage')
    tx.touch(uuid)
    life.remove_model_if_empty(tx, uuid)


def set_failed(tx: Tx, uuid: str, storage_id: str, message: str) -> None:
    """Note why an instance cannot be had; it will be tried again."""
    if rows.exists(tx, 'SELECT 1 FROM storage WHERE model_uuid = ? AND id = ?', uuid, storage_id):
        statuses.put(tx, uuid, 'storage', storage_id, 'error', message=message)


def key(uuid: str, number: int) -> str:
    """Return what names the data of a model's instance *number* on this host."""
    return f'{uuid}-{number}'
