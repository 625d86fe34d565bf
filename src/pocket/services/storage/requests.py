"""What operators, and charms by storage-add, ask of the storage of a unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bedrock.charm import Charm
from pocket.model import Life, StorageAddition
from pocket.services import rows
from pocket.services.errors import NOT_FOUND, NOT_SUPPORTED, STORAGE_ATTACHED, JujuError
from pocket.services.storage import directives, instances, pools
from pocket.services.storage.directives import Directive, Wanted
from pocket.state import Tx


def add_to_unit(tx: Tx, uuid: str, unit: str, name: str, wanted: Wanted) -> list[str]:
    """Make more storage for a unit and return the ids.

    Raises:
        JujuError: the unit, its charm or the pool does not allow it.
    """
    doing = f'adding "{name}" storage to unit {unit}'
    _require_alive(tx, uuid, unit)
    _require_machine(tx, uuid, unit, doing)
    charm = instances.charm_of(tx, uuid, unit)
    spec = directives.specs(charm).get(name)
    if spec is None:
        raise JujuError(f'{doing}: charm storage "{name}" not found', NOT_FOUND)
    given = directives.of_application(tx, uuid, unit.partition('/')[0]).get(name)
    if given is not None:
        # What is not asked for is as the application's units have it.
        pool, size = wanted.pool or given.pool, wanted.size_mib or given.size_mib
        wanted = replace(wanted, pool=pool, size_mib=size)
    directive = directives.filled(tx, uuid, spec, wanted, least=1)
    if directive.count < 1:
        raise JujuError(f'{doing}: count must be positive')
    try:
        directives.check_count(charm, spec, instances.count(tx, uuid, unit, name) + directive.count)
        directives.check_kind(tx, uuid, charm, spec, directive)
    except JujuError as error:
        raise JujuError(f'{doing}: {error.message}', error.code) from error
    return instances.add(tx, uuid, unit, spec, directive, count=directive.count)


def add_by_hook(tx: Tx, uuid: str, unit: str, additions: Sequence[StorageAddition]) -> None:
    """Make what a hook asked for with storage-add.

    Raises:
        JujuError: the charm does not allow it; then the hook has failed.
    """
    for addition in additions:
        add_to_unit(tx, uuid, unit, addition.name, Wanted(count=addition.count))


def attach(tx: Tx, uuid: str, storage_id: str, unit: str) -> None:
    """Attach an instance that is free to a unit.

    Raises:
        JujuError: the instance is unknown or not free, or the unit cannot have it.
    """
    instances.get(tx, uuid, storage_id)
    _require_alive(tx, uuid, unit)
    _require_machine(tx, uuid, unit, f'attaching storage {storage_id} to unit {unit}')
    instances.attach_to_unit(tx, uuid, storage_id, unit)


def detach(tx: Tx, uuid: str, storage_id: str, unit: str = '', *, force: bool = False) -> None:
    """Have an instance detached from its unit.

    Args:
        unit: By default whichever has it.
        force: Wait for no hook.

    Raises:
        JujuError: it is unknown, not attached, or bound to its machine.
    """
    row = instances.get(tx, uuid, storage_id)
    attached = instances.find_attachment(tx, uuid, storage_id)
    if attached is None or (unit and attached['unit'] != unit):
        to = f' to unit {unit}' if unit else ''
        raise JujuError(f'storage {storage_id} is not attached{to}', NOT_FOUND)
    _require_machine(tx, uuid, str(attached['unit']), f'detaching storage {storage_id}')
    if not pools.outlives_unit(str(row['provider'])):
        raise JujuError(f'detaching storage {storage_id}: storage is not detachable', NOT_SUPPORTED)
    instances.detach(tx, uuid, storage_id)
    if force:
        instances.release(tx, uuid, str(attached['unit']), storage_id)


def remove(
    tx: Tx,
    uuid: str,
    storage_id: str,
    *,
    destroy_attachments: bool = False,
    destroy_storage: bool = True,
    force: bool = False,
) -> None:
    """Remove an instance from the model with its data.

    Args:
        destroy_attachments: Also when it is attached.
        destroy_storage: False asks to keep the data, which no provider here can.
        force: Wait for no hook.

    Raises:
        JujuError: it is unknown or attached, or its data cannot be kept.
    """
    row = instances.get(tx, uuid, storage_id)
    if not destroy_storage:
        raise JujuError(
            f'cannot release storage {storage_id}:'
            f' storage provider "{row["provider"]}" does not support releasing storage',
            NOT_SUPPORTED,
        )
    attached = instances.find_attachment(tx, uuid, storage_id)
    if attached is not None and not (destroy_attachments or force) and attached['life'] == Life.ALIVE:
        raise JujuError(f'cannot destroy storage "{storage_id}": storage is attached', STORAGE_ATTACHED)
    instances.destroy(tx, uuid, storage_id)
    if attached is not None and force:
        instances.release(tx, uuid, str(attached['unit']), storage_id)


def prepare_upgrade(
    tx: Tx, uuid: str, application: str, charm: Charm, wanted: Mapping[str, Wanted]
) -> dict[str, Directive]:
    """Return what units get once *charm* is their application's.

    Raises:
        JujuError: storage that is there has no place in the charm, or it refuses what was asked for.
    """
    declared = directives.specs(charm)
    for unit in _units(tx, uuid, application):
        for row in instances.of_unit(tx, uuid, unit):
            if row['name'] not in declared:
                raise JujuError(f'in-use storage "{row["name"]}" removed')
    kept = directives.of_application(tx, uuid, application)
    return directives.resolve(tx, uuid, charm, wanted, kept=kept)


def finish_upgrade(tx: Tx, uuid: str, application: str, given: Mapping[str, Directive]) -> None:
    """Keep what was *given*, and give the units what they lack of it by their new charm."""
    directives.keep(tx, uuid, application, given)
    for unit in _units(tx, uuid, application):
        instances.complete(tx, uuid, unit)


def _units(tx: Tx, uuid: str, application: str) -> list[str]:
    found = rows.many(
        tx,
        "SELECT name FROM unit WHERE model_uuid = ? AND application = ? AND life = 'alive' ORDER BY number",
        *(uuid, application),
    )
    return [str(row['name']) for row in found]


def _require_machine(tx: Tx, uuid: str, unit: str, doing: str) -> None:
    """Refuse what would have to be done to a pod that runs: its storage comes and goes with it."""
    if rows.exists(tx, 'SELECT 1 FROM machine WHERE model_uuid = ? AND pod_of = ?', uuid, unit):
        raise JujuError(f'{doing}: not supported on container models', NOT_SUPPORTED)


def _require_alive(tx: Tx, uuid: str, unit: str) -> None:
    row = rows.one(tx, 'SELECT life FROM unit WHERE model_uuid = ? AND name = ?', uuid, unit)
    if row is None:
        raise JujuError(f'unit "{unit}" not found', NOT_FOUND)
    if row['life'] != Life.ALIVE:
        raise JujuError(f'unit "{unit}" is not alive')
