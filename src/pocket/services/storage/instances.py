"""Storage instances and where they are attached: alive -> dying -> dead -> removed, as everything else.

Nothing here unmounts or deletes: what is dead waits for `pocket.services.storage.provisioning`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from bedrock.charm import Charm
from bedrock.charmstorage import StorageSpec
from pocket.model import Life, StorageView
from pocket.services import charms, rows, statuses
from pocket.services.errors import NOT_FOUND, JujuError
from pocket.services.storage import directives, pools
from pocket.services.storage.directives import Directive
from pocket.state import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of the storage of units that go."""

    destroyed: tuple[str, ...]
    detached: tuple[str, ...]


def create_for_unit(tx: Tx, uuid: str, unit: str, *, attach: Sequence[str] = ()) -> None:
    """Make what a new unit gets at once, counting what is attached to it for that.

    Raises:
        JujuError: something of *attach* cannot be, or two mounts would be in each other's way.
    """
    for storage_id in attach:
        attach_to_unit(tx, uuid, storage_id, unit)
    complete(tx, uuid, unit)


def complete(tx: Tx, uuid: str, unit: str) -> None:
    """Make what a unit lacks of what its application's directives give it."""
    charm = charm_of(tx, uuid, unit)
    declared = directives.specs(charm)
    for name, directive in directives.of_application(tx, uuid, unit.partition('/')[0]).items():
        if name in declared:
            missing = directive.count - count(tx, uuid, unit, name)
            add(tx, uuid, unit, declared[name], directive, count=max(0, missing))


def add(
    tx: Tx, uuid: str, unit: str, spec: StorageSpec, directive: Directive, *, count: int = 1
) -> list[str]:
    """Make instances for a unit and return their ids.

    Raises:
        JujuError: two mounts would be in each other's way.
    """
    provider = pools.get(tx, uuid, directive.pool).provider
    machine = _machine_of(tx, uuid, unit)
    made: list[str] = []
    for _ in range(count):
        number = rows.next_number(tx, uuid, 'stores')
        storage_id = f'{spec.name}/{number}'
        filesystem, volume = _backing(tx, uuid, provider, machine)
        tx.db.execute(
            'INSERT INTO storage (model_uuid, id, name, number, owner, pool, provider, size_mib,'
            ' filesystem_id, volume_id, claim) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
            (
                *(uuid, storage_id, spec.name, number, unit, directive.pool, provider),
                *(directive.size_mib, filesystem, volume),
                unit if provider == pools.KUBERNETES else '',
            ),
        )
        _attach(tx, uuid, storage_id, unit, machine, spec)
        made.append(storage_id)
    return made


def attach_to_unit(tx: Tx, uuid: str, storage_id: str, unit: str) -> None:
    """Attach an instance that is attached to nothing.

    Raises:
        JujuError: there is no such instance, it is not free, or the unit's charm has no place for it.
    """
    row = get(tx, uuid, storage_id)
    doing = f'cannot attach storage {storage_id} to unit {unit}'
    if row['life'] != Life.ALIVE:
        raise JujuError(f'{doing}: storage is not alive')
    attached = find_attachment(tx, uuid, storage_id)
    if attached is not None:
        raise JujuError(f'{doing}: storage is attached to unit {attached["unit"]}')
    charm = charm_of(tx, uuid, unit)
    spec = directives.specs(charm).get(str(row['name']))
    if spec is None:
        raise JujuError(f'charm storage "{row["name"]}" not found', NOT_FOUND)
    if 0 <= spec.count_max <= count(tx, uuid, unit, spec.name):
        raise JujuError(
            f'{doing}: charm "{charm.name}" store "{spec.name}": at most {spec.count_max} instances supported'
        )
    tx.db.execute('UPDATE storage SET owner = ? WHERE model_uuid = ? AND id = ?', (unit, uuid, storage_id))
    _attach(tx, uuid, storage_id, unit, _machine_of(tx, uuid, unit), spec)


def detach(tx: Tx, uuid: str, storage_id: str) -> None:
    """Have the unit of an attached instance be told that it goes."""
    changed = tx.db.execute(
        "UPDATE storage_attachment SET life = 'dying'"
        " WHERE model_uuid = ? AND storage_id = ? AND life = 'alive'",
        (uuid, storage_id),
    )
    if changed.rowcount:
        statuses.put(tx, uuid, 'storage', storage_id, 'detaching')
        tx.touch(uuid)


def destroy(tx: Tx, uuid: str, storage_id: str) -> None:
    """Set an instance dying; its data goes when nothing uses it any more."""
    tx.db.execute(
        "UPDATE storage SET life = 'dying' WHERE model_uuid = ? AND id = ? AND life = 'alive'",
        (uuid, storage_id),
    )
    detach(tx, uuid, storage_id)
    settle(tx, uuid, storage_id)


def release(tx: Tx, uuid: str, unit: str, storage_id: str) -> None:
    """Note that a unit's charm is done with an instance: it can be unmounted."""
    tx.db.execute(
        "UPDATE storage_attachment SET life = 'dead' WHERE model_uuid = ? AND storage_id = ? AND unit = ?",
        (uuid, storage_id, unit),
    )
    tx.touch(uuid)


def settle(tx: Tx, uuid: str, storage_id: str) -> None:
    """Set a dying instance dead when it is attached nowhere, and a living one detached."""
    if find_attachment(tx, uuid, storage_id) is not None:
        return
    tx.db.execute("UPDATE storage SET owner = '' WHERE model_uuid = ? AND id = ?", (uuid, storage_id))
    dead = tx.db.execute(
        "UPDATE storage SET life = 'dead' WHERE model_uuid = ? AND id = ? AND life = 'dying'",
        (uuid, storage_id),
    )
    statuses.put(tx, uuid, 'storage', storage_id, 'destroying' if dead.rowcount else 'detached')
    tx.touch(uuid)


def claimed(tx: Tx, uuid: str, unit: str) -> list[str]:
    """Return the instances that a unit of this name left, in the order of their making."""
    found = rows.many(
        tx,
        "SELECT id FROM storage WHERE model_uuid = ? AND claim = ? AND owner = '' AND life = 'alive'"
        ' ORDER BY number',
        *(uuid, unit),
    )
    return [str(row['id']) for row in found]


def forget_claims(tx: Tx, uuid: str, application: str) -> None:
    """Let the storage that an application leaves come back to no unit of another one of its name."""
    tx.db.execute(
        "UPDATE storage SET claim = '' WHERE model_uuid = ? AND claim LIKE ?", (uuid, f'{application}/%')
    )


def unit_dying(tx: Tx, uuid: str, unit: str, *, destroy_storage: bool) -> None:
    """Take the storage of a unit that goes from it: what can be kept is, unless it is to be destroyed."""
    for row in of_unit(tx, uuid, unit):
        if destroy_storage or not pools.outlives_unit(str(row['provider'])):
            destroy(tx, uuid, str(row['storage_id']))
        else:
            detach(tx, uuid, str(row['storage_id']))


def unit_removed(tx: Tx, uuid: str, unit: str) -> None:
    """Let go of what a removed unit did not: nobody asks its charm any more."""
    unit_dying(tx, uuid, unit, destroy_storage=False)
    for row in of_unit(tx, uuid, unit):
        release(tx, uuid, unit, str(row['storage_id']))


def machine_stopped(tx: Tx, uuid: str, machine_id: str) -> None:
    """Note that nothing is mounted on a machine any more: it stopped, or is about to start."""
    tx.db.execute(
        'UPDATE storage_attachment SET provisioned = 0 WHERE model_uuid = ? AND machine_id = ?',
        (uuid, machine_id),
    )


def pod_started(tx: Tx, uuid: str, machine_id: str) -> None:
    """Note that a pod has its storage, which is mounted at its start; nothing of machines is changed."""
    found = rows.many(
        tx,
        'SELECT a.storage_id FROM storage_attachment a'
        ' JOIN machine ON machine.model_uuid = a.model_uuid AND machine.id = a.machine_id'
        " WHERE a.model_uuid = ? AND a.machine_id = ? AND machine.pod_of <> '' AND a.life <> 'dead'"
        ' AND NOT a.provisioned',
        *(uuid, machine_id),
    )
    for row in found:
        storage_id = str(row['storage_id'])
        tx.db.execute(
            'UPDATE storage_attachment SET provisioned = 1 WHERE model_uuid = ? AND storage_id = ?',
            (uuid, storage_id),
        )
        statuses.put(tx, uuid, 'storage', storage_id, 'attached')
        tx.touch(uuid)


def machine_removed(tx: Tx, uuid: str, machine_id: str) -> None:
    """Drop what a machine took with it."""
    found = rows.many(
        tx,
        'SELECT storage_id, unit FROM storage_attachment WHERE model_uuid = ? AND machine_id = ?',
        *(uuid, machine_id),
    )
    for row in found:
        storage_id = str(row['storage_id'])
        tx.db.execute(
            'DELETE FROM storage_attachment WHERE model_uuid = ? AND storage_id = ?', (uuid, storage_id)
        )
        settle(tx, uuid, storage_id)


def destroy_all(tx: Tx, uuid: str) -> None:
    """Destroy every instance of a model that goes."""
    for row in rows.many(tx, 'SELECT id FROM storage WHERE model_uuid = ?', uuid):
        destroy(tx, uuid, str(row['id']))


def persistent(tx: Tx, uuid: str) -> list[str]:
    """Return the living instances that outlast units and machines."""
    found = rows.many(tx, "SELECT id, provider FROM storage WHERE model_uuid = ? AND life = 'alive'", uuid)
    kept = [str(row['id']) for row in found if pools.outlives_unit(str(row['provider']))]
    return sorted(kept, key=rows.natural)


def fate(tx: Tx, uuid: str, units: Sequence[str], *, destroy_storage: bool) -> Fate:
    """Return what removing *units* would do to their storage."""
    found = [row for unit in units for row in of_unit(tx, uuid, unit)]
    kept = [
        str(row['storage_id'])
        for row in found
        if not destroy_storage and pools.outlives_unit(str(row['provider']))
    ]
    gone = [str(row['storage_id']) for row in found if str(row['storage_id']) not in kept]
    return Fate(
        destroyed=tuple(sorted(gone, key=rows.natural)), detached=tuple(sorted(kept, key=rows.natural))
    )


def views(tx: Tx, uuid: str, unit: str) -> tuple[StorageView, ...]:
    """Return what a unit's agent has to know of its storage."""
    return tuple(
        StorageView(
            id=str(row['storage_id']),
            kind='filesystem',
            location=str(row['location']),
            dying=row['life'] != Life.ALIVE,
            provisioned=bool(row['provisioned']),
        )
        for row in of_unit(tx, uuid, unit)
        if row['life'] != Life.DEAD
    )


def of_unit(tx: Tx, uuid: str, unit: str) -> list[sqlite3.Row]:
    """Return the attachments of a unit with their instances' provider, in the order of their making."""
    return rows.many(
        tx,
        'SELECT a.*, s.provider, s.name, s.number FROM storage_attachment a'
        ' JOIN storage s ON s.model_uuid = a.model_uuid AND s.id = a.storage_id'
        ' WHERE a.model_uuid = ? AND a.unit = ? ORDER BY s.number',
        *(uuid, unit),
    )


def get(tx: Tx, uuid: str, storage_id: str) -> sqlite3.Row:
    """Return an instance's row.

    Raises:
        JujuError: there is no such instance.
    """
    row = rows.one(tx, 'SELECT * FROM storage WHERE model_uuid = ? AND id = ?', uuid, storage_id)
    if row is None:
        raise JujuError(f'storage instance "{storage_id}" not found', NOT_FOUND)
    return row


def find_attachment(tx: Tx, uuid: str, storage_id: str) -> sqlite3.Row | None:
    """Return the attachment of an instance, None when it has none."""
    return rows.one(
        tx, 'SELECT * FROM storage_attachment WHERE model_uuid = ? AND storage_id = ?', uuid, storage_id
    )


def count(tx: Tx, uuid: str, unit: str, name: str) -> int:
    """Return how many instances of one storage a unit has or is to have."""
    return sum(row['name'] == name and row['life'] == Life.ALIVE for row in of_unit(tx, uuid, unit))


def charm_of(tx: Tx, uuid: str, unit: str) -> Charm:
    """Return the charm of a unit's application.

    Raises:
        JujuError: there is no such unit.
    """
    row = rows.one(
        tx,
        'SELECT application.charm_url FROM unit JOIN application'
        ' ON application.model_uuid = unit.model_uuid AND application.name = unit.application'
        ' WHERE unit.model_uuid = ? AND unit.name = ?',
        *(uuid, unit),
    )
    if row is None:
        raise JujuError(f'unit "{unit}" not found', NOT_FOUND)
    return charms.get(tx, uuid, str(row['charm_url'])).charm


def _attach(tx: Tx, uuid: str, storage_id: str, unit: str, machine: str, spec: StorageSpec) -> None:
    location = spec.mount_point(_place(tx, uuid, storage_id, unit, machine))
    _check_location(tx, uuid, machine, storage_id, location)
    tx.db.execute(
        'INSERT INTO storage_attachment (model_uuid, storage_id, unit, machine_id, location, read_only)'
        ' VALUES (?, ?, ?, ?, ?, ?)',
        (uuid, storage_id, unit, machine, location, spec.read_only),
    )
    statuses.put(tx, uuid, 'storage', storage_id, 'pending')
    tx.touch(uuid)


def _place(tx: Tx, uuid: str, storage_id: str, unit: str, machine: str) -> str:
    """What the charm knows an instance by on disk: in pods, which are all alike, its number in the unit."""
    pod = "SELECT 1 FROM machine WHERE model_uuid = ? AND id = ? AND pod_of <> ''"
    if not rows.exists(tx, pod, uuid, machine):
        return storage_id
    name = storage_id.rpartition('/')[0]
    taken = rows.many(
        tx,
        'SELECT storage_id FROM storage_attachment WHERE model_uuid = ? AND unit = ?',
        *(uuid, unit),
    )
    return f'{name}/{sum(str(row["storage_id"]).rpartition("/")[0] == name for row in taken)}'


def _check_location(tx: Tx, uuid: str, machine: str, storage_id: str, location: str) -> None:
    """Refuse a mount that would hide another one of the machine, or be hidden by it."""
    for row in rows.many(
        tx, 'SELECT * FROM storage_attachment WHERE model_uuid = ? AND machine_id = ?', uuid, machine
    ):
        ours, theirs = f'{location}/', f'{row["location"]}/'
        if ours.startswith(theirs) or theirs.startswith(ours):
            raise JujuError(
                f'cannot mount storage {storage_id} at "{location}" on machine {machine}:'
                f' storage {row["storage_id"]} is mounted at "{row["location"]}"'
            )


def _machine_of(tx: Tx, uuid: str, unit: str) -> str:
    row = rows.one(tx, 'SELECT machine_id FROM unit WHERE model_uuid = ? AND name = ?', uuid, unit)
    if row is None:
        raise JujuError(f'unit "{unit}" not found', NOT_FOUND)
    return str(row['machine_id'])


def _backing(tx: Tx, uuid: str, provider: str, machine: str) -> tuple[str, str]:
    """Return the ids of a new filesystem and of the volume under it; what is a machine's names it."""
    number = rows.next_number(tx, uuid, 'filesystem')
    if not pools.outlives_unit(provider):
        return f'{machine}/{number}', ''
    return str(number), str(rows.next_number(tx, uuid, 'volume'))
