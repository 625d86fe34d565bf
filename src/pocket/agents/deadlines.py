"""Carries out what the model has set a time for, whatever the agents concerned do."""

from __future__ import annotations

import asyncio
import contextlib
import time

from pocket.services import life
from pocket.state import State


async def run(state: State) -> None:
    """Remove units whose forced removal has waited long enough, until cancelled."""
    watch = state.watch('model')
    try:
        while True:
            due_ms = state.read(life.next_forced_ms)
            wait_s = None if due_ms is None else max(0.0, due_ms / 1000 - time.time())
            if wait_s == 0.0:
                await state.write(life.expire_forced)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await watch.changed()
    finally:
        watch.close()
