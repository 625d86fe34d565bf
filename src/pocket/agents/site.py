"""What all the agents of one daemon share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from pocket.agents.paths import MachinePaths
from pocket.agents.pods.seats import Seat
from pocket.state import State
from pocket.substrate import Substrate


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The model's state, the machines, and one lock a machine."""

    state: State
    substrate: Substrate
    api_addresses: tuple[str, ...] = ()
    """``host:port`` of the API as machines reach it."""
    home: Path = Path('/var/lib/pocket')
    """Where the files of this controller are."""
    paths: MachinePaths = field(default_factory=MachinePaths)
    _seats: dict[str, Seat] = field(default_factory=dict[str, Seat])
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict[str, asyncio.Lock])

    def lock(self, host_name: str, group: str = '') -> asyncio.Lock:
        """The lock that is held while a hook or an action runs on that machine.

        Args:
            group: Actions of an execution group have a lock of their own.
        """
        return self._locks.setdefault(f'{host_name} {group}' if group else host_name, asyncio.Lock())

    def seat(self, host_name: str) -> Seat:
        """The place of the unit's agent in that pod."""
        return self._seats.setdefault(host_name, Seat())
