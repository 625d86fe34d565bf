"""alive -> dying -> dead -> removed, for everything in a model, and what each end drags along (juju.md 5.1).

The one module that removes units, relations, applications, machines and models.
"""

from __future__ import annotations

import sqlite3

from pocket.services import annotations, offers, rows, saas, sides, statuses
from pocket.services.secrets import access as secret_access
from pocket.services.storage import instances as storage_instances
from pocket.state import Tx

MAX_WAIT_MS = 60_000
"""How long a forced removal waits for the hooks of a unit before it goes on without them."""


def destroy_application(
    tx: Tx, uuid: str, name: str, *, forced_ms: int | None = None, destroy_storage: bool = False
) -> None:
    """Set an application dying with its relations and units; what nothing holds is removed at once."""
    tx.db.execute(
        "UPDATE application SET life = 'dying' WHERE model_uuid = ? AND name = ? AND life = 'alive'",
        (uuid, name),
    )
    tx.touch(uuid)
    for offer in offers.list_(tx, uuid, application=name):
        offers.forget(tx, offer)
    destroy_relations_of(tx, uuid, name)
    for row in rows.many(
        tx, 'SELECT name FROM unit WHERE model_uuid = ? AND application = ? ORDER BY number', uuid, name
    ):
        destroy_unit(tx, uuid, str(row['name']), forced_ms=forced_ms, destroy_storage=destroy_storage)
    _remove_application_if_unused(tx, uuid, name)


def destroy_unit(
    tx: Tx, uuid: str, unit: str, *, forced_ms: int | None = None, destroy_storage: bool = False
) -> None:
    """Set a unit and its subordinates dying, or remove it at once when its agent has never run a hook.

    Args:
        forced_ms: From now on hook errors are passed over, and from this time on nothing is waited for.
        destroy_storage: Keep none of its storage.
    """
    row = find_unit(tx, uuid, unit)
    if row is None:
        return
    storage_instances.unit_dying(tx, uuid, unit, destroy_storage=destroy_storage)
    subordinates = subordinates_of(tx, uuid, unit)
    agent = statuses.get(tx, uuid, 'agent', unit)
    expired = forced_ms is not None and forced_ms <= tx.now_ms
    if expired or (not subordinates and (agent is None or agent.value == 'allocating')):
        remove_unit(tx, uuid, unit)
        return
    tx.db.execute(
        "UPDATE unit SET life = iif(life = 'alive', 'dying', life),"
        ' forced_ms = iif(?3 IS NULL, forced_ms, min(?3, coalesce(forced_ms, ?3)))'
        ' WHERE model_uuid = ?1 AND name = ?2',
        (uuid, unit, forced_ms),
    )
    tx.touch(uuid)
    for subordinate in subordinates:
        destroy_unit(tx, uuid, subordinate, forced_ms=forced_ms, destroy_storage=destroy_storage)


def remove_unit(tx: Tx, uuid: str, unit: str) -> None:
    """Remove a unit, its subordinates first, and what is empty then: relations, application, machine."""
    for subordinate in subordinates_of(tx, uuid, unit):
        remove_unit(tx, uuid, subordinate)
    row = find_unit(tx, uuid, unit)
    if row is None:
        return
    application, machine = str(row['application']), str(row['machine_id'])
    _drop_actions(tx, uuid, unit, machine=False)
    drop_leadership(tx, uuid, unit)
    storage_instances.unit_removed(tx, uuid, unit)
    joined = rows.many(
        tx,
        'SELECT relation_id FROM relation_unit WHERE model_uuid = ? AND unit = ? AND in_scope ORDER BY 1',
        *(uuid, unit),
    )
    secret_access.drop_unit(tx, uuid, unit)
    tx.db.execute('DELETE FROM unit WHERE model_uuid = ? AND name = ?', (uuid, unit))
    annotations.forget(tx, uuid, 'unit-' + unit.replace('/', '-'))
    statuses.forget(tx, uuid, unit, 'agent', 'workload')
    tx.touch(uuid)
    for relation in joined:
        leave_scope(tx, uuid, unit, int(relation['relation_id']))
    _remove_application_if_unused(tx, uuid, application)
    _destroy_machine_if_unused(tx, uuid, machine)
    remove_model_if_empty(tx, uuid)


def destroy_relations_of(tx: Tx, uuid: str, application: str, *, force: bool = False) -> None:
    """Set the relations of an application, or of a consumed one, dying."""
    for row in rows.many(
        tx,
        'SELECT relation_id FROM relation_endpoint WHERE model_uuid = ? AND application = ? ORDER BY 1',
        *(uuid, application),
    ):
        destroy_relation(tx, uuid, int(row['relation_id']), force=force)


def destroy_relation(tx: Tx, uuid: str, relation_id: int, *, force: bool = False) -> None:
    """Set a relation dying; it is removed once no unit is in scope, with *force* at once.

    One through an offer dies in both models, and is gone from each once none of its own units is in it.
    """
    for model, number in sides.everywhere(tx, uuid, relation_id):
        _destroy_relation_here(tx, model, number, force=force)


def _destroy_relation_here(tx: Tx, uuid: str, relation_id: int, *, force: bool) -> None:
    row = rows.one(tx, 'SELECT * FROM relation WHERE model_uuid = ? AND id = ?', uuid, relation_id)
    if row is None:
        return
    tx.db.execute("UPDATE relation SET life = 'dying' WHERE model_uuid = ? AND id = ?", (uuid, relation_id))
    tx.touch(uuid)
    orphans = _orphaned_subordinates(tx, uuid, relation_id) if row['scope'] == 'container' else []
    if force:
        tx.db.execute(
            'UPDATE relation_unit SET in_scope = 0 WHERE model_uuid = ? AND relation_id = ?',
            (uuid, relation_id),
        )
    for unit in orphans:
        destroy_unit(tx, uuid, unit)
    _remove_relation_if_unused(tx, uuid, relation_id)


def leave_scope(tx: Tx, uuid: str, unit: str, relation_id: int) -> None:
    """Take a unit out of a relation; the last one of a dying relation takes the relation with it."""
    left = tx.db.execute(
        'UPDATE relation_unit SET in_scope = 0'
        ' WHERE model_uuid = ? AND relation_id = ? AND unit = ? AND in_scope',
        (uuid, relation_id, unit),
    )
    if left.rowcount:
        sides.touch(tx, uuid, relation_id)
    settle_suspension(tx, uuid, relation_id)
    _remove_relation_if_unused(tx, uuid, relation_id)


def settle_suspension(tx: Tx, uuid: str, relation_id: int) -> None:
    """Show a relation that is being suspended as suspended once no unit is in it any more."""
    status = statuses.get(tx, uuid, 'relation', str(relation_id))
    if status is not None and status.value == 'suspending' and sides.is_deserted(tx, uuid, relation_id):
        sides.put_status(tx, uuid, relation_id, 'suspended', message=status.message)


def drop_leadership(tx: Tx, uuid: str, unit: str) -> None:
    """Leave the application of *unit* without a leader if *unit* is it."""
    dropped = tx.db.execute(
        "UPDATE application SET leader = '' WHERE model_uuid = ? AND leader = ?", (uuid, unit)
    )
    if dropped.rowcount:
        tx.touch(uuid)


def destroy_machine(tx: Tx, uuid: str, machine_id: str) -> None:
    """Remove the units of a machine at once and set it dying; its host goes next, then its record."""
    for row in rows.many(
        tx,
        "SELECT name FROM unit WHERE model_uuid = ? AND machine_id = ? AND principal = ''",
        *(uuid, machine_id),
    ):
        remove_unit(tx, uuid, str(row['name']))
    tx.db.execute(
        "UPDATE machine SET life = 'dying' WHERE model_uuid = ? AND id = ? AND life = 'alive'",
        (uuid, machine_id),
    )
    _drop_actions(tx, uuid, machine_id, machine=True)
    tx.touch(uuid)


def remove_machine(tx: Tx, uuid: str, machine_id: str) -> None:
    """Drop the record of a machine whose host is gone; nothing happens while a unit is on it."""
    if _has_units(tx, uuid, machine_id):
        return
    tx.db.execute('DELETE FROM machine WHERE model_uuid = ? AND id = ?', (uuid, machine_id))
    annotations.forget(tx, uuid, 'machine-' + machine_id.replace('/', '-'))
    statuses.forget(tx, uuid, machine_id, 'machine', 'instance')
    storage_instances.machine_removed(tx, uuid, machine_id)
    tx.touch(uuid)
    remove_model_if_empty(tx, uuid)


def destroy_model(tx: Tx, uuid: str, *, force: bool) -> None:
    """Set a model dying with all that is in it, storage included; with *force* no hook is waited for."""
    tx.db.execute("UPDATE model SET life = 'dying' WHERE uuid = ?", (uuid,))
    statuses.put(tx, uuid, 'model', uuid, 'destroying')
    tx.touch(uuid)
    forced_ms = tx.now_ms if force else None
    for row in rows.many(tx, 'SELECT name FROM application WHERE model_uuid = ? ORDER BY name', uuid):
        destroy_application(tx, uuid, str(row['name']), forced_ms=forced_ms, destroy_storage=True)
    for row in rows.many(tx, 'SELECT id FROM machine WHERE model_uuid = ?', uuid):
        if force or not _has_units(tx, uuid, str(row['id'])):
            destroy_machine(tx, uuid, str(row['id']))
    storage_instances.destroy_all(tx, uuid)
    remove_model_if_empty(tx, uuid)


def remove_model_if_empty(tx: Tx, uuid: str) -> None:
    """Remove a dying model, with all that is written under it, once nothing runs in it."""
    dying = rows.exists(tx, "SELECT 1 FROM model WHERE uuid = ? AND life <> 'alive'", uuid)
    if not dying or any(
        rows.exists(tx, f'SELECT 1 FROM {table} WHERE model_uuid = ?', uuid)  # noqa: S608 (constants)
        for table in ('application', 'machine', 'storage')
    ):
        return
    tx.db.execute('DELETE FROM model WHERE uuid = ?', (uuid,))
    tx.touch(uuid)


def next_forced_ms(tx: Tx) -> int | None:
    """Return when the next forced removal is due; None when there is none."""
    row = rows.one(tx, 'SELECT min(forced_ms) AS due FROM unit')
    return None if row is None or row['due'] is None else int(row['due'])


def expire_forced(tx: Tx) -> int | None:
    """Remove the units whose forced removal has waited long enough; return when the next one is due (ms)."""
    for row in rows.many(tx, 'SELECT model_uuid, name FROM unit WHERE forced_ms <= ?', tx.now_ms):
        remove_unit(tx, str(row['model_uuid']), str(row['name']))
    return next_forced_ms(tx)


def find_unit(tx: Tx, uuid: str, unit: str) -> sqlite3.Row | None:
    """Return the row of a unit, None when there is none (any more)."""
    return rows.one(tx, 'SELECT * FROM unit WHERE model_uuid = ? AND name = ?', uuid, unit)


def subordinates_of(tx: Tx, uuid: str, unit: str) -> list[str]:
    """Return the names of a principal's subordinates, in natural order."""
    found = rows.many(tx, 'SELECT name FROM unit WHERE model_uuid = ? AND principal = ?', uuid, unit)
    return sorted((str(row['name']) for row in found), key=rows.natural)


def _orphaned_subordinates(tx: Tx, uuid: str, relation_id: int) -> list[str]:
    """Return the subordinate units that no alive container relation ties to their principal any more."""
    found = rows.many(
        tx,
        """
        SELECT sub.name FROM unit sub
        JOIN relation_endpoint mine
            ON mine.model_uuid = sub.model_uuid AND mine.application = sub.application
            AND mine.relation_id = ?2
        JOIN unit host ON host.model_uuid = sub.model_uuid AND host.name = sub.principal
        JOIN relation_endpoint theirs
            ON theirs.model_uuid = sub.model_uuid AND theirs.application = host.application
            AND theirs.relation_id = ?2
        WHERE sub.model_uuid = ?1 AND NOT EXISTS (
            SELECT 1 FROM relation r
            JOIN relation_endpoint a ON a.model_uuid = r.model_uuid AND a.relation_id = r.id
            JOIN relation_endpoint b ON b.model_uuid = r.model_uuid AND b.relation_id = r.id
            WHERE r.model_uuid = ?1 AND r.life = 'alive' AND r.scope = 'container'
                AND a.application = sub.application AND b.application = host.application
        )
        ORDER BY sub.number
        """,
        *(uuid, relation_id),
    )
    return [str(row['name']) for row in found]


def _remove_relation_if_unused(tx: Tx, uuid: str, relation_id: int) -> None:
    row = rows.one(tx, 'SELECT life FROM relation WHERE model_uuid = ? AND id = ?', uuid, relation_id)
    if (
        row is None
        or row['life'] == 'alive'
        or rows.exists(
            tx,
            'SELECT 1 FROM relation_unit WHERE model_uuid = ? AND relation_id = ? AND in_scope',
            *(uuid, relation_id),
        )
    ):
        return
    applications = rows.many(
        tx,
        'SELECT application FROM relation_endpoint WHERE model_uuid = ? AND relation_id = ?',
        *(uuid, relation_id),
    )
    secret_access.drop_relation(tx, uuid, relation_id)
    sides.hand_over(tx, uuid, relation_id)
    tx.db.execute('DELETE FROM relation WHERE model_uuid = ? AND id = ?', (uuid, relation_id))
    statuses.forget(tx, uuid, str(relation_id), 'relation')
    tx.touch(uuid)
    for application in applications:
        _remove_application_if_unused(tx, uuid, str(application['application']))
        saas.remove_if_unused(tx, uuid, str(application['application']))


def _remove_application_if_unused(tx: Tx, uuid: str, name: str) -> None:
    gone = tx.db.execute(
        """
        DELETE FROM application WHERE model_uuid = ?1 AND name = ?2 AND life <> 'alive'
        AND NOT EXISTS (SELECT 1 FROM unit WHERE model_uuid = ?1 AND application = ?2)
        AND NOT EXISTS (SELECT 1 FROM relation_endpoint WHERE model_uuid = ?1 AND application = ?2)
        """,
        (uuid, name),
    )
    if not gone.rowcount:
        return
    secret_access.drop_application(tx, uuid, name)
    storage_instances.forget_claims(tx, uuid, name)
    statuses.forget(tx, uuid, name, 'application')
    annotations.forget(tx, uuid, f'application-{name}')
    tx.touch(uuid)
    remove_model_if_empty(tx, uuid)


def _destroy_machine_if_unused(tx: Tx, uuid: str, machine_id: str) -> None:
    if not _has_units(tx, uuid, machine_id):
        destroy_machine(tx, uuid, machine_id)


def _has_units(tx: Tx, uuid: str, machine_id: str) -> bool:
    return rows.exists(tx, 'SELECT 1 FROM unit WHERE model_uuid = ? AND machine_id = ?', uuid, machine_id)


def _drop_actions(tx: Tx, uuid: str, receiver: str, *, machine: bool) -> None:
    """End what a receiver that goes will never do."""
    tx.db.execute(
        "UPDATE action SET status = iif(status = 'pending', 'cancelled', 'aborted'), completed_ms = ?"
        ' WHERE model_uuid = ? AND machine = ? AND receiver = ?'
        " AND status IN ('pending', 'running', 'aborting')",
        (tx.now_ms, uuid, machine, receiver),
    )
