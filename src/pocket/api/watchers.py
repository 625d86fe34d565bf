"""What a connection holds open: a watcher that answers when a look at the model shows something new."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from pocket.services.errors import JujuError
from pocket.state import State

__all__ = ['STOPPED', 'ControllerWatcher', 'ModelWatcher', 'StringsWatcher']

STOPPED = 'stopped'

T = TypeVar('T')


class ControllerWatcher(Generic[T]):
    """Answers each `next` with what is new since the one before.

    It looks when any model changed. The state only says *that* one did; what is new is found by looking
    again, so changes that come faster than a client asks are answered together.
    """

    def __init__(self, state: State, look: Callable[[], list[T]]) -> None:
        """Begin to watch.

        Args:
            look: Returns what is new since it was called last; empty when that is nothing.
        """
        self._watch = state.watch()
        self._look = look
        self._turn = asyncio.Lock()
        self._stopped = asyncio.Event()

    async def next(self) -> list[T]:
        """Wait until there is something new and return it.

        Raises:
            JujuError: the watcher was stopped; code ``stopped``.
        """
        async with self._turn:
            while True:
                if self.concerns(await self._changed()) and (found := self._look()):
                    return found

    def concerns(self, models: frozenset[str]) -> bool:
        """Whether a change of *models*, which may be none at first, is a reason to look."""
        return True

    async def stop(self) -> None:
        """End it, and a `next` that waits."""
        self._stopped.set()
        self._watch.close()

    async def _changed(self) -> frozenset[str]:
        change = asyncio.ensure_future(self._watch.changed())
        stop = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait({change, stop}, return_when=asyncio.FIRST_COMPLETED)
            if self._stopped.is_set():
                # python-libjuju looks for these words to know that it is over.
                raise JujuError('watcher was stopped', STOPPED)
            return change.result()
        finally:
            change.cancel()
            stop.cancel()


class ModelWatcher(ControllerWatcher[T]):
    """Looks when one model changed."""

    def __init__(
        self,
        state: State,
        model_uuid: str,
        look: Callable[[], list[T]],
        *,
        others: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        """Begin to watch.

        Args:
            look: Returns what is new since it was called last; empty when that is nothing.
            others: Returns the other models whose changes matter too.
        """
        super().__init__(state, look)
        self._model_uuid = model_uuid
        self._others = others

    def concerns(self, models: frozenset[str]) -> bool:
        """Whether the model, or one that matters to it, is among *models*."""
        return self._model_uuid in models or bool(models & self._others())


class StringsWatcher(ModelWatcher[str]):
    """A watcher whose news are strings."""
