"""Revisions that wait are tried, several at once, and what becomes of each is written down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from bedrock import errors
from hoodoo import wording
from hoodoo.ci import attempts
from hoodoo.ci.reports import report
from hoodoo.ci.watch import carrying, config, deciding, history

_LATER_S = 300.0
"""After which a revision is seen to again whose end could not be written down."""


@dataclass(slots=True, kw_only=True)
class Worker:
    """Tries revisions until it is told to stop."""

    config: config.Config
    history: history.History
    carrier: carrying.Carrier
    told: Callable[[str], None]
    noted: Callable[[], None]
    """Called when something was written down that somebody may have to be told of."""
    now_ms: Callable[[], int]
    once: bool
    stop: asyncio.Event
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """There may be somebody to try."""
    failed: bool = False
    """Whether one did not pass."""
    work: dict[int, asyncio.Task[None]] = field(default_factory=dict[int, asyncio.Task[None]])
    """What is under way, by the numbers of revisions."""
    untried: dict[int, int] = field(default_factory=dict[int, int])
    """How often a revision could not be tried, or not to its end. Who starts a watcher wants to see it try,
    so this does not outlive us."""
    _due: dict[int, float] = field(default_factory=dict[int, float])
    """And from when on it is tried again."""

    def adopt(self) -> None:
        """See to what an earlier watcher has begun."""
        for revision in self.history.in_state(history.RUNNING):
            self._begin(revision, self._adopt(revision))

    async def run(self) -> None:
        """Try what waits until we are to stop; *once*, until nothing is left that can be tried now."""
        while not self.stop.is_set():
            self.changed.clear()
            waiting = [
                revision
                for revision in self.history.in_state(history.QUEUED)
                if revision.id not in self.work and self._named(revision) is not None
            ]
            ready, later_s = deciding.due(waiting, self._due, time.monotonic())
            for revision in deciding.chosen(ready, running=len(self.work), limit=self.config.concurrency):
                self._begin(revision, self._try(revision))
            if self.once and not self.work:
                return
            await first(self.changed.wait(), self.stop.wait(), timeout_s=later_s)
        if self.work:
            self.told(f'ending: {wording.counted(len(self.work), "attempt")} under way; again to kill')
            await asyncio.wait(self.work.values())

    def _begin(self, revision: history.Revision, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.work[revision.id] = task

        def ended(done: asyncio.Task[None]) -> None:
            del self.work[revision.id]
            self.changed.set()
            error = None if done.cancelled() else done.exception()
            if error is not None:
                self.failed = True
                self.told(f'{title(revision)}: {said(error)}')
                if not self.once and not self.stop.is_set():
                    self._begin(revision, self._recover(revision))
                # Else it stays as it is: the next watcher sees to it.

        task.add_done_callback(ended)

    async def _try(self, revision: history.Revision) -> None:
        named = self._named(revision)
        assert named is not None, 'it was chosen'
        self.told(f'{title(revision)}: begun')
        try:
            judgement = await self.carrier.carry(revision, *named)
        except (errors.Fault, OSError) as err:
            # It could not even begin: that says nothing of the revision.
            later = deciding.Judgement(step=deciding.Step.LATER, verdict=attempts.UNTRIED)
            self._put_off(revision, later, attempt=0, why=said(err))
            return
        await self._carry_on(revision.id, judgement)

    async def _adopt(self, revision: history.Revision) -> None:
        await self._carry_on(revision.id, await self.carrier.adopt(revision))

    async def _recover(self, revision: history.Revision) -> None:
        """See to one whose end could not be written down, on a full disk, say."""
        await first(self.stop.wait(), timeout_s=_LATER_S)
        now = self.history.get(revision.id)
        if now is not None and now.state == history.RUNNING and not self.stop.is_set():
            await self._adopt(now)

    async def _carry_on(self, number: int, judgement: deciding.Judgement) -> None:
        """Note what becomes of a revision."""
        revision = self.history.get(number)
        assert revision is not None, 'it was begun'
        attempt = self.history.attempt(revision.reports)
        step = judgement.step
        if judgement.reap and attempt is not None:
            left = await self.carrier.reap(attempt.id)
            if left and self.stop.is_set():
                return  # the next watcher finds it as we did
            if left:
                self.told(f'{title(revision)}: it left something behind: {left}')
        why = attempt.why if attempt else self.carrier.why(revision)
        if step is deciding.Step.DONE:
            self._end(revision, judgement, attempt.id if attempt else 0, why)
        elif step is deciding.Step.LATER:
            self._put_off(revision, judgement, attempt=attempt.id if attempt else 0, why=why)
        elif step in (deciding.Step.AGAIN, deciding.Step.BACK):
            self.history.again(number, counts=step is deciding.Step.AGAIN)
            self.told(f'{title(revision)}: queued again')

    def _end(self, revision: history.Revision, judgement: deciding.Judgement, attempt: int, why: str) -> None:
        why = why or ('its process was killed' if judgement.reap else '')
        found = deciding.events(self.history.before(revision), judgement.verdict)
        self.history.end(
            revision.id,
            verdict=judgement.verdict,
            why=why,
            attempt=attempt,
            now_ms=self.now_ms(),
            tell=deciding.told(self.config.targets, revision.repository, found),
        )
        self.failed = self.failed or judgement.verdict != attempts.PASSED
        self.untried.pop(revision.id, None)
        self._due.pop(revision.id, None)
        self.noted()
        self.told(f'{title(revision)}: {judgement.verdict}{f", {why}" if why else ""}')

    def _put_off(
        self, revision: history.Revision, judgement: deciding.Judgement, *, attempt: int, why: str
    ) -> None:
        """Have *revision* tried again later, and less and less often."""
        named = self._named(revision)
        times = self.untried[revision.id] = self.untried.get(revision.id, 0) + 1
        wait_s = deciding.backoff_s(named[0].poll_s if named else 0.0, times - 1)
        self._due[revision.id] = time.monotonic() + wait_s
        found = deciding.told(self.config.targets, revision.repository, (config.ERROR,))
        self.history.later(
            revision.id,
            verdict=judgement.verdict,
            why=why,
            attempt=attempt,
            now_ms=self.now_ms(),
            counts=judgement.counts,
            tell=[target for target, _ in found],
        )
        self.noted()
        again = '' if self.once else f'; tried again in {wait_s:.0f} s'
        self.told(f'{title(revision)}: {judgement.verdict}{f", {why}" if why else ""}{again}')

    def _named(self, revision: history.Revision) -> tuple[config.Repository, config.Spec] | None:
        """What the file says of it; None when it says nothing any more."""
        repository = self.config.repository(revision.repository)
        spec = repository.spec(revision.spec) if repository else None
        return (repository, spec) if repository and spec else None


async def first(*awaited: Awaitable[Any], timeout_s: float | None = None) -> None:
    """Wait until one of *awaited* is done, or so long; the others are cancelled."""
    tasks = [asyncio.ensure_future(one) for one in awaited]
    await asyncio.wait(tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def said(error: BaseException) -> str:
    """What is told of an error, in one line."""
    return report.first_line(errors.render(error)) if isinstance(error, errors.Fault) else repr(error)


def title(revision: history.Revision) -> str:
    """What a revision is called where others are told of, too."""
    return f'{revision.repository} {revision.spec} at {revision.commit_id[:8]}'
