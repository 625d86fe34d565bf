"""Relations between applications, as the operator handles them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from bedrock.charm import Charm
from pocket.model import Base, Life, Status
from pocket.services import charms, crossings, life, models, relationrows, rows, saas, statuses
from pocket.services import endpoints as endpoints_
from pocket.services import sides as sides_
from pocket.services.endpoints import Candidate, Party, Side
from pocket.services.errors import NOT_FOUND, NOT_SUPPORTED, JujuError
from pocket.state import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationEndpoint:
    """One side of a relation."""

    application: str
    name: str
    role: str
    """provider, requirer or peer."""
    interface: str
    scope: str
    limit: int
    optional: bool
    remote_model: str = ''
    """Uuid of the model that the application is in, when that is another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationRecord:
    """One relation."""

    id: int
    key: str
    """``requirer:ep provider:ep``, or ``app:ep`` for a peer relation."""
    life: Life
    scope: str
    """container when either side says so."""
    interface: str
    endpoints: tuple[RelationEndpoint, ...]
    """The requirer first; one for a peer relation."""
    status: Status
    """joining until a unit of each side is in scope, then joined; suspending, suspended."""
    offer_uuid: str = ''
    """The offer that it goes through, when it is one with another model."""
    offered: bool = False
    """This is the offering model: the application across has only a made-up name here."""


def add(tx: Tx, uuid: str, endpoints: Sequence[str], *, via_cidrs: Sequence[str] = ()) -> RelationRecord:
    """Relate two applications (``app`` or ``app:endpoint``), of which one may be consumed.

    Args:
        via_cidrs: Where the traffic to a consumed application comes from; see `crossings.relate`.

    Raises:
        JujuError: the names mean no relation or several, or the relation is not possible.
    """
    models.require_alive(tx, uuid, 'cannot add relation')
    sides = endpoints_.infer(endpoints, _parties(tx, uuid, endpoints))
    key = endpoints_.key(sides)
    doing = f'cannot add relation "{key}"'
    if len(sides) != 2:
        raise JujuError(f'{doing}: relation must have two endpoints')
    crossing = any(saas.find(tx, uuid, side.application) for side in sides)
    if via_cidrs and not crossing:
        raise JujuError('integration via subnets for non cross model relations not supported', NOT_SUPPORTED)
    relationrows.check_new(tx, uuid, sides, doing)
    if crossing:
        return get(tx, uuid, crossings.relate(tx, uuid, sides, doing, via_cidrs=via_cidrs))
    for side in sides:
        relationrows.check_side(tx, uuid, side, doing)
    if endpoints_.scope_of(sides) == 'container':
        _check_bases(tx, uuid, sides, doing)
    return get(tx, uuid, _insert(tx, uuid, sides))


def ensure_peers(tx: Tx, uuid: str, application: str, charm: Charm) -> None:
    """Make the peer relations of an application that are not there yet."""
    for endpoint in charm.endpoints.values():
        key = f'{application}:{endpoint.name}'
        if endpoint.role == 'peer' and not rows.exists(
            tx, 'SELECT 1 FROM relation WHERE model_uuid = ? AND key = ?', uuid, key
        ):
            side = Side(application=application, endpoint=endpoint, subordinate=charm.subordinate)
            _insert(tx, uuid, (side,))


def destroy(tx: Tx, uuid: str, endpoints: Sequence[str], *, force: bool = False) -> None:
    """Take down the relation that the names mean.

    Raises:
        JujuError: there is no such relation, or it is a peer relation.
    """
    named = [record for record in list_(tx, uuid) if _is_named(record, endpoints)]
    if len(named) == 1:  # also when an upgrade has taken its endpoint away
        destroy_by_id(tx, uuid, named[0].id, force=force)
        return
    candidates = endpoints_.candidates(endpoints, _parties(tx, uuid, endpoints))
    there: list[tuple[int, Candidate]] = []
    for sides in candidates:
        row = rows.one(
            tx, 'SELECT id FROM relation WHERE model_uuid = ? AND key = ?', uuid, endpoints_.key(sides)
        )
        if row is not None:
            there.append((int(row['id']), sides))
    if len(there) > 1:
        raise endpoints_.ambiguous(endpoints, [sides for _, sides in there])
    if not there:
        wanted = endpoints_.key(candidates[0]) if len(candidates) == 1 else ' '.join(endpoints)
        raise JujuError(f'relation "{wanted}" not found', NOT_FOUND)
    destroy_by_id(tx, uuid, there[0][0], force=force)


def destroy_by_id(tx: Tx, uuid: str, relation_id: int, *, force: bool = False) -> None:
    """Take a relation down; it is gone once no unit is in scope, with *force* at once.

    Raises:
        JujuError: there is no such relation, or it is a peer relation.
    """
    record = get(tx, uuid, relation_id)
    if record.endpoints[0].role == 'peer':
        raise JujuError(f'cannot destroy relation "{record.key}": is a peer relation')
    life.destroy_relation(tx, uuid, relation_id, force=force)


def get(tx: Tx, uuid: str, relation_id: int) -> RelationRecord:
    """Return a relation.

    Raises:
        JujuError: there is no such relation.
    """
    row = rows.one(tx, 'SELECT * FROM relation WHERE model_uuid = ? AND id = ?', uuid, relation_id)
    if row is None:
        raise JujuError(f'relation {relation_id} not found', NOT_FOUND)
    return _record(tx, row)


def list_(tx: Tx, uuid: str, application: str = '') -> list[RelationRecord]:
    """Return the relations of an application, or of the whole model, oldest first."""
    found = rows.many(
        tx,
        "SELECT * FROM relation WHERE model_uuid = ?1 AND (?2 = '' OR id IN ("
        ' SELECT relation_id FROM relation_endpoint WHERE model_uuid = ?1 AND application = ?2)) ORDER BY id',
        *(uuid, application),
    )
    return [_record(tx, row) for row in found]


def _is_named(record: RelationRecord, endpoints: Sequence[str]) -> bool:
    """Whether each of *endpoints* (``app`` or ``app:endpoint``) is a side of its own of a relation."""
    sides = [(side.application, f'{side.application}:{side.name}') for side in record.endpoints]
    return len(sides) == len(endpoints) and any(
        all(name in side for name, side in zip(endpoints, order, strict=True))
        for order in (sides, sides[::-1])
    )


def _parties(tx: Tx, uuid: str, endpoints: Sequence[str]) -> dict[str, Party]:
    """Return those applications that are named and exist, consumed ones among them."""
    found: dict[str, Party] = {}
    for name in endpoints:
        application = name.partition(':')[0]
        if (charm := _charm(tx, uuid, application)) is not None:
            found[application] = endpoints_.party(charm)
        elif (consumed := saas.find(tx, uuid, application)) is not None:
            found[application] = Party(endpoints=consumed.endpoints)
    return found


def _charm(tx: Tx, uuid: str, application: str) -> Charm | None:
    row = rows.one(
        tx, 'SELECT charm_url FROM application WHERE model_uuid = ? AND name = ?', uuid, application
    )
    return None if row is None else charms.get(tx, uuid, str(row['charm_url'])).charm


def _insert(tx: Tx, uuid: str, sides: Candidate) -> int:
    relation_id = rows.next_number(tx, uuid, 'relation')
    relationrows.insert(tx, uuid, relation_id, sides)
    return relation_id


def _check_bases(tx: Tx, uuid: str, sides: Candidate, doing: str) -> None:
    """A subordinate shares its principal's machine, so it must be able to run there."""
    bases: dict[str, Base] = {}
    for side in sides:
        row = rows.one(
            tx,
            'SELECT base_name, base_channel FROM application WHERE model_uuid = ? AND name = ?',
            *(uuid, side.application),
        )
        assert row is not None
        bases[side.application] = Base(name=row['base_name'], channel=row['base_channel'])
    principal, subordinate = sorted(sides, key=lambda side: side.subordinate)
    charm = _charm(tx, uuid, subordinate.application)
    assert charm is not None
    wanted = bases[principal.application]
    if (
        bases[subordinate.application] != wanted
        and charm.bases
        and ((wanted.name, wanted.channel) not in charm.bases)
    ):
        raise JujuError(f"{doing}: principal and subordinate applications' bases must match")


def _record(tx: Tx, row: sqlite3.Row) -> RelationRecord:
    uuid, relation_id = str(row['model_uuid']), int(row['id'])
    found = rows.many(
        tx,
        'SELECT * FROM relation_endpoint WHERE model_uuid = ? AND relation_id = ? ORDER BY role DESC',
        *(uuid, relation_id),
    )
    return RelationRecord(
        id=relation_id,
        key=str(row['key']),
        life=Life(row['life']),
        scope=str(row['scope']),
        interface=str(row['interface']),
        endpoints=tuple(_endpoint(side, str(row['interface'])) for side in found),
        status=statuses.get(tx, uuid, 'relation', str(relation_id))
        or Status(value='joining', since_ms=int(row['created_ms'])),
        offer_uuid=str(row['offer_uuid']),
        offered=any(side['application'].startswith(sides_.PROXY) for side in found),
    )


def _endpoint(row: sqlite3.Row, interface: str) -> RelationEndpoint:
    return RelationEndpoint(
        application=str(row['application']),
        name=str(row['name']),
        role=str(row['role']),
        interface=interface,
        scope=str(row['scope']),
        limit=int(row['relation_limit']),
        optional=bool(row['optional']),
        remote_model=str(row['home_model']) if sides_.is_remote(row) else '',
    )
