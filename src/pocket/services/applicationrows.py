"""Applications as rows, and how they may be called."""

from __future__ import annotations

import re
import sqlite3
import uuid as uuids
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pocket.model import Base, Life
from pocket.services import charms, rows
from pocket.services.charms import CharmRecord
from pocket.services.errors import NOT_FOUND, JujuError
from pocket.state import Tx

_NAME = re.compile(r'[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*')


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRecord:
    """One application as its row says."""

    name: str
    charm_url: str
    charm: CharmRecord
    base: Base
    life: Life
    subordinate: bool
    exposed: bool
    exposed_endpoints: Mapping[str, Any]
    trust: bool
    constraints: Mapping[str, Any]
    config: Mapping[str, Any]
    """Only what the operator set."""
    leader: str
    """The leader unit's name, or empty."""
    created_ms: int
    scale: int | None = None
    """How many units it is to have; None on machines."""
    service_address: str = ''
    """Where all units of one on Kubernetes are reached together."""
    provider_id: str = ''
    """Of its service; empty on machines."""
    origin: Mapping[str, Any]
    """What clients keep with it: of a store's charm its channel."""


def is_name(name: str) -> bool:
    """Whether an application, an offer, or what is consumed, may be called so."""
    return _NAME.fullmatch(name) is not None


def get(tx: Tx, uuid: str, name: str) -> ApplicationRecord:
    """Return an application.

    Raises:
        JujuError: there is no such application.
    """
    row = rows.one(tx, 'SELECT * FROM application WHERE model_uuid = ? AND name = ?', uuid, name)
    if row is None:
        raise JujuError(f'application "{name}" not found', NOT_FOUND)
    return _record(tx, row)


def list_(tx: Tx, uuid: str) -> list[ApplicationRecord]:
    """Return the applications of a model by name."""
    found = rows.many(tx, 'SELECT * FROM application WHERE model_uuid = ? ORDER BY name', uuid)
    return [_record(tx, row) for row in found]


def _record(tx: Tx, row: sqlite3.Row) -> ApplicationRecord:
    return ApplicationRecord(
        name=str(row['name']),
        charm_url=str(row['charm_url']),
        charm=charms.get(tx, str(row['model_uuid']), str(row['charm_url'])),
        base=Base(name=row['base_name'], channel=row['base_channel']),
        life=Life(row['life']),
        subordinate=bool(row['subordinate']),
        exposed=bool(row['exposed']),
        exposed_endpoints=rows.loads(row['exposed_endpoints']),
        trust=bool(row['trust']),
        constraints=rows.loads(row['constraints']),
        config=rows.loads(row['config']),
        leader=str(row['leader']),
        created_ms=int(row['created_ms']),
        origin=rows.loads(row['origin']),
        scale=None if row['scale'] is None else int(row['scale']),
        service_address=str(row['service_address']),
        provider_id=_service_id(row),
    )


def _service_id(row: sqlite3.Row) -> str:
    """Name the service of an application as Kubernetes does: another one of the same name has another."""
    if row['scale'] is None:
        return ''
    return str(uuids.uuid5(uuids.NAMESPACE_OID, f'{row["model_uuid"]}/{row["name"]}/{row["created_ms"]}'))
