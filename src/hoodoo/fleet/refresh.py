"""Renews what is known of environments, the longest unseen first, within each controller's budget.

First what the journal says, which costs nothing; then looks; then, more seldom, drift.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import fcntl
import os
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, files
from hoodoo import settings as settings_module
from hoodoo.fleet import drifts, health, lastruns, looking, purse
from hoodoo.inventory import index
from hoodoo.inventory.environment import Environment
from hoodoo.inventory.state import Health, State
from hoodoo.journal import journal, rows

DRIFT_TIMES = 6
"""Drift is looked for that much more seldom than how an environment is."""
_AT_ONCE = 2
"""Whoever is not waited for does not need many looks at a time."""
_SEEN = frozenset({Health.READY, Health.WAITING, Health.BLOCKED, Health.ERROR})

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When something is renewed."""

    after_s: float
    """What was seen within this time is fresh; 0 has all looked at."""
    drift: bool = True
    within_s: float | None = None
    """For how long to go on; None until all is fresh."""
    timeout_s: float = looking.DEFAULT_TIMEOUT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one round has done."""

    looked: Mapping[str, State]
    drifts: int
    late: bool
    """Whether time was over before all was fresh."""


def due(
    environments: Iterable[Environment], states: Mapping[str, State], *, now_ms: int, after_s: float
) -> tuple[Environment, ...]:
    """The environments that nobody has looked at for *after_s*, those that nobody ever looked at first."""
    seen = {name: state.seen_ms for name, state in states.items()}
    return _older(environments, seen, now_ms - after_s * 1000)


def drift_due(
    environments: Iterable[Environment], states: Mapping[str, State], *, now_ms: int, after_s: float
) -> tuple[Environment, ...]:
    """The environments with a model and a spec that nobody has compared for *after_s*."""
    seen = {name: state.drift_ms for name, state in states.items()}
    comparable = (one for one in environments if one.spec and states.get(one.name, State()).health in _SEEN)
    return _older(comparable, seen, now_ms - after_s * 1000)


def next_s(
    environments: Iterable[Environment], states: Mapping[str, State], *, now_ms: int, after_s: float
) -> float:
    """In how many seconds the next environment is due."""
    seen = [state.seen_ms if (state := states.get(one.name)) else None for one in environments]
    oldest = min((0 if at is None else at for at in seen), default=now_ms)
    return min(after_s, max(0.0, after_s - (now_ms - oldest) / 1000))


@contextlib.contextmanager
def alone(path: Path) -> Generator[bool]:
    """Hold the lock that refreshing stands behind; False where another process does."""
    files.make_private_folder(path.parent)
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(number)
        yield False
        return
    try:
        os.utime(number)
        yield True
    finally:
        os.close(number)


class Refresher:
    """What refreshing needs from outside."""

    def __init__(
        self,
        settings: settings_module.Settings,
        opened: index.Index,
        memory: journal.Journal,
        paid: purse.Purse,
        *,
        note: Note,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """*note* hears of each environment."""
        self._settings, self._index, self._memory, self._purse = settings, opened, memory, paid
        self._note, self._now_ms = note, now_ms
        self._account = looking.known_account(settings)

    def round(self, environments: tuple[Environment, ...], rules: Rules) -> Outcome:
        """Renew all of *environments* that is not fresh."""
        began = time.monotonic()
        self._runs(environments)
        looked: dict[str, State] = {}
        stale = due(environments, self._index.states(), now_ms=self._now_ms(), after_s=rules.after_s)
        late = self._look(stale, rules, looked)
        count = 0
        if rules.drift and not late:
            after_s = rules.after_s * DRIFT_TIMES
            states = self._index.states()
            for environment in drift_due(environments, states, now_ms=self._now_ms(), after_s=after_s):
                if rules.within_s is not None and time.monotonic() - began > rules.within_s:
                    late = True
                    break
                self._compare(environment, states[environment.name])
                count += 1
        return Outcome(looked=looked, drifts=count, late=late)

    def _runs(self, environments: tuple[Environment, ...]) -> None:
        runs, good = self._memory.latest(), self._memory.latest(outcome=rows.DONE)
        for name, now in lastruns.changed(environments, self._index.states(), runs, good):
            self._index.change(
                name,
                lambda known, now=now: dataclasses.replace(
                    known,
                    run=now.run,
                    run_outcome=now.run_outcome,
                    run_ms=now.run_ms,
                    revision=now.revision,
                ),
            )

    def _look(self, stale: tuple[Environment, ...], rules: Rules, looked: dict[str, State]) -> bool:
        """Look at *stale*; whether that could not be finished in time."""
        manner = looking.Manner(
            account=self._account,
            timeout_s=rules.timeout_s,
            at_once=_AT_ONCE,
            meter=self._purse.meter,
            now_ms=self._now_ms,
        )

        def told(environment: Environment, state: State) -> None:
            looked[environment.name] = state
            self._note(' '.join(filter(None, (environment.name, state.health.value, state.why))))

        async def in_time() -> bool:
            try:
                async with asyncio.timeout(rules.within_s):
                    await looking.looked(stale, self._index, manner, told)
            except TimeoutError:
                return True
            return False

        return looking.run(in_time())

    def _compare(self, environment: Environment, state: State) -> None:
        found: int | None = None
        try:
            found = drifts.count(
                self._settings,
                self._memory,
                environment,
                state,
                controller=self._account(environment),
                pay=lambda requests: self._purse.pay(environment.controller, requests),
            )
            self._note(f'{environment.name} drift {found if found is not None else "unknown"}')
        except (errors.Fault, OSError) as err:
            self._note(f'{environment.name} drift unknown: {err}')
        now_ms = self._now_ms()
        self._index.change(
            environment.name, lambda known: dataclasses.replace(known, drift=found, drift_ms=now_ms)
        )


def worded(outcome: Outcome, requests: int) -> str:
    """What was done, in a line."""
    counts = health.summary(outcome.looked.values())
    seen = f'looked at {len(outcome.looked)}' + (f' ({counts})' if counts else '')
    rest = '; the rest is left for the next time' if outcome.late else ''
    return f'{seen}, compared {outcome.drifts} with their specs, {requests} requests{rest}'


def _older(
    environments: Iterable[Environment], seen: Mapping[str, int | None], before_ms: float
) -> tuple[Environment, ...]:
    aged = [(seen.get(one.name) or 0, one) for one in environments]
    old = [(at, one) for at, one in aged if at <= before_ms]
    return tuple(one for _, one in sorted(old, key=lambda pair: (pair[0], pair[1].name)))
