"""Which addresses machines get: a pool for each region, a subnet of it for each model. Pure.

Pools and subnets follow from names by hashing, so that they are the same the next time, and go on to the
next free one where the host or another home has what they name.
"""

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

SPACE = IPv4Network('10.64.0.0/10')
_POOL_BITS, _SUBNET_BITS = 17, 24
_FIRST, _LAST = 2, 254
"""Host parts that machines get; 1 is the bridge's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """The addresses of one model."""

    region: str
    """``cloud/region``."""
    number: int
    """Of this home's models, as its bridge is called."""
    network: IPv4Network
    machines: Mapping[str, int] = field(default_factory=dict[str, int])
    """Host part by machine."""
    last: int = _FIRST - 1
    """The host part given out last; the next is looked for after it, so that none is used again soon."""
    services: Mapping[str, int] = field(default_factory=dict[str, int])
    """Host part by application, of a model on Kubernetes."""
    is_kept: bool = False
    """It stays without machines."""

    @property
    def is_used(self) -> bool:
        """Whether anything would miss it."""
        return self.is_kept or bool(self.machines)

    @property
    def gateway(self) -> IPv4Address:
        """The bridge's address."""
        return self.network[1]

    def address(self, machine: str) -> str:
        """The address of *machine*, which must have one."""
        return str(self.network[self.machines[machine]])

    def service(self, application: str) -> str:
        """The address of the service of *application*, which must have one."""
        return str(self.network[self.services[application]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The addresses of one home."""

    pools: Mapping[str, IPv4Network] = field(default_factory=dict[str, IPv4Network])
    """By region."""
    models: Mapping[str, Subnet] = field(default_factory=dict[str, Subnet])

    def model_of(self, machine: str) -> str:
        """The model that *machine* has an address of; empty when it has none."""
        return next((model for model, subnet in self.models.items() if machine in subnet.machines), '')

    @property
    def machines(self) -> frozenset[str]:
        """Every machine that has an address."""
        return frozenset(name for subnet in self.models.values() for name in subnet.machines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A machine that exists, whatever is remembered of it here."""

    name: str
    model: str
    region: str
    address: str


def restore(machines: Iterable[Known]) -> Plan:
    """The plan that *machines* follow, when the one that was kept is lost."""
    plan = Plan()
    for machine in machines:
        network = IPv4Network((machine.address, _SUBNET_BITS), strict=False)
        host = int(IPv4Address(machine.address)) - int(network[0])
        subnet = plan.models.get(machine.model) or Subnet(
            region=machine.region, number=_free_number(plan), network=network
        )
        subnet = dataclasses.replace(
            subnet, machines={**subnet.machines, machine.name: host}, last=max(subnet.last, host)
        )
        plan = dataclasses.replace(
            plan,
            pools={**plan.pools, machine.region: network.supernet(new_prefix=_POOL_BITS)},
            models={**plan.models, machine.model: subnet},
        )
    return plan


def place(plan: Plan, model: str, *, home: str, region: str, taken: Iterable[IPv4Network]) -> Plan:
    """Give *model* a subnet that meets none of *taken*, unless it has one that machines use.

    Raises:
        Fault: no pool or no subnet is free.
    """
    current = plan.models.get(model)
    busy = tuple(taken)
    if current is not None and (current.is_used or not _meets(current.network, busy)):
        return plan
    pool = plan.pools.get(region) or _choose_pool(plan, f'{home} {region}', busy)
    others = [subnet.network for name, subnet in plan.models.items() if name != model]
    network = _choose(pool, _SUBNET_BITS, model, (*busy, *others))
    if network is None:
        raise errors.Fault(
            f'cannot choose a network for a model in {region}: all of {pool} is in use',
            hint='Remove models, or use another region.',
        )
    number = current.number if current is not None else _free_number(plan)
    made = Subnet(region=region, number=number, network=network)
    return Plan(pools={**plan.pools, region: pool}, models={**plan.models, model: made})


def allot(plan: Plan, model: str, machine: str) -> Plan:
    """Give *machine* an address of *model*, which has a subnet, unless it has one.

    Raises:
        Fault: none is free.
    """
    subnet = plan.models[model]
    if machine in subnet.machines:
        return plan
    number = _next(subnet, f'machine {machine}')
    return _with(plan, model, {**subnet.machines, machine: number}, last=number)


def serve(plan: Plan, model: str, applications: Iterable[str]) -> Plan:
    """Let *model*, which has a subnet and keeps it, have addresses for the services of these applications.

    Raises:
        Fault: none is free.
    """
    wanted = sorted(set(applications))
    subnet = plan.models[model]
    kept = {name: number for name, number in subnet.services.items() if name in wanted}
    subnet = dataclasses.replace(subnet, services=kept, is_kept=True)
    for name in wanted:
        if name not in subnet.services:
            number = _next(subnet, f'service {name}')
            subnet = dataclasses.replace(subnet, services={**subnet.services, name: number}, last=number)
    return dataclasses.replace(plan, models={**plan.models, model: subnet})


def unserve(plan: Plan, model: str) -> Plan:
    """Let *model* have no services any more, and its subnet only as long as it has machines."""
    subnet = dataclasses.replace(plan.models[model], services={}, is_kept=False)
    return dataclasses.replace(plan, models={**plan.models, model: subnet})


def release(plan: Plan, machine: str) -> Plan:
    """Take the address of *machine* back; its model keeps its subnet until `forget`."""
    model = plan.model_of(machine)
    if not model:
        return plan
    subnet = plan.models[model]
    kept = {name: number for name, number in subnet.machines.items() if name != machine}
    return _with(plan, model, kept, last=subnet.last)


def forget(plan: Plan, model: str) -> Plan:
    """Take the subnet of *model* back."""
    return dataclasses.replace(
        plan, models={name: subnet for name, subnet in plan.models.items() if name != model}
    )


def taken_networks(routes_json: str, *, without_devices: str = '') -> tuple[IPv4Network, ...]:
    """The networks that ``ip -j -4 route show table all`` knows, but for the default one.

    Args:
        without_devices: Devices whose names begin so do not count.
    """
    found: list[IPv4Network] = []
    for route in cast('list[dict[str, Any]]', json.loads(routes_json or '[]')):
        destination, device = str(route.get('dst', 'default')), str(route.get('dev', ''))
        own = bool(without_devices) and device.startswith(without_devices)
        if destination != 'default' and not own:
            network = ipaddress.ip_network(destination, strict=False)
            if isinstance(network, IPv4Network) and network.prefixlen > 0:
                found.append(network)
    return tuple(found)


def dump(plan: Plan) -> str:
    """*plan* as text for `parse`."""
    models = {
        model: {**dataclasses.asdict(subnet), 'network': str(subnet.network)}
        for model, subnet in plan.models.items()
    }
    pools = {region: str(pool) for region, pool in plan.pools.items()}
    return json.dumps({'pools': pools, 'models': models}, indent=1)


def parse(text: str) -> Plan:
    """Read what `dump` wrote."""
    raw = cast('dict[str, Any]', json.loads(text))
    return Plan(
        pools={region: IPv4Network(pool) for region, pool in raw['pools'].items()},
        models={
            model: Subnet(
                region=one['region'],
                number=one['number'],
                network=IPv4Network(one['network']),
                machines=one['machines'],
                last=one['last'],
                services=one.get('services', {}),
                is_kept=one.get('is_kept', False),
            )
            for model, one in raw['models'].items()
        },
    )


def _next(subnet: Subnet, what: str) -> int:
    used = {*subnet.machines.values(), *subnet.services.values()}
    size = _LAST - _FIRST + 1
    for step in range(size):
        number = _FIRST + (subnet.last + 1 - _FIRST + step) % size
        if number not in used:
            return number
    raise errors.Fault(
        f'cannot give {what} an address: all {size} of {subnet.network} are in use',
        hint='Remove machines, or put some into another model.',
    )


def _choose_pool(plan: Plan, name: str, busy: tuple[IPv4Network, ...]) -> IPv4Network:
    own = tuple(plan.pools.values())
    # One that nobody has anything of; on a host that routes all of the space, one that is free in part.
    pool = _choose(SPACE, _POOL_BITS, name, (*busy, *own)) or _choose(SPACE, _POOL_BITS, name, own)
    if pool is None:
        raise errors.Fault(f'cannot choose a network for machines: all of {SPACE} is in use')
    return pool


def _choose(space: IPv4Network, prefix: int, name: str, busy: Iterable[IPv4Network]) -> IPv4Network | None:
    """The part of *space* that *name* stands for, or the next one that meets none of *busy*."""
    taken = tuple(busy)
    count, size = 2 ** (prefix - space.prefixlen), 2 ** (32 - prefix)
    start = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], 'big')
    for step in range(count):
        part = IPv4Network((int(space[0]) + (start + step) % count * size, prefix))
        if not _meets(part, taken):
            return part
    return None


def _meets(network: IPv4Network, others: Iterable[IPv4Network]) -> bool:
    return any(network.overlaps(other) for other in others)


def _free_number(plan: Plan) -> int:
    used = {subnet.number for subnet in plan.models.values()}
    return next(number for number in range(1, len(used) + 2) if number not in used)


def _with(plan: Plan, model: str, machines: Mapping[str, int], *, last: int) -> Plan:
    changed = dataclasses.replace(plan.models[model], machines=machines, last=last)
    return dataclasses.replace(plan, models={**plan.models, model: changed})
