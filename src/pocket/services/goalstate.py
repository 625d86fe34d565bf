"""What goal-state prints: the units and relations that a unit is to have (juju.md 3.9)."""

from __future__ import annotations

import datetime
from typing import Any

from pocket.model import Life, Status
from pocket.services import relations, status
from pocket.state import Tx


def get(tx: Tx, uuid: str, unit: str) -> dict[str, Any]:
    """Return own and peer units, and for each endpoint the related applications with their units."""
    snapshot = status.snapshot(tx, uuid)
    units = snapshot.units
    application = units[unit].application
    entries = {
        name: _entry(Status(value='dying', since_ms=one.workload.since_ms))
        if one.life is Life.DYING
        else _entry(one.workload)
        for name, one in units.items()
    }
    related: dict[str, dict[str, Any]] = {}
    for relation in relations.list_(tx, uuid, application):
        own = next(side for side in relation.endpoints if side.application == application)
        for other in relation.endpoints:
            if other.application != application:
                shown = related.setdefault(own.name, {})
                shown[other.application] = _entry(relation.status)
                shown |= {
                    name: entries[name] for name in units if units[name].application == other.application
                }
    return {
        'units': {name: entries[name] for name in units if units[name].application == application},
        'relations': related,
    }


def _entry(status_: Status) -> dict[str, str]:
    since = datetime.datetime.fromtimestamp(status_.since_ms / 1000, datetime.UTC)
    return {'status': status_.value, 'since': since.strftime('%Y-%m-%d %H:%M:%SZ')}
