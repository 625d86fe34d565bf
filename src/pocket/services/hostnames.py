"""Which names a model's machines know each other by."""

from __future__ import annotations

from collections.abc import Mapping

from pocket.services import machines, units
from pocket.state import Tx

_RESERVED = frozenset({'localhost', 'ip6-localhost', 'ip6-loopback', 'broadcasthost'})


def names(tx: Tx, uuid: str) -> Mapping[str, tuple[str, ...]]:
    """Return the names of each address: the machine's host name, then ``app-0`` of units and ``app``.

    A unit's slash cannot be in a host name. The name of an application means all of its units.
    """
    found: dict[str, list[str]] = {
        machine.address: [machine.host_name] for machine in machines.list_(tx, uuid) if machine.address
    }
    for unit in units.list_(tx, uuid):
        if unit.address in found:
            found[unit.address] += [unit.name.replace('/', '-'), unit.application]
    return {
        address: tuple(dict.fromkeys(word for word in words if word not in _RESERVED))
        for address, words in found.items()
    }
