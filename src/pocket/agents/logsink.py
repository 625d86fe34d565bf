"""Log lines of one unit on their way into the model's log: in order, many to a transaction."""

from __future__ import annotations

import asyncio

from pocket.model import unit_tag
from pocket.services import uniter
from pocket.state import State, Tx

_Line = tuple[str, str, str]


class LogSink:
    """Takes lines at once and writes them in batches, so that a chatty hook costs few transactions."""

    def __init__(self, state: State, model_uuid: str, unit: str) -> None:
        self._state = state
        self._model_uuid = model_uuid
        self._tag = unit_tag(unit)
        self._lines: list[_Line] = []
        self._there = asyncio.Event()
        self._writing = asyncio.Lock()

    def put(self, severity: str, module: str, message: str) -> None:
        """Take one line."""
        self._lines.append((severity, module, message))
        self._there.set()

    async def run(self) -> None:
        """Write lines as they come, until cancelled."""
        while True:
            await self._there.wait()
            await self.flush()

    async def flush(self) -> None:
        """Write what was taken so far."""
        async with self._writing:
            lines, self._lines = self._lines, []
            self._there.clear()
            if lines:
                await self._state.write(self._append, lines)

    def _append(self, tx: Tx, lines: list[_Line]) -> None:
        for severity, module, message in lines:
            uniter.append_log(tx, self._model_uuid, self._tag, severity, module, message)
