"""Waiting for what is watched, or for the next try of what has failed: ever longer."""

from __future__ import annotations

import asyncio

from pocket.state import Watch

FIRST_S = 1.0
LONGEST_S = 60.0


class Retries:
    """How long one loop waits before it tries again."""

    def __init__(self) -> None:
        self._pause_s = FIRST_S
        self._due = False

    def failed(self) -> None:
        """Something did not work: the next `changed` does not wait for ever."""
        self._due = True

    def worked(self) -> None:
        """All works: should it fail, the next try is soon."""
        self._due, self._pause_s = False, FIRST_S

    async def changed(self, watch: Watch) -> frozenset[str]:
        """What `Watch.changed` says; nothing when it is time for the next try before that."""
        if not self._due:
            return await watch.changed()
        self._due = False
        pause_s, self._pause_s = self._pause_s, min(self._pause_s * 2, LONGEST_S)
        try:
            async with asyncio.timeout(pause_s):
                return await watch.changed()
        except TimeoutError:
            return frozenset()
