"""The sides of a relation and where each is at home: how two models see one relation.

A relation through an offer is a row in each of the two models, with each model's own id and names. Every side
has a home, the relation that holds its settings and its units. A model's own application is at home in the
model's own row; the side across is at home in the other model's row, its *twin*. So nothing is kept twice:
each model writes only what its own units say, and reads what the others say at their home.
"""

from __future__ import annotations

import sqlite3
import uuid as uuid_

from pocket.model import application_of
from pocket.services import rows, statuses
from pocket.state import Tx

PROXY = 'remote-'
"""How the offering model's name for a consuming application begins; no application may be called so."""

_SELECT = """
    SELECT side.model_uuid, side.relation_id, side.application, side.name, side.role, side.home_model,
        side.home_relation, side.home_application, home.settings, home.version,
        relation.scope AS relation_scope
    FROM relation_endpoint side
    JOIN relation ON relation.model_uuid = side.model_uuid AND relation.id = side.relation_id
    JOIN relation_endpoint home ON home.model_uuid = side.home_model
        AND home.relation_id = side.home_relation AND home.application = side.home_application
    WHERE side.model_uuid = ? AND side.relation_id = ?
"""


def of(tx: Tx, uuid: str, relation_id: int) -> list[sqlite3.Row]:
    """Return the sides of a relation, each with the settings of its application and their version."""
    return rows.many(tx, _SELECT, uuid, relation_id)


def is_remote(side: sqlite3.Row) -> bool:
    """Whether the application of a side is in another model."""
    return bool(side['home_model'] != side['model_uuid'])


def proxy_name(uuid: str, application: str) -> str:
    """Return what an offering model calls an application of the consuming model *uuid*."""
    return PROXY + uuid_.uuid5(uuid_.UUID(uuid), application).hex


def proxy_unit(uuid: str, unit: str) -> str:
    """Return what an offering model calls a unit of the consuming model *uuid*."""
    return _renamed(unit, proxy_name(uuid, application_of(unit)))


def present(tx: Tx, side: sqlite3.Row) -> dict[str, int]:
    """Return the units of a side that are in scope, by their names here, with their settings' versions."""
    return {name: int(row['version']) for name, row in _units(tx, side).items() if row['in_scope']}


def units(tx: Tx, side: sqlite3.Row) -> list[str]:
    """Return the units of a side that are or were in the relation, by their names here."""
    return sorted(_units(tx, side), key=rows.natural)


def find_unit(tx: Tx, uuid: str, relation_id: int, unit: str) -> sqlite3.Row | None:
    """Return what a unit of either side says in a relation, None when it never was in it."""
    for side in of(tx, uuid, relation_id):
        if side['application'] == application_of(unit):
            return rows.one(
                tx,
                'SELECT * FROM relation_unit WHERE model_uuid = ? AND relation_id = ? AND unit = ?',
                *(side['home_model'], side['home_relation']),
                _renamed(unit, str(side['home_application'])),
            )
    return None


def everywhere(tx: Tx, uuid: str, relation_id: int) -> list[tuple[str, int]]:
    """Return model and id of a relation, and of its twin when it has one."""
    found = rows.many(
        tx,
        'SELECT home_model, home_relation FROM relation_endpoint'
        ' WHERE model_uuid = ?1 AND relation_id = ?2 AND home_model <> ?1',
        *(uuid, relation_id),
    )
    return [(uuid, relation_id), *((str(row['home_model']), int(row['home_relation'])) for row in found)]


def touch(tx: Tx, uuid: str, relation_id: int) -> None:
    """Wake the watchers of every model that sees a relation."""
    for model, _ in everywhere(tx, uuid, relation_id):
        tx.touch(model)


def put_status(tx: Tx, uuid: str, relation_id: int, value: str, *, message: str = '') -> None:
    """Set the status of a relation wherever it is seen."""
    for model, number in everywhere(tx, uuid, relation_id):
        statuses.put(tx, model, 'relation', str(number), value, message=message)


def is_deserted(tx: Tx, uuid: str, relation_id: int) -> bool:
    """Whether no unit of any side is in scope."""
    return not any(present(tx, side) for side in of(tx, uuid, relation_id))


def are_all_present(tx: Tx, uuid: str, relation_id: int) -> bool:
    """Whether a unit of every side is in scope."""
    return all(present(tx, side) for side in of(tx, uuid, relation_id))


def hand_over(tx: Tx, uuid: str, relation_id: int) -> None:
    """Leave to the twin what was said here, and make it whole by itself: the relation ends here first.

    Neither model waits for the other's hooks, and those that still run there may read what was said.
    """
    for model, number in everywhere(tx, uuid, relation_id)[1:]:
        side = next(side for side in of(tx, model, number) if is_remote(side))
        for unit, row in _units(tx, side).items():
            tx.db.execute(
                'INSERT INTO relation_unit VALUES (?, ?, ?, 0, ?, ?)',
                (model, number, unit, row['settings'], row['version']),
            )
        tx.db.execute(
            'UPDATE relation_endpoint SET settings = ?, version = ?, home_model = model_uuid,'
            ' home_relation = relation_id, home_application = application'
            ' WHERE model_uuid = ? AND relation_id = ? AND application = ?',
            (side['settings'], side['version'], model, number, side['application']),
        )
        tx.touch(model)


def _units(tx: Tx, side: sqlite3.Row) -> dict[str, sqlite3.Row]:
    found = rows.many(
        tx,
        'SELECT * FROM relation_unit WHERE model_uuid = ? AND relation_id = ?',
        *(side['home_model'], side['home_relation']),
    )
    return {
        _renamed(row['unit'], str(side['application'])): row
        for row in found
        if application_of(row['unit']) == side['home_application']
    }


def _renamed(unit: str, application: str) -> str:
    """Return the name of a unit where its application has another one."""
    return f'{application}/{unit.partition("/")[2]}'
