"""Offers as rows: endpoints of an application that other models may consume, and who is connected."""

from __future__ import annotations

import json
import sqlite3
import uuid as uuid_
from collections.abc import Sequence
from dataclasses import dataclass

from bedrock.charm import Endpoint
from pocket.model import Status
from pocket.model.offerurl import OfferUrl
from pocket.services import applicationrows, charms, endpoints, models, rows, saas, sides, statuses
from pocket.services.errors import ALREADY_EXISTS, BAD_REQUEST, NOT_FOUND, NOT_VALID, JujuError
from pocket.state import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRecord:
    """One offer as its row says."""

    uuid: str
    model_uuid: str
    name: str
    owner: str
    """The owner of its model."""
    model_name: str
    application: str
    charm_url: str
    charm_name: str
    description: str
    endpoints: tuple[Endpoint, ...]
    """By name."""
    connections: tuple[Connection, ...]
    """By relation id."""
    created_ms: int

    @property
    def url(self) -> str:
        """``owner/model.name``, without a controller."""
        return f'{self.owner}/{self.model_name}.{self.name}'

    @property
    def active(self) -> int:
        """How many connections have units on both sides."""
        return sum(connection.status.value == 'joined' for connection in self.connections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One relation through an offer, as the offering model has it."""

    model_uuid: str
    """The consuming model."""
    relation_id: int
    endpoint: str
    status: Status
    subnets: tuple[str, ...]
    """Where the consumer's traffic comes from."""


def create(
    tx: Tx,
    uuid: str,
    *,
    application: str,
    endpoint_names: Sequence[str],
    name: str = '',
    description: str = '',
) -> OfferRecord:
    """Offer endpoints of an application, under its name by default; an offer of that name gets new ones.

    Raises:
        JujuError: there is no such application or endpoint, or the offer cannot be what is asked.
    """
    name = name or application
    doing = f'cannot add application offer "{name}"'
    models.require_alive(tx, uuid, doing)
    if not applicationrows.is_name(name):
        raise JujuError(f'{doing}: offer name "{name}" not valid', NOT_VALID)
    row = rows.one(
        tx, 'SELECT life, charm_url FROM application WHERE model_uuid = ? AND name = ?', uuid, application
    )
    if row is None:
        raise JujuError(
            f'getting offered application {application}: application "{application}" not found', NOT_FOUND
        )
    if row['life'] != 'alive':
        raise JujuError(f'{doing}: application "{application}" is not alive')
    known = endpoints.endpoints_of(charms.get(tx, uuid, str(row['charm_url'])).charm)
    for endpoint in endpoint_names:
        if endpoint not in known:
            raise JujuError(f'{doing}: application "{application}" has no "{endpoint}" relation', NOT_FOUND)
        if known[endpoint].role == 'peer' or known[endpoint].scope == 'container':
            raise JujuError(f'{doing}: endpoint "{endpoint}" is of use inside the model only', NOT_VALID)
    if not endpoint_names:
        raise JujuError(f'{doing}: an offer must have at least one endpoint', NOT_VALID)
    old = next((offer for offer in list_(tx, uuid) if offer.name == name), None)
    if old is not None:
        _check_replacement(old, application, endpoint_names, doing)
    tx.db.execute(
        'INSERT INTO offer VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (model_uuid, name)'
        ' DO UPDATE SET description = excluded.description, endpoints = excluded.endpoints',
        (
            *(str(uuid_.uuid4()), uuid, name, application, description or ''),
            *(json.dumps(sorted(set(endpoint_names))), tx.now_ms),
        ),
    )
    tx.touch(uuid)
    return next(offer for offer in list_(tx, uuid) if offer.name == name)


def list_(tx: Tx, model_uuid: str = '', *, application: str = '') -> list[OfferRecord]:
    """Return the offers of an application, of a model or of all models, by model and name."""
    found = rows.many(
        tx,
        f"{_SELECT} WHERE ?1 IN ('', offer.model_uuid) AND ?2 IN ('', offer.application)"
        ' ORDER BY model.name, offer.name',
        *(model_uuid, application),
    )
    return [_record(tx, row) for row in found]


def find(tx: Tx, uuid: str) -> OfferRecord | None:
    """Return the offer of this uuid, None when it is gone."""
    row = rows.one(tx, f'{_SELECT} WHERE offer.uuid = ?', uuid)
    return None if row is None else _record(tx, row)


def by_url(tx: Tx, url: str, *, user: str) -> OfferRecord:
    """Return the offer of ``[controller:][owner/]model.name``; the owner is *user* by default.

    Raises:
        JujuError: that is no URL, or there is no such offer.
    """
    parts = OfferUrl.parse(url, owner=user)
    if parts is None or parts.endpoint:
        raise JujuError(f'application offer URL "{url}" not valid', BAD_REQUEST)
    found = rows.one(
        tx,
        f'{_SELECT} WHERE model.owner = ? AND model.name = ? AND offer.name = ?',
        *(parts.owner, parts.model, parts.name),
    )
    if found is None:
        raise JujuError(f'application offer "{url.rpartition(":")[2]}" not found', NOT_FOUND)
    return _record(tx, found)


def forget(tx: Tx, offer: OfferRecord) -> None:
    """Drop an offer. Those who consume it see that it is gone; its relations are the caller's business."""
    tx.db.execute('DELETE FROM offer WHERE uuid = ?', (offer.uuid,))
    saas.terminate(tx, offer.uuid)
    tx.touch(offer.model_uuid)


_SELECT = """
    SELECT offer.*, model.owner, model.name AS model_name, application.charm_url
    FROM offer JOIN model ON model.uuid = offer.model_uuid
    JOIN application ON application.model_uuid = offer.model_uuid AND application.name = offer.application
"""


def _check_replacement(old: OfferRecord, application: str, endpoint_names: Sequence[str], doing: str) -> None:
    if old.application != application:
        raise JujuError(f'{doing}: application offer already exists', ALREADY_EXISTS)
    for connection in old.connections:
        if connection.endpoint not in endpoint_names:
            raise JujuError(f'{doing}: endpoint "{connection.endpoint}" has connections')


def _record(tx: Tx, row: sqlite3.Row) -> OfferRecord:
    model_uuid = str(row['model_uuid'])
    charm = charms.get(tx, model_uuid, str(row['charm_url'])).charm
    known = endpoints.endpoints_of(charm)
    names: list[str] = json.loads(row['endpoints'])
    return OfferRecord(
        uuid=str(row['uuid']),
        model_uuid=model_uuid,
        name=str(row['name']),
        owner=str(row['owner']),
        model_name=str(row['model_name']),
        application=str(row['application']),
        charm_url=str(row['charm_url']),
        charm_name=charm.name,
        description=str(row['description']),
        # An upgrade may have taken an endpoint away that nobody is connected to.
        endpoints=tuple(known[name] for name in names if name in known),
        connections=tuple(_connections(tx, str(row['uuid']), model_uuid)),
        created_ms=int(row['created_ms']),
    )


def _connections(tx: Tx, uuid: str, model_uuid: str) -> list[Connection]:
    """Return the relations of the offering model that go through an offer and still have their other half."""
    found = rows.many(
        tx,
        """
        SELECT relation.id, relation.created_ms, own.name, across.home_model AS consumer
        FROM relation
        JOIN relation_endpoint own ON own.model_uuid = relation.model_uuid
            AND own.relation_id = relation.id AND own.home_model = relation.model_uuid
        JOIN relation_endpoint across ON across.model_uuid = relation.model_uuid
            AND across.relation_id = relation.id AND across.home_model <> relation.model_uuid
        WHERE relation.offer_uuid = ? AND relation.model_uuid = ? ORDER BY relation.id
        """,
        *(uuid, model_uuid),
    )
    return [
        Connection(
            model_uuid=str(row['consumer']),
            relation_id=int(row['id']),
            endpoint=str(row['name']),
            status=statuses.get(tx, model_uuid, 'relation', str(row['id']))
            or Status(value='joining', since_ms=int(row['created_ms'])),
            subnets=_subnets(tx, model_uuid, int(row['id'])),
        )
        for row in found
    ]


def _subnets(tx: Tx, uuid: str, relation_id: int) -> tuple[str, ...]:
    found = [
        sides.find_unit(tx, uuid, relation_id, unit)
        for side in sides.of(tx, uuid, relation_id)
        if sides.is_remote(side)
        for unit in sides.present(tx, side)
    ]
    said = [str(rows.loads(row['settings']).get('egress-subnets', '')) for row in found if row is not None]
    return tuple(sorted({subnet for subnets in said for subnet in subnets.split(',') if subnet}))
