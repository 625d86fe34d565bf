"""The watcher: a poller for each repository, programs for the revisions that are new, and who is told."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bedrock import errors, process
from hoodoo import settings as settings_module
from hoodoo import wording
from hoodoo.ci import attempts
from hoodoo.ci.reports import report
from hoodoo.ci.watch import carrying, config, deciding, history, polling, serving, telling

_UNREACHABLE = 3
_LATER_S = 300.0


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
        self._config, self._history, self._told, self._once = watched, kept, told, once
        self._mirrors = settings.root / '.specs' / '.mirrors'
        self._carrier = carrying.Carrier(
            program=program,
            environ=settings.environ,
            folder=settings.state / 'ci' / 'watched',
            history=kept,
            now_ms=now_ms,
        )
        self._teller = telling.Teller(config=watched, history=kept, told=told, now_ms=now_ms)
        self._queue_changed, self._stop = asyncio.Event(), asyncio.Event()
        self._pokes = {one.name: asyncio.Event() for one in watched.repositories}
        self._work: dict[int, asyncio.Task[None]] = {}
        # A repository that hangs holds up no other.
        self._threads = ThreadPoolExecutor(len(self._pokes) + 1, thread_name_prefix='watch')
        self._failed, self._signals = False, 0
        self._silent: set[str] = set()

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
        for revision in self._history.in_state(history.RUNNING):
            self._begin(revision, self._adopt(revision))
        async with contextlib.AsyncExitStack() as stack:
            if self._config.listen is not None and not self._once:
                served = serving.Server(config=self._config, poke=self._poke)
                where = await stack.enter_async_context(served.listening())
                self._told(f'webhooks: {where}')
            pollers = [asyncio.create_task(self._poller(one)) for one in self._config.repositories]
            if self._once:
                await self._finish(pollers)
                return self._code()
            telling_ = asyncio.create_task(self._tell())
            try:
                await self._run_queue()
            finally:
                for task in (*pollers, telling_):
                    task.cancel()
                await asyncio.gather(*pollers, telling_, return_exceptions=True)
        return self._code()

    async def _finish(self, pollers: list[asyncio.Task[None]]) -> None:
        """Poll each once, try all that waits, and tell whom that concerns."""
        polled = asyncio.gather(*pollers)
        await self._or_stop(polled)
        if not self._stop.is_set():
            await polled
        await self._run_queue()
        if not self._stop.is_set():
            await asyncio.get_running_loop().run_in_executor(self._threads, self._teller.tell_due)

    async def _poller(self, repository: config.Repository) -> None:
        """Poll *repository* again and again, or at once when it is poked."""
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.run_in_executor(self._threads, self._poll, repository)
                failures = 0
                if repository.name in self._silent:
                    self._silent.discard(repository.name)
                    self._told(f'{repository.name}: it answers again')
            except Exception as err:  # noqa: BLE001 - whatever it is, this repository is asked again
                failures += 1
                self._silent.add(repository.name)
                if not self._stop.is_set():
                    again = deciding.backoff_s(repository.poll_s, failures)
                    later = '' if self._once else f'; asked again in {again:.0f} s'
                    self._told(f'{repository.name}: {_said(err)}{later}')
            self._queue_changed.set()
            if self._once:
                return
            wait_s = deciding.backoff_s(repository.poll_s, failures)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._pokes[repository.name].wait(), wait_s)
            self._pokes[repository.name].clear()

    def _poll(self, repository: config.Repository) -> None:
        known = self._history.heads(repository.name)
        found = polling.poll(repository, known, mirrors=self._mirrors)
        if found.heads:
            count = self._history.saw(repository.name, found.heads, found.new, now_ms=now_ms())
            if count:
                self._told(f'{repository.name}: {wording.counted(count, "new revision")}')

    def _poke(self, name: str) -> None:
        self._pokes[name].set()

    async def _run_queue(self) -> None:
        """Try what waits, as long as we are not to end; *once*, until nothing waits."""
        while not self._stop.is_set():
            self._queue_changed.clear()
            waiting = [
                revision
                for revision in self._history.in_state(history.QUEUED)
                if revision.id not in self._work and self._named(revision) is not None
            ]
            limit = self._config.concurrency
            for revision in deciding.chosen(waiting, running=len(self._work), limit=limit):
                self._begin(revision, self._try(revision))
            if self._once and not self._work:
                return
            await self._or_stop(self._queue_changed.wait())
        if self._work:
            self._told(f'ending: {wording.counted(len(self._work), "attempt")} under way; again to kill')
            await asyncio.wait(self._work.values())

    def _begin(self, revision: history.Revision, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work[revision.id] = task

        def ended(done: asyncio.Task[None]) -> None:
            del self._work[revision.id]
            self._queue_changed.set()
            error = None if done.cancelled() else done.exception()
            if error is not None:
                # It stays "running": the next watcher sees to it.
                self._failed = True
                self._told(f'{_title(revision)}: {_said(error)}')

        task.add_done_callback(ended)

    async def _try(self, revision: history.Revision) -> None:
        named = self._named(revision)
        assert named is not None, 'it was chosen'
        self._told(f'{_title(revision)}: begun')
        judgement, why = deciding.Judgement(step=deciding.Step.DONE, verdict=attempts.FAILED), ''
        try:
            judgement = await self._carrier.carry(revision, *named)
        except errors.Fault as err:
            why = report.first_line(errors.render(err))
        await self._carry_on(revision.id, judgement, why)

    async def _adopt(self, revision: history.Revision) -> None:
        await self._carry_on(revision.id, await self._carrier.adopt(revision))

    async def _carry_on(self, number: int, judgement: deciding.Judgement, why: str = '') -> None:
        """Note what becomes of a revision."""
        revision = self._history.get(number)
        assert revision is not None, 'it was begun'
        attempt = self._history.attempt(revision.reports)
        step = judgement.step
        if judgement.reap and attempt is not None:
            left = await self._carrier.reap(attempt.id)
            if left and self._stop.is_set():
                return  # the next watcher finds it as we did
            if left:
                self._told(f'{_title(revision)}: it left something behind: {left}')
        if step is deciding.Step.DONE:
            why = why or (attempt.why if attempt else self._carrier.why(revision))
            why = why or ('its process was killed' if judgement.reap else '')
            found = deciding.events(self._history.before(revision), judgement.verdict)
            self._history.end(
                number,
                verdict=judgement.verdict,
                why=why,
                attempt=attempt.id if attempt else 0,
                now_ms=now_ms(),
                tell=deciding.told(self._config.targets, revision.repository, found),
            )
            self._failed = self._failed or judgement.verdict != attempts.PASSED
            self._teller.hear()
            self._told(f'{_title(revision)}: {judgement.verdict}{f", {why}" if why else ""}')
        elif step in (deciding.Step.AGAIN, deciding.Step.BACK):
            self._history.again(number, counts=step is deciding.Step.AGAIN)
            self._told(f'{_title(revision)}: queued again')

    async def _tell(self) -> None:
        """Tell whom it concerns, when it is due."""
        loop = asyncio.get_running_loop()
        while True:
            self._teller.heard.clear()
            try:
                wait_s = await loop.run_in_executor(self._threads, self._teller.tell_due)
            except Exception as err:  # noqa: BLE001 - whoever is to be told is told later
                self._told(f'cannot tell anybody: {_said(err)}')
                wait_s = _LATER_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._teller.heard.wait(), wait_s)

    def _named(self, revision: history.Revision) -> tuple[config.Repository, config.Spec] | None:
        """What the file says of it; None when it says nothing any more."""
        repository = self._config.repository(revision.repository)
        spec = repository.spec(revision.spec) if repository else None
        return (repository, spec) if repository and spec else None

    def _interrupted(self) -> None:
        self._signals += 1
        self._stop.set()
        if self._signals == 1:
            # Each hears of it once: a second time means that its model is to be left.
            self._carrier.stop()
            process.terminate_children()
        else:
            self._carrier.kill()

    async def _or_stop(self, awaited: Awaitable[Any]) -> None:
        """Wait for *awaited*, or until we are to end."""
        tasks: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(awaited),
            asyncio.ensure_future(self._stop.wait()),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    def _code(self) -> int:
        if self._signals:
            return 130
        if not self._once:
            return 0
        return 1 if self._failed else _UNREACHABLE if self._silent else 0


def _said(error: BaseException) -> str:
    return report.first_line(errors.render(error)) if isinstance(error, errors.Fault) else repr(error)


def _title(revision: history.Revision) -> str:
    return f'{revision.repository} {revision.spec} at {revision.commit_id[:8]}'


def now_ms() -> int:
    """The time of day."""
    return time.time_ns() // 1_000_000
