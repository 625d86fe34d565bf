"""The buckets of all controllers, shared by all processes that look at environments in the background.

Tokens are taken before they are used: whoever is killed meanwhile has spent them.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bedrock import store
from hoodoo.fleet import budget

_MIGRATIONS = (
    """
    CREATE TABLE bucket (
        controller TEXT PRIMARY KEY, tokens REAL NOT NULL, at_ms INTEGER NOT NULL
    ) STRICT;
    """,
)


class Purse:
    """The file that holds them."""

    def __init__(
        self,
        path: Path,
        rate: budget.Budget,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._rate = rate
        self._now_ms = now_ms
        self._store = store.Store(path, _MIGRATIONS)
        self.spent = 0
        """Requests that were paid for here."""

    def close(self) -> None:
        """Finish writing."""
        self._store.close()

    def take(self, controller: str, requests: int) -> float:
        """Take tokens for *requests*, and return for how many seconds to wait before they are used."""

        def work(db: sqlite3.Connection) -> float:
            row = db.execute(
                'SELECT tokens, at_ms FROM bucket WHERE controller = ?', (controller,)
            ).fetchone()
            had = budget.Bucket(tokens=row['tokens'], at_ms=row['at_ms']) if row is not None else None
            left, wait_s = budget.take(had, requests, self._rate, now_ms=self._now_ms())
            db.execute(
                'INSERT OR REPLACE INTO bucket VALUES (?, ?, ?)', (controller, left.tokens, left.at_ms)
            )
            return wait_s

        self.spent += requests
        return self._store.write_now(work)

    def pay(self, controller: str, requests: int) -> None:
        """Take tokens and wait."""
        threading.Event().wait(self.take(controller, requests))

    def meter(self, controller: str) -> Callable[[int], Awaitable[None]]:
        """`pay` for coroutines."""

        async def paid(requests: int) -> None:
            await asyncio.sleep(self.take(controller, requests))

        return paid
