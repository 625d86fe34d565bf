"""Which entities of a model changed; the database keeps that by itself, whatever service changed them."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from pocket.services import rows
from pocket.state import Tx

Entity = tuple[str, str]
"""Kind and name: model, application, unit, machine, relation, action or charm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What changed after some number."""

    number: int
    """Ask for what comes after this next time."""
    entities: Set[Entity]
    """They may be gone by now, or look as before."""


def since(tx: Tx, uuid: str, number: int) -> Changes:
    """Return the entities of a model that changed after *number*, and units of which their kin did.

    A unit shows what its machine and application say, so it counts as changed when they did.
    """
    found = rows.many(tx, 'SELECT * FROM change WHERE model_uuid = ? AND number > ?', uuid, number)
    entities = {(str(row['kind']), str(row['name'])) for row in found}
    kin = {
        ('unit', str(row['name']))
        for kind, name in entities
        if kind in _UNITS_OF
        for row in rows.many(tx, _UNITS_OF[kind], uuid, name)
    }
    last = max((int(row['number']) for row in found), default=number)
    return Changes(number=last, entities=entities | kin)


def last(tx: Tx, uuid: str) -> int:
    """Return the number of the newest change of a model."""
    row = rows.one(tx, 'SELECT max(number) AS last FROM change WHERE model_uuid = ?', uuid)
    return int(row['last'] or 0) if row is not None else 0


_UNITS_OF = {
    'machine': 'SELECT name FROM unit WHERE model_uuid = ? AND machine_id = ?',
    'application': 'SELECT name FROM unit WHERE model_uuid = ? AND application = ?',
}
