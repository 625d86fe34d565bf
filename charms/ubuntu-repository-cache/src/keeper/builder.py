"""Build snapshots: verified suites become a generation, and the generation becomes what is served."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from keeper import errors, listing, selection, transfer, tree
from keeper.catalogue import Catalogue, Generation, Known, State
from keeper.objects import Objects, sha256_of
from keeper.settings import Settings
from keeper.suite import Held, SuiteTaker, Taken
from keeper.upstream import Upstream

T = TypeVar('T')
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Progress:
    """What is known about syncs, for status, health and metrics; times are seconds since 1970."""

    checked: dict[str, float] = field(default_factory=dict[str, float])
    """When each suite was last found to be, or made, what the archive has."""
    tried: dict[str, float] = field(default_factory=dict[str, float])
    problems: dict[str, str] = field(default_factory=dict[str, str])
    refusals: dict[str, int] = field(default_factory=dict[str, int])
    finished: float = 0.0
    seconds: float = 0.0
    running: bool = False
    rounds: int = 0

    def refuse(self, cause: str) -> None:
        """Count a refusal."""
        self.refusals[cause] = self.refusals.get(cause, 0) + 1


class Builder:
    """Makes and keeps generations. All writing to the catalogue happens on one thread of its own."""

    def __init__(
        self,
        settings: Settings,
        upstream: Upstream,
        objects: Objects,
        trees: tree.Trees,
        *,
        read: Catalogue,
        write: Catalogue,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._upstream = upstream
        self._objects = objects
        self._trees = trees
        self._read = read
        self._write = write
        self._now = now
        self._thread = ThreadPoolExecutor(1, thread_name_prefix='catalogue')
        self._one_at_a_time = asyncio.Lock()
        self.progress = Progress()
        self.current: Generation | None = None
        self.index_bytes = 0
        self._taker = SuiteTaker(settings, upstream, objects, now=now, refused=self.progress.refuse)

    def resume(self) -> None:
        """Take up what an earlier keeper left; whatever it had not finished is dropped."""
        self._objects.clear_partial()
        generations = self._read.generations()
        serving = self._trees.serving()
        self.current = next((g for g in generations if g.id == serving), None)
        self._trees.keep_only(g.id for g in generations)
        if self.current:
            for state in self._read.states(self.current.id):
                self.progress.checked[state.suite] = float(self.current.built)
            self._links([state.id for state in self._read.states(self.current.id)])

    def close(self) -> None:
        """Finish writing."""
        self._thread.shutdown(wait=True)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run *work* on the thread that writes."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def sync(self, *, everything: bool = True) -> bool:
        """Look at the archive and publish what is new; whether something was.

        Args:
            everything: All suites, not only those whose interval has passed.

        Raises:
            Refused, Unavailable: there is nothing to serve, or a needed suite could not be taken.
        """
        async with self._one_at_a_time:
            started = time.monotonic()
            self.progress.running = True
            try:
                return await self._sync(everything)
            finally:
                self.progress.running = False
                self.progress.finished = self._now()
                self.progress.seconds = time.monotonic() - started
                self.progress.rounds += 1

    def due_in(self) -> float:
        """Seconds until a suite is due."""
        waits = [
            self.progress.tried.get(suite, 0.0) + self._interval(suite) - self._now()
            for suite in self.progress.tried
        ]
        return max(1.0, min(waits, default=float(self._settings.sync_interval)))

    async def verify(self) -> tuple[int, list[str]]:
        """Hash every index of the current snapshot again, and fetch anew what is damaged.

        Returns the number of files checked and the paths that were damaged.
        """
        assert self.current is not None
        async with self._one_at_a_time:
            members = [m for s in self._read.states(self.current.id) for m in self._read.members(s.id)]
            present = [m for m in members if self._objects.has(m.sha256)]

            def damaged() -> list[Known]:
                return [m for m in present if sha256_of(self._objects.path(m.sha256)) != m.sha256]

            bad = await asyncio.to_thread(damaged)
            for member in bad:
                log.error('damaged on disk: %s', member.path)
                self._objects.drop(member.sha256)
                await self._fetch_again(member)
            return len(present), [member.path for member in bad]

    # -- one sync ---------------------------------------------------------------------------------------

    async def _sync(self, everything: bool) -> bool:
        held = {state.suite: state for state in self._read.states(self.current.id)} if self.current else {}
        new_selection = self.current is None or self.current.selection != self._settings.selection
        names = await self._suites()
        if not everything and not new_selection:
            names = {n: o for n, o in names.items() if self._is_due(n)}
        taken = await self._take_all(names, held)
        states = {taken_.state.suite: taken_ for taken_ in taken}
        if not new_selection:
            for suite, state in held.items():
                states.setdefault(suite, Taken(state, ()))
        missing = [n for n, optional in names.items() if n not in states and not optional]
        if missing or not states:
            problem = self.progress.problems.get(missing[0] if missing else '', 'no sync host has it')
            what = missing[0] if missing else 'any suite'
            raise errors.Unavailable(f'cannot serve {what}: {problem}', status=503)
        return await self._publish(list(states.values()), force=new_selection)

    async def _suites(self) -> dict[str, bool]:
        """The suites to take, and whether each may be absent."""
        wanted = dict.fromkeys(self._settings.suites, False)
        wanted.update(dict.fromkeys(self._settings.optional_suites, True))
        if wanted:
            return wanted
        for origin in self._upstream.in_order():
            try:
                page = await self._upstream.small(origin, 'dists/')
            except errors.Unavailable as err:
                log.warning('no list of suites: %s', err)
                continue
            names = selection.suites_in_page(
                (page or b'').decode('utf-8', 'replace'), pockets=self._settings.pockets
            )
            if names:
                return dict.fromkeys(names, True)
        raise errors.Unavailable('no sync host lists its suites: name them in mirror-series', status=503)

    async def _take_all(self, names: dict[str, bool], held: dict[str, State]) -> list[Taken]:
        async def one(suite: str) -> Taken | None:
            state = held.get(suite)
            try:
                taken = await self._taker.take(suite, self._held(state) if state else None)
            except errors.KeeperError as err:
                self.progress.problems[suite] = str(err)
                return None
            finally:
                self.progress.tried[suite] = self._now()
            self.progress.problems.pop(suite, None)
            if taken:
                self.progress.checked[suite] = self._now()
            return taken

        results = await asyncio.gather(*(one(suite) for suite in names))
        return [taken for taken in results if taken]

    def _held(self, state: State) -> Held:
        def present() -> frozenset[str]:
            members = self._read.members(state.id)
            return frozenset(m.path for m in members if self._objects.has(m.sha256))

        return Held(state, present)

    # -- publishing -------------------------------------------------------------------------------------

    async def _publish(self, suites: list[Taken], *, force: bool) -> bool:
        if self.current and not force:
            served = {state.id for state in self._read.states(self.current.id)}
            if served == {taken.state.id for taken in suites}:
                return False

        def record() -> list[int]:
            return [self._record(taken) for taken in suites]

        ids = await self.in_thread(record)
        digest = _digest(m for state in ids for m in self._read.members(state))
        if self.current and self.current.digest == digest and not force:
            return False
        last = max((g.id for g in self._read.generations()), default=0)
        made = Generation(
            id=last + 1, digest=digest, selection=self._settings.selection, built=int(self._now())
        )
        await self.in_thread(lambda: self._commit(made, ids))
        self.current = made
        log.info('serving g%d, digest %s, %d suites', made.id, digest[:12], len(ids))
        await self.in_thread(self._prune)
        return True

    def _record(self, taken: Taken) -> int:
        """The id of the state, in the catalogue with its packages."""
        if taken.state.id:
            return taken.state.id
        state = self._write.add_state(taken.state, taken.members)
        present = {m.path: m.sha256 for m in taken.members if self._objects.has(m.sha256)}
        for path in selection.best_listings(present):
            rows = listing.read(self._objects.path(present[path]), name=path)
            self._write.add_listing(state, present[path], rows)
        return state

    def _commit(self, made: Generation, ids: list[int]) -> None:
        self._trees.build(made.id, self._links(ids), self._objects)
        self._write.add_generation(made, ids)
        for path in self._write.changed_stored():
            self._trees.remove_package(path)
            self._write.note_removed(path)
        self._trees.flip(made.id)

    def _links(self, ids: list[int]) -> list[tree.Link]:
        """Plain and by-hash names of *ids*, and by-hash names of generations that clients may still hold."""
        links: dict[str, str] = {}
        sizes: dict[str, int] = {}
        since = self._now() - self._settings.retain
        older = [
            s.id for g in self._write.generations() if g.built >= since for s in self._write.states(g.id)
        ]
        for state in dict.fromkeys([*ids, *older]):
            for member in self._write.members(state):
                if not self._objects.has(member.sha256):
                    continue
                if state in ids:
                    links[member.path] = member.sha256
                if '/' in member.path.split('/', 2)[2] or member.path.rpartition('.')[2] in (
                    'xz',
                    'gz',
                    'bz2',
                ):
                    links[tree.by_hash(member.path, member.sha256)] = member.sha256
                sizes[member.sha256] = member.size
        self.index_bytes = sum(sizes.values())
        return [tree.Link(path, sha256) for path, sha256 in links.items()]

    def _prune(self) -> None:
        generations = self._write.generations()
        since = self._now() - self._settings.retain
        gone = [g.id for g in generations[self._settings.keep_snapshots :] if g.built < since]
        if not gone:
            return
        unnamed = self._write.forget(gone)
        self._trees.keep_only(g.id for g in generations if g.id not in gone)
        for sha256 in unnamed:
            self._objects.drop(sha256)
        log.info('removed %d old generations', len(gone))

    async def _fetch_again(self, member: Known) -> None:
        for origin in self._upstream.in_order():
            for name in (tree.by_hash(member.path, member.sha256), member.path):
                try:
                    partial = await transfer.fetch(self._upstream, self._objects, origin, name, member)
                except errors.KeeperError as err:
                    log.warning('not repaired from %s: %s', origin.base, err)
                    break
                if partial:
                    self._objects.adopt(partial, member.sha256)
                    self._trees.place_index(member.path, member.sha256, self._objects)
                    self._trees.place_index(
                        tree.by_hash(member.path, member.sha256), member.sha256, self._objects
                    )
                    return

    def _interval(self, suite: str) -> int:
        security = selection.pocket_of(suite) == 'security'
        return self._settings.security_interval if security else self._settings.sync_interval

    def _is_due(self, suite: str) -> bool:
        return self.progress.tried.get(suite, 0.0) + self._interval(suite) <= self._now() + 1


def _digest(members: Iterable[Known]) -> str:
    """One hash over everything that a generation promises: equal on all units that serve the same."""
    lines = sorted(f'{m.path} {m.size} {m.sha256}\n' for m in members)
    return hashlib.sha256(''.join(lines).encode()).hexdigest()
