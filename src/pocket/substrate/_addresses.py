"""Which addresses machines get: a network of the home's own, one address a machine. Pure."""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Any, cast

from bedrock import errors

_FIRST, _LAST = 2, 254
"""Host parts that machines get; 1 is the bridge's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The addresses of one home."""

    subnet: IPv4Network
    machines: Mapping[str, int] = field(default_factory=dict[str, int])
    """Host part by machine."""
    last: int = _FIRST - 1
    """The host part given out last; the next is looked for after it, so that none is used again soon."""

    @property
    def gateway(self) -> IPv4Address:
        """The bridge's address."""
        return self.subnet[1]

    def address(self, machine: str) -> str:
        """The address of *machine*, which must have one."""
        return str(self.subnet[self.machines[machine]])


def choose_subnet(home: str, taken: Iterable[IPv4Network]) -> IPv4Network:
    """A /24 in 10.64.0.0/10 that follows from *home* and meets none of *taken*.

    Raises:
        Fault: every one is taken.
    """
    busy = tuple(taken)
    start = int.from_bytes(hashlib.sha256(home.encode()).digest()[:4], 'big')
    networks = 2**14
    for step in range(networks):
        number = (start + step) % networks
        subnet = IPv4Network((int(IPv4Address('10.64.0.0')) + number * 256, 24))
        if not any(subnet.overlaps(other) for other in busy):
            return subnet
    raise errors.Fault('cannot choose a network for machines: routes cover all of 10.64.0.0/10')


def restore(addresses: Mapping[str, str]) -> Plan | None:
    """The plan that machines with these *addresses* follow, when the one that was kept is lost."""
    if not addresses:
        return None
    subnet = IPv4Network((next(iter(addresses.values())), 24), strict=False)
    machines = {name: int(IPv4Address(one)) - int(subnet[0]) for name, one in addresses.items()}
    return Plan(subnet=subnet, machines=machines, last=max(machines.values()))


def allot(plan: Plan, machine: str) -> Plan:
    """Give *machine* an address unless it has one.

    Raises:
        Fault: none is free.
    """
    if machine in plan.machines:
        return plan
    used = set(plan.machines.values())
    size = _LAST - _FIRST + 1
    for step in range(size):
        number = _FIRST + (plan.last + 1 - _FIRST + step) % size
        if number not in used:
            return dataclasses.replace(plan, machines={**plan.machines, machine: number}, last=number)
    raise errors.Fault(
        f'cannot give machine {machine} an address: all {size} of {plan.subnet} are in use',
        hint='Remove machines, or use another POCKET_HOME.',
    )


def release(plan: Plan, machine: str) -> Plan:
    """Take the address of *machine* back."""
    kept = {name: number for name, number in plan.machines.items() if name != machine}
    return dataclasses.replace(plan, machines=kept)


def taken_networks(routes_json: str, *, without_device: str = '') -> tuple[IPv4Network, ...]:
    """The networks that ``ip -j -4 route show table all`` knows, but for the default one and one device's."""
    found: list[IPv4Network] = []
    for route in cast('list[dict[str, Any]]', json.loads(routes_json or '[]')):
        destination = str(route.get('dst', 'default'))
        if destination != 'default' and route.get('dev') != without_device:
            network = ipaddress.ip_network(destination, strict=False)
            if isinstance(network, IPv4Network) and network.prefixlen > 0:
                found.append(network)
    return tuple(found)


def dump(plan: Plan) -> str:
    """*plan* as text for `parse`."""
    raw = dataclasses.asdict(plan) | {'subnet': str(plan.subnet)}
    return json.dumps(raw, indent=1)


def parse(text: str) -> Plan:
    """Read what `dump` wrote."""
    raw = cast('dict[str, Any]', json.loads(text))
    return Plan(
        subnet=IPv4Network(raw['subnet']),
        machines=raw['machines'],
        last=raw['last'],
    )
