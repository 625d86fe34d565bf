"""A leader that is out of reach keeps its lease for a minute, then another unit may lead (juju.md 3.4).

The daemon is the controller and the agents at once: while it is down no lease runs out, and units find the
leader that there was. A lease runs out only where the leader's machine has stopped.
"""

from __future__ import annotations

from pocket.services import rows
from pocket.state import Tx

LEASE_MS = 60_000


def machine_is_lost(tx: Tx, uuid: str, machine_id: str) -> None:
    """The machine has stopped: the leases of leaders on it run out from now on."""
    _set_expiry(tx, uuid, machine_id, tx.now_ms + LEASE_MS)


def machine_is_back(tx: Tx, uuid: str, machine_id: str) -> None:
    """The machine runs: leaders on it renew their leases."""
    _set_expiry(tx, uuid, machine_id, None)


def next_expiry_ms(tx: Tx) -> int | None:
    """Return when the next lease runs out; None when none does."""
    row = rows.one(tx, "SELECT min(leader_until_ms) AS due FROM application WHERE leader <> ''")
    return None if row is None or row['due'] is None else int(row['due'])


def expire(tx: Tx) -> None:
    """Leave the applications without a leader whose leader's lease has run out; the next to claim leads."""
    for row in rows.many(
        tx, "SELECT model_uuid, name FROM application WHERE leader <> '' AND leader_until_ms <= ?", tx.now_ms
    ):
        tx.db.execute(
            "UPDATE application SET leader = '', leader_until_ms = NULL WHERE model_uuid = ? AND name = ?",
            (row['model_uuid'], row['name']),
        )
        tx.touch(str(row['model_uuid']))


def _set_expiry(tx: Tx, uuid: str, machine_id: str, at_ms: int | None) -> None:
    tx.db.execute(
        'UPDATE application SET leader_until_ms = iif(?3 IS NULL, NULL, coalesce(leader_until_ms, ?3))'
        ' WHERE model_uuid = ?1 AND leader IN'
        ' (SELECT name FROM unit WHERE model_uuid = ?1 AND machine_id = ?2)',
        (uuid, machine_id, at_ms),
    )
