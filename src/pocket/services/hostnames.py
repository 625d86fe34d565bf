"""Which names a model's machines and pods know each other by."""

from __future__ import annotations

from collections.abc import Mapping

from pocket.services import crossings, machines, units
from pocket.services.cluster import addresses
from pocket.state import Tx

_RESERVED = frozenset({'localhost', 'ip6-localhost', 'ip6-loopback', 'broadcasthost'})


def names(tx: Tx, uuid: str) -> Mapping[str, tuple[str, ...]]:
    """Return the names of each address: of the model's own hosts, and those that connected models give away.

    A machine has its host name, then ``app-0`` of units and ``app``: a unit's slash cannot be in a host name.
    The name of an application means all of its units, on Kubernetes its service.
    """
    own = addresses.names if addresses.is_on_kubernetes(tx, uuid) else _machines
    found: dict[str, tuple[str, ...]] = {}
    for other in connected(tx, uuid):
        if addresses.is_on_kubernetes(tx, other):
            found.update(addresses.names_from_afar(tx, other))
    found.update(own(tx, uuid))
    return {
        address: tuple(dict.fromkeys(word for word in words if word not in _RESERVED))
        for address, words in found.items()
    }


def connected(tx: Tx, uuid: str) -> list[str]:
    """Return the models whose hosts those of the model *uuid* may reach."""
    return sorted({b for a, b in crossings.connected_models(tx) if a == uuid})


def _machines(tx: Tx, uuid: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {
        machine.address: [machine.host_name] for machine in machines.list_(tx, uuid) if machine.address
    }
    for unit in units.list_(tx, uuid):
        if unit.address in found:
            found[unit.address] += [unit.name.replace('/', '-'), unit.application]
    return {address: tuple(words) for address, words in found.items()}
