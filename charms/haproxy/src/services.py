"""What haproxy shall balance: services from the operator's YAML and from the bags of related units.

Everything here is pure. The rules are those of the classic haproxy charm, which are a contract with every
principal that was written for it; README.md names the few places where they are mended.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import definitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Bag:
    """What one related unit says of itself."""

    unit: str
    data: Mapping[str, str]


def collect(configured: str, bags: Sequence[Bag], *, highest_port: int) -> tuple[definitions.Service, ...]:
    """Return every service by name, complete, or nothing when there is no server at all.

    Args:
        configured: The ``services`` option.
        highest_port: A service without a port gets two more than the highest port in use, or than this.

    Raises:
        definitions.ServicesFault: somebody's definition is wrong, or two services want one address.
    """
    found: dict[str, definitions.Service] = {}
    for service in definitions.parse(configured, where='the services option'):
        _add(found, service)
    ordered = sorted(bags, key=_unit_order)
    for bag in ordered:
        for service in _defined_by(bag):
            _add(found, service)
    if found:
        _register_plain(found, ordered, first=next(iter(found)))
    if not any(service.all_servers for service in found.values()):
        return ()
    return _without_clashes(_complete(found, highest_port))


def front(found: Iterable[definitions.Service], asked: Collection[str] = ()) -> definitions.Service | None:
    """Return the one service *asked* for by name, else that on port 80, else that on the lowest port."""
    by_name = {service.name: service for service in found}
    if len(asked) == 1 and (service := by_name.get(next(iter(asked)))):
        return service
    return min(by_name.values(), key=lambda s: (s.address[1] != 80, s.address[1]), default=None)


def merge(old: definitions.Service, new: definitions.Service) -> definitions.Service:
    """Join two definitions of one service: the first word wins, but servers are united without duplicates."""
    joined = {
        field.name: getattr(new if getattr(old, field.name) is None else old, field.name)
        for field in dataclasses.fields(definitions.Service)
    }
    if old.servers is not None and new.servers is not None:
        joined['servers'] = _united(old.servers, new.servers)
    if old.backends is not None and new.backends is not None:
        joined['backends'] = _merge_backends((*old.backends, *new.backends))
    return definitions.Service(**joined)


def _add(found: dict[str, definitions.Service], service: definitions.Service) -> None:
    known = found.get(service.name)
    found[service.name] = service if known is None else merge(known, service)


def _defined_by(bag: Bag) -> tuple[definitions.Service, ...]:
    if 'services' in bag.data:
        return definitions.parse(bag.data['services'], where=bag.unit)
    if bag.data.get('all_services') and 'private-address' in bag.data:
        # Another balancer or an apache2 lists what is behind it: here the unit itself is the server.
        offered = definitions.parse(bag.data['all_services'], where=bag.unit)
        return tuple(_behind(service, bag) for service in offered if service.servers)
    return ()


def _behind(service: definitions.Service, bag: Bag) -> definitions.Service:
    if service.port is None:
        raise definitions.ServicesFault(
            f'{bag.unit}: all_services: service "{service.name}" has no service_port'
        )
    options = service.servers[0].options if service.servers else ()
    server = _plain_server(bag, service.port, options)
    return dataclasses.replace(service, servers=(server,), backends=None)


def _register_plain(found: dict[str, definitions.Service], bags: Iterable[Bag], *, first: str) -> None:
    for bag in bags:
        if 'services' in bag.data or not {'port', 'private-address'} <= bag.data.keys():
            continue
        port = definitions.port_number(bag.data['port'], f'{bag.unit}: port')
        for name in _wanted_services(bag, found, first):
            service = found[name]
            server = _plain_server(bag, port, service.server_options or ())
            found[name] = dataclasses.replace(service, servers=_united(service.servers or (), (server,)))


def _wanted_services(bag: Bag, found: Mapping[str, definitions.Service], first: str) -> tuple[str, ...]:
    asked = bag.data.get('service_name')
    if asked is not None and asked not in found:
        return ()
    application = bag.unit.rpartition('/')[0]
    sites = bag.data.get('sitenames', '').split()
    names = (asked or '', *sites, f'{application}_service', application)
    return tuple(dict.fromkeys(name for name in names if name in found)) or (first,)


def _plain_server(bag: Bag, port: int, options: tuple[str, ...]) -> definitions.Server:
    host = definitions.address(bag.data['private-address'], f'{bag.unit}: private-address')
    return definitions.Server(
        name=f'{bag.unit.replace("/", "-")}-{port}', host=host, port=port, options=options
    )


def _complete(found: Mapping[str, definitions.Service], highest_port: int) -> tuple[definitions.Service, ...]:
    services = [found[name] for name in sorted(found)]
    used = [s.port for s in services if s.host is not None and s.port is not None]
    port = max(used, default=highest_port)
    complete: list[definitions.Service] = []
    for service in services:
        if service.host is None or service.port is None:
            port += 2
            service = dataclasses.replace(service, host=definitions.ANY_HOST, port=port)
        complete.append(service)
    return tuple(complete)


def _without_clashes(services: Sequence[definitions.Service]) -> tuple[definitions.Service, ...]:
    """Drop a service without servers where one with servers listens; refuse two that both have some."""
    serving = [service for service in services if service.all_servers]
    for one, other in itertools.combinations(serving, 2):
        if _same_address(one, other):
            port = one.address[1]
            raise definitions.ServicesFault(f'services "{one.name}" and "{other.name}" both want port {port}')
    return tuple(
        service
        for service in services
        if service.all_servers or not any(_same_address(service, other) for other in serving)
    )


def _same_address(one: definitions.Service, other: definitions.Service) -> bool:
    (host, port), (other_host, other_port) = one.address, other.address
    return port == other_port and (host == other_host or bool({host, other_host} & definitions.ANY_HOSTS))


def _merge_backends(backends: Iterable[definitions.Backend]) -> tuple[definitions.Backend, ...]:
    by_name: dict[str, definitions.Backend] = {}
    for backend in backends:
        known = by_name.get(backend.name)
        servers = backend.servers if known is None else _united(known.servers, backend.servers)
        by_name[backend.name] = definitions.Backend(name=backend.name, servers=servers)
    return tuple(by_name[name] for name in sorted(by_name))


def _united(
    old: Sequence[definitions.Server], new: Sequence[definitions.Server]
) -> tuple[definitions.Server, ...]:
    return tuple(dict.fromkeys((*old, *new)))


def _unit_order(bag: Bag) -> tuple[str, int]:
    application, _, number = bag.unit.rpartition('/')
    return application, int(number)
