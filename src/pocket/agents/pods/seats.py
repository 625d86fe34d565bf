"""Where the agent of a pod and the agent of the unit in it meet."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Generator


class Seat:
    """The place of a unit's agent in one pod, over all the runs of that."""

    def __init__(self) -> None:
        self.leaving = False
        """The pod is about to be replaced: the unit is to end what it does there."""
        self.settled = False
        """The unit has come to rest in this run of the pod."""
        self.made_of = ''
        """What this run of the pod is made of, see `pocket.agents.pods.rollout.fingerprint`."""
        self._taken: list[asyncio.Event] = []
        self._changed = asyncio.Event()
        self._done = False

    @contextlib.contextmanager
    def taken(self, wake: asyncio.Event) -> Generator[None]:
        """The unit's agent works here within the block; *wake* has it look again."""
        self._taken.append(wake)
        try:
            yield
        finally:
            self._taken.remove(wake)
            self._changed.set()

    def settle(self) -> bool:
        """The unit's agent has nothing to do; return whether that is news."""
        was, self.settled = self.settled, True
        return not was

    def let_go(self) -> None:
        """The unit's agent is done with the pod."""
        self._done = True
        self._changed.set()

    async def ask_to_leave(self) -> None:
        """Have the unit's agent end its work, and wait until it has, or is not there (any more)."""
        self.leaving, self._done = True, False
        for wake in self._taken:
            wake.set()
        await self._until(lambda: self._done or not self._taken)

    async def vacated(self) -> None:
        """Wait until no agent of a unit uses this run of the pod; the next one is another run's."""
        await self._until(lambda: not self._taken)
        self.leaving = self.settled = False

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()
