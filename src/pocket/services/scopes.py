"""Who is in a relation and what each side says in it: scope, settings, versions (juju.md 3.3)."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from pocket.model import Life, application_of
from pocket.services import life, rows, sides, units
from pocket.services.errors import CANNOT_ENTER_SCOPE, CANNOT_ENTER_SCOPE_YET, UNAUTHORIZED, JujuError
from pocket.state import Tx


def enter(tx: Tx, uuid: str, unit: str, relation_id: int) -> None:
    """Bring a unit into a relation with its first settings; may be called again.

    In a container-scoped relation a principal's entry creates its subordinate unit.

    Raises:
        JujuError: the unit or the relation is not alive, or an earlier subordinate is still leaving.
    """
    if is_in_scope(tx, uuid, unit, relation_id):
        return
    row = life.find_unit(tx, uuid, unit)
    relation = rows.one(tx, 'SELECT * FROM relation WHERE model_uuid = ? AND id = ?', uuid, relation_id)
    if row is None or relation is None or row['life'] != Life.ALIVE or relation['life'] != Life.ALIVE:
        raise JujuError('cannot enter scope: unit or relation is not alive', CANNOT_ENTER_SCOPE)
    if relation['suspended']:
        raise JujuError('cannot enter scope: relation is suspended', CANNOT_ENTER_SCOPE)
    other = _counterpart(tx, uuid, unit, relation_id)
    if other is None:
        raise _denied()
    if relation['scope'] == 'container' and not row['principal']:
        _ensure_subordinate(tx, uuid, row, str(other['application']))
    address = units.get(tx, uuid, unit).ingress
    egress = relation['via_cidrs'] or f'{address}/32'
    settings = {'egress-subnets': egress, 'ingress-address': address, 'private-address': address}
    # One who comes back keeps counting, so that the others see that its settings are new.
    tx.db.execute(
        'INSERT INTO relation_unit VALUES (?, ?, ?, 1, ?, 1) ON CONFLICT (model_uuid, relation_id, unit)'
        ' DO UPDATE SET in_scope = 1, settings = excluded.settings, version = version + 1',
        (uuid, relation_id, unit, rows.dumps(settings if address else {})),
    )
    if sides.are_all_present(tx, uuid, relation_id):
        sides.put_status(tx, uuid, relation_id, 'joined')
    sides.touch(tx, uuid, relation_id)


def unit_settings(tx: Tx, uuid: str, relation_id: int, unit: str) -> dict[str, str]:
    """Return what a unit says in a relation; one that departed is still heard.

    Raises:
        JujuError: the unit was never in the relation.
    """
    row = sides.find_unit(tx, uuid, relation_id, unit)
    if row is None:
        raise _denied()
    return rows.loads(row['settings'])


def find_unit(tx: Tx, uuid: str, relation_id: int, unit: str) -> tuple[bool, dict[str, str]]:
    """Return whether a unit of either side is in a relation now, and what it says, or said last, in it."""
    row = sides.find_unit(tx, uuid, relation_id, unit)
    return (False, {}) if row is None else (bool(row['in_scope']), rows.loads(row['settings']))


def application_settings(tx: Tx, uuid: str, relation_id: int, application: str) -> dict[str, str]:
    """Return what an application says in a relation.

    Raises:
        JujuError: the application is no side of the relation.
    """
    for side in sides.of(tx, uuid, relation_id):
        if side['application'] == application:
            return rows.loads(side['settings'])
    raise _denied()


def change_unit_settings(tx: Tx, uuid: str, relation_id: int, unit: str, changes: Mapping[str, str]) -> None:
    """Write a unit's settings; the version grows only when something is different afterwards.

    Raises:
        JujuError: the unit was never in the relation.
    """
    old = unit_settings(tx, uuid, relation_id, unit)
    new = applied(old, changes)
    if new != old:
        tx.db.execute(
            'UPDATE relation_unit SET settings = ?, version = version + 1'
            ' WHERE model_uuid = ? AND relation_id = ? AND unit = ?',
            (rows.dumps(new), uuid, relation_id, unit),
        )
        sides.touch(tx, uuid, relation_id)


def change_application_settings(
    tx: Tx, uuid: str, relation_id: int, application: str, changes: Mapping[str, str]
) -> None:
    """Write an application's settings; the version grows only when something is different afterwards.

    Raises:
        JujuError: the application is no side of the relation.
    """
    old = application_settings(tx, uuid, relation_id, application)
    new = applied(old, changes)
    if new != old:
        tx.db.execute(
            'UPDATE relation_endpoint SET settings = ?, version = version + 1'
            ' WHERE model_uuid = ? AND relation_id = ? AND application = ?',
            (rows.dumps(new), uuid, relation_id, application),
        )
        sides.touch(tx, uuid, relation_id)


def applied(settings: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """Return *settings* after *changes*, in which an empty value deletes its key."""
    return {key: value for key, value in {**settings, **changes}.items() if value != ''}


def relations_of(tx: Tx, uuid: str, unit: str) -> list[tuple[sqlite3.Row, sqlite3.Row]]:
    """Return the relations that concern a unit, by id: each with its own endpoint, and the other side.

    The other side of a peer relation is the unit's own. A subordinate's container relations with applications
    other than its principal's do not concern it.
    """
    found = rows.many(
        tx,
        """
        SELECT relation.*, own.name AS own_name, own.role AS own_role, own.version AS own_version
        FROM relation_endpoint own
        JOIN relation ON relation.model_uuid = own.model_uuid AND relation.id = own.relation_id
        WHERE own.model_uuid = ? AND own.application = ? ORDER BY relation.id
        """,
        *(uuid, application_of(unit)),
    )
    paired = [(row, _counterpart(tx, uuid, unit, int(row['id']))) for row in found]
    return [(row, other) for row, other in paired if other is not None]


def members(tx: Tx, uuid: str, unit: str, other: sqlite3.Row) -> dict[str, int]:
    """Return the units that *unit* sees on the *other* side, sorted, with the versions of their settings."""
    seen = sides.present(tx, other)
    visible = [name for name in seen if name != unit]
    if other['relation_scope'] == 'container':
        tied = _tied_to(tx, uuid, unit)
        visible = [name for name in visible if name in tied]
    return {name: seen[name] for name in sorted(visible, key=rows.natural)}


def is_in_scope(tx: Tx, uuid: str, unit: str, relation_id: int) -> bool:
    """Whether a unit has entered a relation and not left it."""
    return rows.exists(
        tx,
        'SELECT 1 FROM relation_unit WHERE model_uuid = ? AND relation_id = ? AND unit = ? AND in_scope',
        *(uuid, relation_id, unit),
    )


def _counterpart(tx: Tx, uuid: str, unit: str, relation_id: int) -> sqlite3.Row | None:
    """Return the other side of a unit's relation; None when the unit has no part in it."""
    application = application_of(unit)
    found = sides.of(tx, uuid, relation_id)
    if all(side['application'] != application for side in found):
        return None
    if len(found) == 1:
        return found[0]
    other = next(side for side in found if side['application'] != application)
    if other['relation_scope'] == 'container':
        row = life.find_unit(tx, uuid, unit)
        principal = str(row['principal']) if row is not None else ''
        if principal and application_of(principal) != other['application']:
            return None
    return other


def _tied_to(tx: Tx, uuid: str, unit: str) -> frozenset[str]:
    """Return a subordinate's principal, or a principal's subordinates."""
    row = life.find_unit(tx, uuid, unit)
    if row is not None and row['principal']:
        return frozenset({str(row['principal'])})
    return frozenset(life.subordinates_of(tx, uuid, unit))


def _ensure_subordinate(tx: Tx, uuid: str, principal: sqlite3.Row, name: str) -> None:
    application = rows.one(tx, 'SELECT * FROM application WHERE model_uuid = ? AND name = ?', uuid, name)
    # Two subordinates may share a container relation; neither makes units of the other.
    if application is None or not application['subordinate']:
        return
    there = rows.one(
        tx,
        'SELECT life FROM unit WHERE model_uuid = ? AND application = ? AND principal = ?',
        *(uuid, application['name'], principal['name']),
    )
    if there is None:
        units.add(
            tx, uuid, application['name'], machine_id=principal['machine_id'], principal=principal['name']
        )
    elif there['life'] != Life.ALIVE:
        raise JujuError(
            'cannot enter scope yet: non-alive subordinate unit has not been removed', CANNOT_ENTER_SCOPE_YET
        )


def _denied() -> JujuError:
    return JujuError('permission denied', UNAUTHORIZED)
