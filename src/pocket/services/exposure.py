"""Which applications, or endpoints of them, are open to the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pocket.services import applicationrows, endpoints, rows
from pocket.services.applicationrows import ApplicationRecord
from pocket.services.errors import NOT_FOUND, JujuError
from pocket.state import Tx


def expose(tx: Tx, uuid: str, name: str, *, endpoints: Mapping[str, Any] | None = None) -> None:
    """Expose an application, whole or by endpoint (the name of each with its spaces and CIDRs).

    Raises:
        JujuError: there is no such application or endpoint.
    """
    record = applicationrows.get(tx, uuid, name)
    _check_endpoints(record, endpoints or {})
    wanted = {**record.exposed_endpoints, **(endpoints or {'': {'expose-to-cidrs': ['0.0.0.0/0', '::/0']}})}
    _put_exposed(tx, uuid, name, wanted)


def unexpose(tx: Tx, uuid: str, name: str, *, endpoints: Sequence[str] = ()) -> None:
    """Take back what `expose` did, for some endpoints or for all.

    Raises:
        JujuError: there is no such application or endpoint.
    """
    record = applicationrows.get(tx, uuid, name)
    _check_endpoints(record, endpoints)
    kept = {
        key: value for key, value in record.exposed_endpoints.items() if endpoints and key not in endpoints
    }
    _put_exposed(tx, uuid, name, kept)


def _put_exposed(tx: Tx, uuid: str, name: str, exposed: Mapping[str, Any]) -> None:
    tx.db.execute(
        'UPDATE application SET exposed = ?, exposed_endpoints = ? WHERE model_uuid = ? AND name = ?',
        (bool(exposed), rows.dumps(exposed), uuid, name),
    )
    tx.touch(uuid)


def _check_endpoints(record: ApplicationRecord, names: Sequence[str] | Mapping[str, Any]) -> None:
    known = endpoints.endpoints_of(record.charm.charm)
    for name in names:
        if name and name not in known:
            raise JujuError(f'endpoint "{name}" not found', NOT_FOUND)
