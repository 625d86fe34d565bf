"""What goal-state prints: the units and relations that a unit is to have (juju.md 3.9)."""

from __future__ import annotations

import datetime
from typing import Any

from pocket.model import Life, Status
from pocket.services import relations, saas, status
from pocket.services.errors import NOT_FOUND, JujuError
from pocket.state import Tx


def get(tx: Tx, uuid: str, unit: str) -> dict[str, Any]:
    """Return own and peer units, and for each endpoint the related applications with their units.

    Of other models no units are told. Of subordinates a unit sees those on its own principal, or
    on itself; a dead unit is no goal.

    Raises:
        JujuError: there is no such unit.
    """
    snapshot = status.snapshot(tx, uuid)
    mine = snapshot.units.get(unit)
    if mine is None:
        raise JujuError(f'unit "{unit}" not found', NOT_FOUND)
    hosts = ('', unit, mine.principal) if mine.principal else ('', unit)
    seen = {
        name: one
        for name, one in snapshot.units.items()
        if one.life is not Life.DEAD and one.principal in hosts
    }

    def of(application: str) -> dict[str, dict[str, str]]:
        return {name: _unit(one) for name, one in seen.items() if one.application == application}

    related: dict[str, dict[str, Any]] = {}
    for relation in relations.list_(tx, uuid, mine.application):
        own = next(side for side in relation.endpoints if side.application == mine.application)
        for other in relation.endpoints:
            if other.application != mine.application:
                name = _name(tx, uuid, other.application, relation.offer_uuid)
                if name:
                    shown = related.setdefault(own.name, {})
                    shown |= {name: _entry(relation.status), **of(other.application)}
    return {'units': of(mine.application), 'relations': related}


def _name(tx: Tx, uuid: str, application: str, offer_uuid: str) -> str:
    """What a related application is called; empty when it is not told of.

    As in Juju, an offer is called by its URL, and an offering model does not tell of who consumes it.
    """
    if not offer_uuid:
        return application
    consumed = saas.find(tx, uuid, application)
    return consumed.offer_url if consumed else ''


def _unit(unit: status.UnitSnapshot) -> dict[str, str]:
    if unit.life is Life.DYING:
        return _entry(Status(value='dying', since_ms=unit.workload.since_ms))
    return _entry(unit.workload)


def _entry(status_: Status) -> dict[str, str]:
    since = datetime.datetime.fromtimestamp(status_.since_ms / 1000, datetime.UTC)
    return {'status': status_.value, 'since': since.strftime('%Y-%m-%d %H:%M:%SZ')}
