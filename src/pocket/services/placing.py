"""Which machine a unit goes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pocket.model import Base, Life
from pocket.services import machines
from pocket.services.errors import NOT_SUPPORTED, JujuError
from pocket.state import Tx


def machine_for(tx: Tx, uuid: str, directive: str, *, base: Base, constraints: Mapping[str, Any]) -> str:
    """Return the machine that a placement *directive* means; a new one when it is empty or ``new``.

    Raises:
        JujuError: there is no such machine, or it is of no use.
    """
    if directive in ('', 'new'):
        return machines.add(tx, uuid, base=base, constraints=constraints)
    key, equals, zone = directive.partition('=')
    if key == 'zone' and equals:
        return machines.add(tx, uuid, base=base, constraints=constraints, zone=zone)
    if not directive.isdecimal():
        raise JujuError(f'placement "{directive}" is not supported: name a machine', NOT_SUPPORTED)
    machine = machines.get(tx, uuid, directive)
    if machine.life is not Life.ALIVE:
        raise JujuError(f'machine {directive} is not alive')
    if machine.base != base:
        raise JujuError(f'base does not match: unit has "{base}", machine {directive} has "{machine.base}"')
    return machine.id
