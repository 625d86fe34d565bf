"""Several units of this charm: who serves when the others live."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import definitions

ACTIVE_ACTIVE = 'active-active'
ACTIVE_PASSIVE = 'active-passive'
MODES = (ACTIVE_PASSIVE, ACTIVE_ACTIVE)

_TCP_OPTIONS = ('balance leastconn', 'mode tcp', 'option tcplog')


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another unit, and the services that it says it has."""

    unit: str
    address: str
    services: tuple[definitions.Service, ...]


def forward_to_first(
    own: Sequence[definitions.Service], peers: Sequence[Peer], *, unit: str, address: str
) -> tuple[definitions.Service, ...]:
    """Put a TCP front before each service that a peer has too, which sends all to the first live unit.

    The service itself moves to the next port under the name ``<service>_be``. All units come to the same
    order, so one of them carries all traffic and the others are spare: safety, not bandwidth.
    """
    result: list[definitions.Service] = []
    for service in own:
        sharing = [peer for peer in peers if any(other.name == service.name for other in peer.services)]
        if sharing:
            everyone = [(peer.unit, peer.address) for peer in sharing] + [(unit, address)]
            result.append(_front(service, everyone))
            behind = service.address[1] + 1
            service = dataclasses.replace(service, name=f'{service.name}_be', port=behind)
        result.append(service)
    return tuple(sorted(result, key=lambda s: s.name))


def _front(service: definitions.Service, everyone: Iterable[tuple[str, str]]) -> definitions.Service:
    host, port = service.address
    members = sorted((unit.replace('/', '-'), address) for unit, address in everyone)
    return definitions.Service(
        name=service.name,
        host=host,
        port=port,
        options=_TCP_OPTIONS + tuple(option for option in service.options or () if 'timeout' in option),
        servers=tuple(
            definitions.Server(
                name=name,
                host=member,
                port=port + 1,
                options=('check', 'backup') if rank else ('check',),
            )
            for rank, (name, member) in enumerate(members)
        ),
    )
