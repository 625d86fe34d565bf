"""Fill what the store lacks: one download a content, streamed to all who wait, verified before its end."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
import weakref
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from keeper import errors, listing, selection, transfer, tree
from keeper.builder import Builder
from keeper.catalogue import Catalogue, Known
from keeper.objects import Objects
from keeper.reports import Counters
from keeper.upstream import Upstream

HOLD_BACK = 64 * 1024
"""These last bytes of a file go out only when its hash is known to be right."""

_READ = 1 << 18
_SLOWEST = 50_000
_BY_HASH = re.compile(r'(dists/.+)/by-hash/SHA256/([0-9a-f]{64})$')

log = logging.getLogger(__name__)


class Flight:
    """One running download and those who wait for it."""

    def __init__(self, file: Known) -> None:
        self.file = file
        self.error: errors.Unavailable | None = None
        self.sent = False
        """Bytes of the running attempt went out, so no other sync host can take over unseen."""
        self._descriptor = -1
        self._released = 0
        self._changed = asyncio.Event()

    def begin(self, path: Path) -> None:
        """A sync host promised the right length; what it sends goes to *path*."""
        # Open from here on: neither its renaming nor its eviction takes the file from those who read it.
        self._descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)
        self._release(0)

    def grow(self, count: int) -> None:
        """*count* bytes are at the path."""
        self._release(max(0, min(count, self.file.size - HOLD_BACK)))

    def verified(self) -> None:
        """The whole file is at the path, and right."""
        self._release(self.file.size)

    def fail(self, error: errors.Unavailable) -> None:
        """There will be no more bytes."""
        self.error = error
        self._pulse()

    async def first(self) -> None:
        """Wait until there is something to send.

        Raises:
            Unavailable: there never will be.
        """
        while not self._released and self.error is None:
            await self._changed.wait()
        if self.error:
            raise self.error

    async def chunks(self, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from *start* to *end*, as they become good to send.

        Raises:
            Unavailable: the download failed; whoever reads must cut the connection.
        """
        await self.first()
        self.sent = True
        while start < end:
            ready = min(end, self._released)
            if start < ready:
                chunk = os.pread(self._descriptor, min(_READ, ready - start), start)
                start += len(chunk)
                yield chunk
            elif self.error:
                raise self.error
            else:
                await self._changed.wait()

    def _release(self, count: int) -> None:
        self._released = count
        self._pulse()

    def _pulse(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Filler:
    """Finds what may be served and gets what is not on disk."""

    def __init__(
        self,
        upstream: Upstream,
        objects: Objects,
        trees: tree.Trees,
        builder: Builder,
        *,
        read: Catalogue,
        write: Catalogue,
        counters: Counters,
        limit: Callable[[], int],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._upstream = upstream
        self._objects = objects
        self._trees = trees
        self._builder = builder
        self._read = read
        self._write = write
        self._counters = counters
        self._limit = limit
        self._now = now
        # The event loop keeps only weak references to tasks: without these a download could vanish half way.
        self._flights: dict[str, tuple[Flight, asyncio.Task[None]]] = {}

    @property
    def running(self) -> int:
        """How many downloads run."""
        return len(self._flights)

    def find(self, path: str) -> Known | None:
        """What the verified indexes say of *path* (below the archive's base); None: nobody may have it."""
        if not path.startswith('dists/'):
            return self._read.package(path)
        found = _BY_HASH.match(path)
        if found:
            return self._read.index_by_hash(found[1], found[2])
        current = self._builder.current
        return self._read.index(path, generation=current.id) if current else None

    def on_disk(self, file: Known) -> Path | None:
        """The file itself, when it is here already."""
        path = self._objects.path(file.sha256)
        return path if path.exists() else None

    async def publish_again(self, file: Known) -> None:
        """Give a stored file its name: its content came under another one, or the name was taken away."""

        def publish() -> None:
            if self._objects.has(file.sha256):
                self._name(file)

        await self._builder.in_thread(publish)

    def flight(self, file: Known) -> Flight:
        """The download of *file*: the one that runs, or a new one."""
        running = self._flights.get(file.sha256)
        if running:
            self._counters.add('joins')
            return running[0]
        self._counters.add('fills')
        flight = Flight(file)
        task = asyncio.get_running_loop().create_task(self._run(flight), name=f'fill {file.path}')
        self._flights[file.sha256] = flight, task
        return flight

    async def idle(self) -> None:
        """Wait until no download runs."""
        while self._flights:
            await asyncio.wait([task for _, task in self._flights.values()])

    async def stop(self) -> None:
        """End all downloads."""
        tasks = [task for _, task in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def evict(self) -> int:
        """Remove packages until the store is within its limit; how many went."""
        return await self._builder.in_thread(self._evict)

    async def _run(self, flight: Flight) -> None:
        try:
            await self._fill(flight)
        except errors.Unavailable as err:
            self._counters.add('fill_failures')
            log.warning('%s: %s', flight.file.path, err)
            flight.fail(err)
        except asyncio.CancelledError:
            flight.fail(errors.Unavailable('the keeper stops', status=503))
            raise
        except Exception:
            # A supervisor: whoever waits must be told, whatever went wrong.
            log.exception('cannot fill %s', flight.file.path)
            flight.fail(errors.Unavailable('the store cannot be written', status=503))
        finally:
            del self._flights[flight.file.sha256]

    async def _fill(self, flight: Flight) -> None:
        file = flight.file
        is_index = file.path.startswith('dists/')
        names = [tree.by_hash(file.path, file.sha256), file.path] if is_index else [file.path]
        problem: errors.KeeperError | None = None
        for origin in self._upstream.in_order():
            for name in names:
                getting = transfer.fetch(
                    self._upstream, self._objects, origin, name, file, begun=flight.begin, grown=flight.grow
                )
                try:
                    partial = await asyncio.wait_for(getting, 60 + file.size / _SLOWEST)
                except (errors.KeeperError, asyncio.TimeoutError) as err:
                    cause = err.cause if isinstance(err, errors.Refused) else 'unavailable'
                    origin.mark(cause, now=time.monotonic())
                    problem = err if isinstance(err, errors.KeeperError) else None
                    problem = problem or errors.Unavailable(f'{origin.base} is too slow', status=503)
                    log.warning('%s: not filled from %s: %s', file.path, origin.base, problem)
                    if flight.sent:
                        raise errors.Unavailable(str(problem), status=502) from err
                    break
                if partial:
                    flight.verified()
                    await self._publish(flight, partial)
                    return
        if problem is None:
            raise errors.Unavailable('no sync host has it any more', status=404)
        status = 502 if isinstance(problem, errors.Refused) else 503
        raise errors.Unavailable(str(problem), status=status) from problem

    async def _publish(self, flight: Flight, partial: Path) -> None:
        def publish() -> None:
            self._objects.adopt(partial, flight.file.sha256)
            self._name(flight.file)
            self._evict(keep=flight.file.path)

        await self._builder.in_thread(publish)

    def _name(self, file: Known) -> None:
        if file.path.startswith('dists/'):
            self._publish_index(file)
        else:
            self._trees.place_package(file.path, file.sha256, self._objects)
            self._write.note_stored(file, now=int(self._now()))

    def _publish_index(self, file: Known) -> None:
        self._trees.place_index(tree.by_hash(file.path, file.sha256), file.sha256, self._objects)
        for state in self._write.states_with(file.path, file.sha256):
            current = self._trees.serving()
            if current and any(s.id == state for s in self._write.states(current)):
                self._trees.place_index(file.path, file.sha256, self._objects)
            variants = [
                m.sha256
                for m in self._write.members(state)
                if selection.stem(m.path) == selection.stem(file.path)
            ]
            if selection.is_listing(file.path) and not self._write.has_listing(state, variants):
                rows = listing.read(self._objects.path(file.sha256), name=file.path)
                self._write.add_listing(state, file.sha256, rows)

    def _evict(self, *, keep: str = '') -> int:
        """Remove packages until the store is within its limit; *keep* was asked for just now and stays."""
        limit = self._limit()
        _, used = self._write.stored_bytes()
        used += self._builder.index_bytes
        if used <= limit:
            return 0
        gone = 0
        for file in self._write.eviction_order():
            if used <= limit:
                break
            if file.path == keep:
                continue
            self._trees.remove_package(file.path)
            self._objects.drop(file.sha256)
            self._write.note_removed(file.path)
            used -= file.size
            gone += 1
        self._counters.add('evictions', gone)
        log.info('evicted %d packages', gone)
        return gone
