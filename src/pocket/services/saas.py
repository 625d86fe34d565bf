"""What a model consumes of others, as rows: a name in it for an offer, like an application without units."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from bedrock.charm import Endpoint
from pocket.model import Life, Status
from pocket.services import derive, rows, statuses
from pocket.state import Tx

_GONE = ('terminated', 'offer has been removed')


@dataclass(frozen=True, slots=True, kw_only=True)
class SaasRecord:
    """One consumed offer as displayed."""

    name: str
    offer_uuid: str
    offer_url: str
    """As the client wrote it, with its name for the controller."""
    source_model: str
    endpoints: Mapping[str, Endpoint]
    life: Life
    status: Status
    """The offered application's; terminated once the offer is gone."""

    @property
    def offer_name(self) -> str:
        """The last part of the URL."""
        return self.offer_url.rpartition('.')[2]


def find(tx: Tx, uuid: str, name: str) -> SaasRecord | None:
    """Return what a model consumes under a name, None when that is nothing."""
    row = rows.one(tx, 'SELECT * FROM saas WHERE model_uuid = ? AND name = ?', uuid, name)
    return None if row is None else _record(tx, row)


def list_(tx: Tx, uuid: str) -> list[SaasRecord]:
    """Return all that a model consumes, by name."""
    return [
        _record(tx, row)
        for row in rows.many(tx, 'SELECT * FROM saas WHERE model_uuid = ? ORDER BY name', uuid)
    ]


def source_models(tx: Tx, uuid: str) -> frozenset[str]:
    """Return the models whose offers a model consumes: what is shown of it depends on them."""
    found = rows.many(tx, 'SELECT DISTINCT source_model FROM saas WHERE model_uuid = ?', uuid)
    return frozenset(str(row['source_model']) for row in found)


def insert(
    tx: Tx,
    uuid: str,
    name: str,
    *,
    offer_uuid: str,
    offer_url: str,
    source_model: str,
    endpoints: Iterable[Endpoint],
) -> None:
    """Make the row, in place of one whose offer is gone."""
    statuses.forget(tx, uuid, name, 'saas')
    tx.db.execute(
        'INSERT OR REPLACE INTO saas VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        (
            *(uuid, name, offer_uuid, offer_url, source_model),
            *(json.dumps([asdict(endpoint) for endpoint in endpoints]), Life.ALIVE, tx.now_ms),
        ),
    )
    tx.touch(uuid)


def terminate(tx: Tx, offer_uuid: str) -> None:
    """Show every consumer of an offer that it is gone."""
    for row in rows.many(tx, 'SELECT model_uuid, name FROM saas WHERE offer_uuid = ?', offer_uuid):
        value, message = _GONE
        statuses.put(tx, str(row['model_uuid']), 'saas', str(row['name']), value, message=message)
        tx.touch(str(row['model_uuid']))


def set_dying(tx: Tx, uuid: str, name: str) -> None:
    """Have it go with its last relation."""
    tx.db.execute("UPDATE saas SET life = 'dying' WHERE model_uuid = ? AND name = ?", (uuid, name))
    tx.touch(uuid)


def remove_if_unused(tx: Tx, uuid: str, name: str) -> None:
    """Drop the row of one that is dying once it has no relation."""
    gone = tx.db.execute(
        """
        DELETE FROM saas WHERE model_uuid = ?1 AND name = ?2 AND life <> 'alive' AND NOT EXISTS (
            SELECT 1 FROM relation_endpoint WHERE model_uuid = ?1 AND application = ?2)
        """,
        (uuid, name),
    )
    if gone.rowcount:
        statuses.forget(tx, uuid, name, 'saas')
        tx.touch(uuid)


def _record(tx: Tx, row: sqlite3.Row) -> SaasRecord:
    endpoints = [Endpoint(**fields) for fields in json.loads(row['endpoints'])]
    return SaasRecord(
        name=str(row['name']),
        offer_uuid=str(row['offer_uuid']),
        offer_url=str(row['offer_url']),
        source_model=str(row['source_model']),
        endpoints={endpoint.name: endpoint for endpoint in endpoints},
        life=Life(row['life']),
        status=_status(tx, row),
    )


def _status(tx: Tx, row: sqlite3.Row) -> Status:
    offered = rows.one(
        tx,
        'SELECT application.* FROM offer JOIN application ON application.model_uuid = offer.model_uuid'
        ' AND application.name = offer.application WHERE offer.uuid = ?',
        row['offer_uuid'],
    )
    if offered is None:
        value, message = _GONE
        return statuses.get(tx, str(row['model_uuid']), 'saas', str(row['name'])) or Status(
            value=value, message=message, since_ms=int(row['created_ms'])
        )
    model, application = str(offered['model_uuid']), str(offered['name'])
    units = rows.many(
        tx,
        'SELECT name FROM unit WHERE model_uuid = ? AND application = ? ORDER BY number',
        *(model, application),
    )
    workloads: list[Status] = []
    for unit in units:
        agent = statuses.get(tx, model, 'agent', str(unit['name']))
        workload = statuses.get(tx, model, 'workload', str(unit['name']))
        assert agent is not None
        assert workload is not None
        workloads.append(derive.unit(agent, workload)[1])
    own = statuses.get(tx, model, 'application', application)
    return derive.application(own, workloads, since_ms=int(offered['created_ms']))
