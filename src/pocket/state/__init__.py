"""What pocket remembers: one SQLite file, one writer, and watchers that are woken after each commit."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec, TypeVar

from bedrock.store import Store
from pocket.state import schema

__all__ = ['TOPICS', 'State', 'Topic', 'Tx', 'Watch']

P = ParamSpec('P')
T = TypeVar('T')

Topic = Literal['model', 'status', 'logs']
"""What changed: something that an agent decides by, only what is shown of a model, only its log."""

TOPICS: tuple[Topic, ...] = ('model', 'status', 'logs')


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Tx:
    """The handle that a service gets inside one transaction; worthless after it."""

    __slots__ = ('_touched', 'db', 'now_ms')

    def __init__(self, db: sqlite3.Connection, now_ms: int) -> None:
        self.db = db
        self.now_ms = now_ms
        self._touched: dict[Topic, set[str]] = {topic: set() for topic in TOPICS}

    def touch(self, model_uuid: str, topic: Topic = 'model') -> None:
        """Wake the watchers of *model_uuid* once this transaction is committed."""
        self._touched[topic].add(model_uuid)

    def touched(self, topic: Topic) -> frozenset[str]:
        """The models that this transaction has touched so far."""
        return frozenset(self._touched[topic])

    def new_uuid(self) -> str:
        """Return a fresh model uuid."""
        return str(uuid.uuid4())


class Watch:
    """Tells one reader that something changed; it says which models, never what. Any thread may wake it."""

    def __init__(self, known: Callable[[], frozenset[str]], forget: Callable[[Watch], None]) -> None:
        self._known = known
        self._forget = forget
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._started = False
        self._waiter: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    async def changed(self) -> frozenset[str]:
        """Wait for a change and return the models changed since the last call; the first call returns all."""
        if not self._started:
            self._started = True
            return self._take() | self._known()
        while True:
            event = asyncio.Event()
            with self._lock:
                if not self._changed:
                    self._waiter = (asyncio.get_running_loop(), event)
            if taken := self._take():
                return taken
            await event.wait()

    def close(self) -> None:
        """Stop listening; may be called twice."""
        self._forget(self)

    def wake(self, models: frozenset[str]) -> None:
        """Note that *models* changed and let the reader go on."""
        with self._lock:
            self._changed |= models
            waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter[0].is_closed():
            waiter[0].call_soon_threadsafe(waiter[1].set)

    def _take(self) -> frozenset[str]:
        with self._lock:
            taken = frozenset(self._changed)
            self._changed.clear()
        return taken


class State:
    """The controller's database."""

    def __init__(self, path: Path, *, now_ms: Callable[[], int] = _now_ms) -> None:
        """Open *path*, creating and migrating it as needed.

        Raises:
            bedrock.store.StoreFault: the file is no database or is newer than this program.
        """
        self._store = Store(path, schema.migrations())
        self._now_ms = now_ms
        self._watches: dict[Watch, tuple[Topic, ...]] = {}

    async def write(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``fn(tx, ...)`` in one transaction on the writer thread, then wake the watchers.

        A cancelled caller does not undo the work: it is still committed, and watchers still wake.
        """
        done: list[Tx] = []
        work = asyncio.ensure_future(self._store.write(lambda db: fn(self._begin(db, done), *args, **kwargs)))
        work.add_done_callback(lambda task: self._wake(task, done))
        return await asyncio.shield(work)

    def write_now(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`write` for callers that are not coroutines; blocks until it is committed."""
        done: list[Tx] = []
        result = self._store.write_now(lambda db: fn(self._begin(db, done), *args, **kwargs))
        self._publish(done)
        return result

    def read(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``fn(tx, ...)`` on one consistent snapshot; a write in it raises sqlite3.OperationalError."""

        def work(db: sqlite3.Connection) -> T:
            db.execute('PRAGMA query_only=ON')
            return fn(Tx(db, self._now_ms()), *args, **kwargs)

        return self._store.read_now(work)

    def watch(self, *topics: Topic) -> Watch:
        """Return a new watch on *topics*, by default everything but the logs; close it when done."""
        watch = Watch(self._models, self._forget)
        self._watches[watch] = topics or ('model', 'status')
        return watch

    def close(self) -> None:
        """Finish the queued writes and close the file; may be called twice."""
        self._store.close()

    def _begin(self, db: sqlite3.Connection, done: list[Tx]) -> Tx:
        tx = Tx(db, self._now_ms())
        done.append(tx)
        return tx

    def _wake(self, task: asyncio.Future[T], done: list[Tx]) -> None:
        # Asking for the exception also tells asyncio that it was seen when the caller is gone.
        if not task.cancelled() and task.exception() is None:
            self._publish(done)

    def _publish(self, done: list[Tx]) -> None:
        for tx in done:
            for watch, topics in tuple(self._watches.items()):
                if touched := frozenset[str]().union(*(tx.touched(topic) for topic in topics)):
                    watch.wake(touched)

    def _forget(self, watch: Watch) -> None:
        self._watches.pop(watch, None)

    def _models(self) -> frozenset[str]:
        return self.read(
            lambda tx: frozenset(str(row['uuid']) for row in tx.db.execute('SELECT uuid FROM model'))
        )
