"""The watcher: a poller for each repository, a worker for the revisions that are new, and who is told."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from bedrock import process
from hoodoo import settings as settings_module
from hoodoo import wording
from hoodoo.ci import places
from hoodoo.ci.watch import (
    carrying,
    config,
    deciding,
    history,
    keeping,
    polling,
    serving,
    silence,
    telling,
    working,
)

_UNREACHABLE = 3
_LATER_S, _DAY_S = 300.0, 86400.0


class Watcher:
    """Watches what a file says; one at a time in a state directory."""

    def __init__(
        self,
        watched: config.Config,
        *,
        settings: settings_module.Settings,
        kept: history.History,
        program: Sequence[str],
        told: Callable[[str], None],
        once: bool = False,
    ) -> None:
        """Prepare to watch.

        Args:
            program: What ``hoodoo`` is here.
            told: Gets a line for whoever watches.
            once: Poll once, try what is new and end.
        """

        def say(text: str) -> None:
            # Whoever reads it may be gone, or its disk full: that ends no watching.
            with contextlib.suppress(OSError):
                told(text)

        self._config, self._history, self._told, self._once = watched, kept, say, once
        self._mirrors = settings.root / '.specs' / '.mirrors'
        self._folder = folder = places.watched(settings.state)
        self._carrier = carrying.Carrier(
            program=program, environ=settings.environ, folder=folder, history=kept, now_ms=now_ms
        )
        self._teller = telling.Teller(config=watched, history=kept, told=say, now_ms=now_ms)
        self._silence = silence.Silence(config=watched, said=say, send=telling.send)
        self._keeper = keeping.Keeper(config=watched, history=kept, folder=folder, told=say, now_ms=now_ms)
        self._stop, self._ended = asyncio.Event(), asyncio.Event()
        self._worker = working.Worker(
            config=watched,
            history=kept,
            carrier=self._carrier,
            told=say,
            noted=self._noted,
            now_ms=now_ms,
            once=once,
            stop=self._stop,
        )
        self._pokes = {one.name: asyncio.Event() for one in watched.repositories}
        # A repository that hangs holds up no other, nor who tells people and who removes what is old.
        self._threads = ThreadPoolExecutor(len(self._pokes) + 2, thread_name_prefix='watch')
        self._signals = 0
        self._silent: set[str] = set()
        self._left = ''
        """Why what attempts left could not be removed the last time."""

    async def run(self) -> int:
        """Watch until we are told to end; returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._interrupted)
        try:
            return await self._watch()
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _watch(self) -> int:
        self._worker.adopt()
        async with contextlib.AsyncExitStack() as stack:
            if self._config.listen is not None and not self._once:
                served = serving.Server(config=self._config, poke=self._poke, told=self._told)
                where = await stack.enter_async_context(served.listening())
                self._told(f'webhooks: {where}')
            pollers = [asyncio.create_task(self._poller(one)) for one in self._config.repositories]
            if self._once:
                await self._finish(pollers)
                return self._code()
            others = [*pollers, asyncio.create_task(self._tell()), asyncio.create_task(self._keep())]
            try:
                await self._worker.run()
            finally:
                for task in others:
                    task.cancel()
                await asyncio.gather(*others, return_exceptions=True)
        return self._code()

    async def _finish(self, pollers: list[asyncio.Task[None]]) -> None:
        """Poll each once, try all that waits, tell whom that concerns, and remove what is old."""
        polled = asyncio.gather(*pollers)
        await working.first(polled, self._stop.wait())
        if not self._stop.is_set():
            await polled
        await self._worker.run()
        if not self._stop.is_set():
            await self._reap()
        loop = asyncio.get_running_loop()
        for work in (self._teller.tell_due, self._sweep):
            if not self._stop.is_set():
                await loop.run_in_executor(self._threads, work)

    async def _poller(self, repository: config.Repository) -> None:
        """Poll *repository* again and again, or at once when it is poked."""
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.run_in_executor(self._threads, self._poll, repository)
                failures = 0
                await loop.run_in_executor(self._threads, self._silence.answered, repository.name)
                if repository.name in self._silent:
                    self._silent.discard(repository.name)
                    self._told(f'{repository.name}: it answers again')
            except Exception as err:  # noqa: BLE001 - whatever it is, this repository is asked again
                failures += 1
                self._silent.add(repository.name)
                if not self._stop.is_set():
                    again = deciding.backoff_s(repository.poll_s, failures)
                    later = '' if self._once else f'; asked again in {again:.0f} s'
                    self._told(f'{repository.name}: {working.said(err)}{later}')
                if not self._once:
                    missed = (repository.name, working.said(err), time.monotonic())
                    await loop.run_in_executor(self._threads, self._silence.failed, *missed)
            self._worker.changed.set()
            if self._once:
                return
            wait_s = deciding.backoff_s(repository.poll_s, failures)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._pokes[repository.name].wait(), wait_s)
            self._pokes[repository.name].clear()

    def _poll(self, repository: config.Repository) -> None:
        known = self._history.heads(repository.name)
        found = polling.poll(repository, known, mirrors=self._mirrors)
        if found.heads or found.gone:
            count = self._history.saw(
                repository.name, found.heads, found.new, now_ms=now_ms(), gone=found.gone
            )
            if count:
                self._told(f'{repository.name}: {wording.counted(count, "new revision")}')

    def _poke(self, name: str) -> None:
        self._pokes[name].set()

    async def _tell(self) -> None:
        """Tell whom it concerns, when it is due."""
        loop = asyncio.get_running_loop()
        while True:
            self._teller.heard.clear()
            try:
                wait_s = await loop.run_in_executor(self._threads, self._teller.tell_due)
            except Exception as err:  # noqa: BLE001 - whoever is to be told is told later
                self._told(f'cannot tell anybody: {working.said(err)}')
                wait_s = _LATER_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._teller.heard.wait(), wait_s)

    async def _keep(self) -> None:
        """Remove what attempts left and what is old, whenever a revision has ended, and once a day."""
        loop = asyncio.get_running_loop()
        while True:
            self._ended.clear()
            await self._reap()
            await loop.run_in_executor(self._threads, self._sweep)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), _DAY_S)

    async def _reap(self) -> None:
        """Remove models that could not be removed at the end of their attempts, as far as that works now."""
        try:
            left = self._history.past.left(self._folder)
            why = await self._carrier.reap(*left) if left else ''
        except Exception as err:  # noqa: BLE001 - whatever it is, that is seen to the next time
            why = working.said(err)
        if why and why != self._left and not self._stop.is_set():
            self._told(f'cannot remove what attempts left: {why}')
        self._left = why

    def _sweep(self) -> None:
        try:
            self._keeper.sweep()
        except Exception as err:  # noqa: BLE001 - what could not be removed is removed the next time
            self._told(f'cannot remove old revisions: {working.said(err)}')

    def _noted(self) -> None:
        self._teller.hear()
        self._ended.set()

    def _interrupted(self) -> None:
        self._signals += 1
        self._stop.set()
        if self._signals == 1:
            # Each hears of it once: a second time means that its model is to be left.
            self._carrier.stop()
            process.terminate_children()
        else:
            self._carrier.kill()

    def _code(self) -> int:
        if self._signals:
            return 130
        if not self._once:
            return 0
        return 1 if self._worker.failed else _UNREACHABLE if self._silent or self._worker.untried else 0


def now_ms() -> int:
    """The time of day."""
    return time.time_ns() // 1_000_000
