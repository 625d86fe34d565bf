"""A unit's opened ports and what network-get says. Every space is alpha, every machine has one address."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from typing import Any

from pocket.model import PortRange
from pocket.services import charms, endpoints, life, rows, units
from pocket.services.errors import NOT_FOUND, JujuError
from pocket.state import Tx

_PREFIX = 24
"""Length of the machines' subnet, as the substrate lays it out."""


def opened_ports(tx: Tx, uuid: str, unit: str) -> list[PortRange]:
    """Return the port ranges that a unit has opened, sorted."""
    row = life.find_unit(tx, uuid, unit)
    return [] if row is None else ports_from(row['ports'])


def ports_from(text: str) -> list[PortRange]:
    """Return the port ranges in a column."""
    loaded: list[list[Any]] = json.loads(text)
    return [PortRange(protocol=p, first=a, last=b, endpoint=e) for p, a, b, e in loaded]


def change_ports(
    tx: Tx, uuid: str, unit: str, *, opened: Iterable[PortRange], closed: Iterable[PortRange]
) -> None:
    """Open and close port ranges of a unit; opening an open one or closing a closed one changes nothing.

    Raises:
        JujuError: a range meets one that another unit on the machine, or this one, has open; or it is for an
            endpoint that the charm does not have.
    """
    old = opened_ports(tx, uuid, unit)
    wanted, asked = set(old), tuple(opened)
    _check_endpoints(tx, uuid, unit, asked)
    ranges = [port for port in asked if port.first != port.last]
    if ranges and units.get(tx, uuid, unit).pod:
        raise JujuError(f'cannot open {ranges[0]} (unit "{unit}"): port ranges not supported on Kubernetes')
    for port in closed:
        # Closing for every endpoint closes what was opened for one, too.
        wanted = {have for have in wanted if not _covers(port, have)}
    for port in asked:
        if port not in wanted:
            _check_conflict(tx, uuid, unit, port, wanted)
            wanted.add(port)
    new = sorted(wanted, key=_order)
    if new != old:
        tx.db.execute(
            'UPDATE unit SET ports = ? WHERE model_uuid = ? AND name = ?',
            (rows.dumps([[p.protocol, p.first, p.last, p.endpoint] for p in new]), uuid, unit),
        )
        tx.touch(uuid)


def info(tx: Tx, uuid: str, unit: str, binding: str, relation_id: int | None = None) -> dict[str, Any]:
    """Return what network-get prints for an endpoint or extra binding of the unit's charm.

    Args:
        relation_id: The relation that is asked about; traffic to it may be said to come from elsewhere.

    Raises:
        JujuError: the charm has no such binding, or the machine no address yet.
    """
    record = units.get(tx, uuid, unit)
    row = rows.one(
        tx, 'SELECT charm_url FROM application WHERE model_uuid = ? AND name = ?', uuid, record.application
    )
    assert row is not None
    if binding not in _bindings(tx, uuid, str(row['charm_url'])):
        raise JujuError(f'binding id "{binding}" not defined by the unit\'s charm', NOT_FOUND)
    if not record.address:
        raise JujuError(f'no network config found for binding "{binding}"', NOT_FOUND)
    egress = _via(tx, uuid, record.application, binding, relation_id)
    subnet = ipaddress.ip_network(f'{record.address}/{_PREFIX}', strict=False)
    address = {'hostname': '', 'value': record.address, 'cidr': str(subnet)}
    return {
        'bind-addresses': [{'mac-address': '', 'interface-name': 'eth0', 'addresses': [address]}],
        'egress-subnets': egress or [f'{record.ingress}/32'],
        'ingress-addresses': [record.ingress],
    }


def _via(tx: Tx, uuid: str, application: str, binding: str, relation_id: int | None) -> list[str]:
    row = rows.one(
        tx,
        'SELECT via_cidrs FROM relation JOIN relation_endpoint own'
        ' ON own.model_uuid = relation.model_uuid AND own.relation_id = relation.id'
        ' WHERE relation.model_uuid = ? AND relation.id = ? AND own.application = ? AND own.name = ?',
        *(uuid, relation_id, application, binding),
    )
    return [cidr for cidr in str(row['via_cidrs']).split(',') if cidr] if row else []


def subnets(tx: Tx, uuid: str) -> list[str]:
    """Return the networks, in CIDR notation, that machines of a model have addresses in."""
    found = rows.many(tx, "SELECT address FROM machine WHERE model_uuid = ? AND address <> ''", uuid)
    networks = {ipaddress.ip_network(f'{row["address"]}/{_PREFIX}', strict=False) for row in found}
    return [str(network) for network in sorted(networks, key=str)]


def _check_conflict(tx: Tx, uuid: str, unit: str, port: PortRange, own: Iterable[PortRange]) -> None:
    row = life.find_unit(tx, uuid, unit)
    assert row is not None
    others = rows.many(
        tx,
        'SELECT name, ports FROM unit WHERE model_uuid = ? AND machine_id = ? AND name <> ?',
        *(uuid, row['machine_id'], unit),
    )
    taken = [(unit, have) for have in own]
    taken += [(str(other['name']), have) for other in others for have in ports_from(other['ports'])]
    for name, have in taken:
        # The same range again is fine within a unit: for another endpoint.
        same = (have.first, have.last) == (port.first, port.last) and name == unit
        if (
            have.protocol == port.protocol
            and not same
            and have.first <= port.last
            and port.first <= have.last
        ):
            raise JujuError(
                f'cannot open {port} (unit "{unit}"): port range conflicts with {have} (unit "{name}")'
            )


def _check_endpoints(tx: Tx, uuid: str, unit: str, ports: Iterable[PortRange]) -> None:
    named = [port for port in ports if port.endpoint]
    if not named:
        return
    known = _bindings(tx, uuid, units.get(tx, uuid, unit).charm_url)
    for port in named:
        if port.endpoint not in known:
            raise JujuError(
                f'cannot open {port} (unit "{unit}"): endpoint "{port.endpoint}" not found', NOT_FOUND
            )


def _bindings(tx: Tx, uuid: str, charm_url: str) -> frozenset[str]:
    charm = charms.get(tx, uuid, charm_url).charm
    extra: Any = charm.metadata.get('extra-bindings') or {}
    return frozenset({*endpoints.endpoints_of(charm), *extra})


def _covers(closed: PortRange, have: PortRange) -> bool:
    same = (closed.protocol, closed.first, closed.last) == (have.protocol, have.first, have.last)
    return same and closed.endpoint in ('', have.endpoint)


def _order(port: PortRange) -> tuple[str, int, int, str]:
    return (port.protocol, port.first, port.last, port.endpoint)
