"""Whether a model is ready, from what is seen of it again and again: a pure function of successive snapshots.

``state, verdict = step(state, snapshot, now)``, beginning with ``State(rules=...)``. Ready means that a
snapshot shows nothing unready (`hoodoo.readiness.unready`) and all our own changes
(`hoodoo.readiness.changes`), and that no agent has changed its state for the settle time: one idle moment may
lie between two hooks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from hoodoo import model
from hoodoo.readiness import changes, unready
from hoodoo.readiness.unready import Reason

LONGEST_PAUSE_S = 10.0
"""After this a waiting model is worth a look even when nothing said that it changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What counts as ready."""

    settle_s: float = 0.0
    accepted: frozenset[str] = frozenset()
    """Workload states in addition to active and unknown."""
    retry_errors: int = 0
    """How often the same unit or machine may fail before waiting ends: Juju retries by itself."""
    changes: tuple[changes.Change, ...] = ()
    """What must have been noticed."""
    only: frozenset[str] = frozenset()
    """The applications that matter, empty for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What is known of one unit's or machine's errors."""

    since_ms: int | None
    count: int
    lasts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What earlier snapshots have told."""

    rules: Rules
    failures: Mapping[str, Failure] = field(default_factory=dict[str, Failure])
    ahead_ms: float | None = None
    """How far the controller's clock is ahead of ours, by the first snapshot."""
    calm: tuple[object, float] | None = None
    """The agents' states while nothing was unready, and since when they were seen so."""
    unready: float | None = None
    """When something was last seen unready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one more snapshot means."""

    kind: Literal['ready', 'settling', 'waiting', 'failed']
    reasons: tuple[Reason, ...] = ()
    """Why it is not ready; when it has failed, only what is fatal."""
    look_again_s: float = LONGEST_PAUSE_S
    """After this time another snapshot may tell more though nothing changed."""


def step(state: State, seen: model.ModelSnapshot, now: float) -> tuple[State, Verdict]:
    """Return what *seen*, the newest snapshot, means, and what to remember of it.

    Args:
        now: Seconds by any clock that does not jump, read when the snapshot had come.
    """
    rules = state.rules
    seen = restricted(seen, rules.only)
    ahead_ms = seen.now_ms - now * 1000 if state.ahead_ms is None else state.ahead_ms
    clocks = changes.Clocks(now=now, ahead_ms=ahead_ms)
    shown = (*_absent(seen, rules), *unready.unready(seen, accepted=rules.accepted))
    pending = (
        *(_softened(reason, rules, clocks) for reason in shown),
        *_unnoticed(seen, rules, clocks, {reason.subject for reason in shown}),
    )
    failures = _failures(state.failures, pending)
    state = dataclasses.replace(
        state,
        ahead_ms=ahead_ms,
        failures=failures,
        calm=_calm(state, seen, pending, now),
        unready=now if pending else state.unready,
    )
    fatal = tuple(r for r in pending if r.fatal and failures[r.subject].count > rules.retry_errors)
    if fatal:
        return state, Verdict(kind='failed', reasons=fatal)
    if pending:
        return state, Verdict(kind='waiting', reasons=pending)
    left_s = rules.settle_s - _quiet_s(state, seen, now)
    if left_s > 0:
        text = f'ready, but not idle for {rules.settle_s:g} s yet'
        return state, Verdict(
            kind='settling',
            reasons=(Reason(subject='the model', text=text),),
            look_again_s=min(left_s, LONGEST_PAUSE_S),
        )
    return state, Verdict(kind='ready')


def restricted(seen: model.ModelSnapshot, only: frozenset[str]) -> model.ModelSnapshot:
    """*seen* without the applications that do not matter, their machines and relations."""
    if not only:
        return seen
    applications = {name: there for name, there in seen.applications.items() if name in only}
    machines = {unit.machine for there in applications.values() for unit in there.units}
    return dataclasses.replace(
        seen,
        applications=applications,
        machines={name: machine for name, machine in seen.machines.items() if name in machines},
        relations=tuple(r for r in seen.relations if all(end.application in only for end in r.endpoints)),
    )


def _absent(seen: model.ModelSnapshot, rules: Rules) -> tuple[Reason, ...]:
    missing = sorted(rules.only - seen.applications.keys())
    return tuple(Reason(subject=name, text='is not in the model') for name in missing)


def _unnoticed(
    seen: model.ModelSnapshot, rules: Rules, clocks: changes.Clocks, known: Collection[str]
) -> Iterator[Reason]:
    """Of each thing that seems ready, the first of our changes that it does not show."""
    told = set(known)
    for change in rules.changes:
        for reason in changes.unnoticed(change, seen, clocks):
            if reason.subject not in told:
                told.add(reason.subject)
                yield reason


def _softened(reason: Reason, rules: Rules, clocks: changes.Clocks) -> Reason:
    """An error that was just told to go away is not fatal yet."""
    if reason.fatal and any(changes.still_failed(change, reason, clocks) for change in rules.changes):
        return dataclasses.replace(reason, fatal=False, text=f'{reason.text}, to be retried')
    return reason


def _failures(known: Mapping[str, Failure], reasons: tuple[Reason, ...]) -> Mapping[str, Failure]:
    found = {name: dataclasses.replace(failure, lasts=False) for name, failure in known.items()}
    for reason in reasons:
        if reason.fatal:
            last = known.get(reason.subject)
            again = last is None or not last.lasts or last.since_ms != reason.since_ms
            count = (last.count if last is not None else 0) + again
            found[reason.subject] = Failure(since_ms=reason.since_ms, count=count, lasts=True)
    return found


def _calm(
    state: State, seen: model.ModelSnapshot, reasons: tuple[Reason, ...], now: float
) -> tuple[object, float] | None:
    if reasons:
        return None
    agents = tuple((unit.name, unit.agent.value, unit.agent.since_ms) for unit in seen.units())
    if state.calm is not None and state.calm[0] == agents:
        return state.calm
    return agents, now


def _quiet_s(state: State, seen: model.ModelSnapshot, now: float) -> float:
    """For how long no agent has changed its state: as the controller tells it, or as we saw it.

    The controller's times let a model that is calm for long be ready at once; where they are missing, or from
    a clock that is off, what we saw ourselves is enough. They do not tell of what is no agent's state: a unit
    has its new charm a moment before its agent begins with the hook.
    """
    watched_s = now - state.calm[1] if state.calm is not None else 0.0
    times = [unit.agent.since_ms for unit in seen.units()]
    known = [time for time in times if time is not None]
    if len(known) < len(times):
        return watched_s
    told_s = (seen.now_ms - max(known)) / 1000 if known else state.rules.settle_s
    if state.unready is not None:
        told_s = min(told_s, now - state.unready)
    return max(watched_s, told_s)
