"""Makes the rows of a relation, for one within a model and for either half of one between models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pocket.model import Life
from pocket.services import endpoints, rows, statuses
from pocket.services.endpoints import Candidate, Side
from pocket.services.errors import ALREADY_EXISTS, QUOTA_LIMIT_EXCEEDED, JujuError
from pocket.state import Tx


@dataclass(frozen=True, slots=True)
class Home:
    """Where a side is at home when that is not the relation itself; see `pocket.services.sides`."""

    model_uuid: str
    relation_id: int
    application: str


def check_new(tx: Tx, uuid: str, sides: Candidate, doing: str) -> None:
    """Refuse a relation that is there already.

    Raises:
        JujuError: it is.
    """
    key = endpoints.key(sides)
    if rows.exists(tx, 'SELECT 1 FROM relation WHERE model_uuid = ? AND key = ?', uuid, key):
        raise JujuError(f'{doing}: relation {key} already exists', ALREADY_EXISTS)


def check_side(tx: Tx, uuid: str, side: Side, doing: str) -> None:
    """Refuse a relation of an application that goes away, or one more than its endpoint allows.

    Raises:
        JujuError: it is so.
    """
    row = rows.one(
        tx, 'SELECT life FROM application WHERE model_uuid = ? AND name = ?', uuid, side.application
    )
    if row is None or row['life'] != Life.ALIVE:
        raise JujuError(f'{doing}: application "{side.application}" is not alive')
    limit = side.endpoint.limit
    taken = rows.many(
        tx,
        'SELECT 1 FROM relation_endpoint WHERE model_uuid = ? AND application = ? AND name = ?',
        *(uuid, side.application, side.endpoint.name),
    )
    if limit and len(taken) >= limit:
        raise JujuError(
            f'establishing a new relation for {side} would exceed its maximum relation limit of {limit}',
            QUOTA_LIMIT_EXCEEDED,
        )


def insert(
    tx: Tx,
    uuid: str,
    relation_id: int,
    sides: Candidate,
    *,
    homes: Mapping[str, Home] | None = None,
    offer_uuid: str = '',
    via_cidrs: Sequence[str] = (),
) -> None:
    """Make a relation.

    Args:
        homes: By application: where those sides are at home that are not of this model.
        offer_uuid: The offer that it goes through.
        via_cidrs: Where traffic of this model's units comes from, if not from their own addresses.
    """
    tx.db.execute(
        'INSERT INTO relation (model_uuid, id, key, scope, interface, created_ms, offer_uuid, via_cidrs)'
        ' VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        (
            *(uuid, relation_id, endpoints.key(sides), endpoints.scope_of(sides)),
            *(sides[0].endpoint.interface, tx.now_ms, offer_uuid, ','.join(via_cidrs)),
        ),
    )
    for side in sides:
        endpoint = side.endpoint
        home = (homes or {}).get(side.application) or Home(uuid, relation_id, side.application)
        tx.db.execute(
            'INSERT INTO relation_endpoint (model_uuid, relation_id, application, name, role, scope,'
            ' relation_limit, optional, home_model, home_relation, home_application)'
            ' VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
            (
                *(uuid, relation_id, side.application, endpoint.name, endpoint.role, endpoint.scope),
                *(endpoint.limit, endpoint.optional),
                *(home.model_uuid, home.relation_id, home.application),
            ),
        )
    statuses.put(tx, uuid, 'relation', str(relation_id), 'joining')
    tx.touch(uuid)
