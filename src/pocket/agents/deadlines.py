"""Carries out what the model has set a time for, whatever the agents concerned do."""

from __future__ import annotations

import asyncio
import contextlib
import time

from pocket.services import leases, life
from pocket.state import State, Tx


async def run(state: State) -> None:
    """Remove units by force and end leases when their time has come, until cancelled."""
    watch = state.watch('model')
    try:
        while True:
            due_ms = state.read(_next_ms)
            wait_s = None if due_ms is None else max(0.0, due_ms / 1000 - time.time())
            if wait_s == 0.0:
                await state.write(_expire)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await watch.changed()
    finally:
        watch.close()


def _next_ms(tx: Tx) -> int | None:
    due = [due for due in (life.next_forced_ms(tx), leases.next_expiry_ms(tx)) if due is not None]
    return min(due, default=None)


def _expire(tx: Tx) -> None:
    life.expire_forced(tx)
    leases.expire(tx)
