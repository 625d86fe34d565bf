"""Our own changes to a model, and whether it has noticed them: a calm from before a change means nothing.

Juju says nowhere which configuration or relation a unit has come to know. What it says is since when a unit's
agent does what it does: an agent that notices a change runs a hook, which moves that time past the change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hoodoo import model
from hoodoo.readiness.unready import Reason, relation_subject

_GRACE_S = 30.0
"""After so long a change counts as noticed though nothing shows it: not every controller tells times, and not
every change makes an agent act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """An application was deployed or got units."""

    application: str
    units: int
    """How many it must have at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Altered:
    """An application's options or charm were changed."""

    application: str
    what: str
    """Such as ``options``."""
    at: float
    """When, by the clock that the oracle is given."""
    old_charm: str = ''
    """The charm URL before, when the charm was changed: one that stays the same tells units nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Two applications were related."""

    one: model.Endpoint
    other: model.Endpoint
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """A unit in error was told to run its failed hook again."""

    unit: str
    since_ms: int | None
    """Since when it was in error: an error of the same moment has not been retried yet."""
    at: float


Change = Grown | Altered | Related | Retried


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The waiter's clock now, and how far the controller's is ahead of it."""

    now: float
    ahead_ms: float

    def past(self, at: float) -> bool:
        """Whether a change made at *at* need not be noticed any more."""
        return self.now - at >= _GRACE_S

    def reached(self, since_ms: int, at: float) -> bool:
        """Whether a status with that time, by the controller's clock, is from after *at*, by ours."""
        return since_ms >= at * 1000 + self.ahead_ms


def unnoticed(change: Change, seen: model.ModelSnapshot, clocks: Clocks) -> Iterator[Reason]:
    """Yield what *seen* does not show of *change* yet."""
    match change:
        case Grown(application=name, units=units):
            there = seen.applications.get(name)
            if there is None:
                yield Reason(subject=name, text='has not appeared yet')
            elif len(there.staying) < units:
                yield Reason(subject=name, text=f'has {len(there.staying)} of {units} units')
        case Altered(application=name, what=what, at=at, old_charm=old):
            there = seen.applications.get(name)
            if there is not None and not (old and there.charm == old):
                yield from _unaware(there, f'the new {what}', at, clocks)
        case Related(one=one, other=other, at=at):
            yield from _unrelated(one, other, at, seen, clocks)
        case Retried():
            pass  # an error from before is no reason of its own: see `still_failed`


def still_failed(change: Change, reason: Reason, clocks: Clocks) -> bool:
    """Whether *reason* is the error that *change* had retried, and may still go away."""
    return (
        isinstance(change, Retried)
        and change.unit == reason.subject
        and change.since_ms == reason.since_ms
        and not clocks.past(change.at)
    )


def _unrelated(
    one: model.Endpoint, other: model.Endpoint, at: float, seen: model.ModelSnapshot, clocks: Clocks
) -> Iterator[Reason]:
    found = next((r for r in seen.relations if _joins(r, one, other)), None)
    if found is None:
        if not clocks.past(at):
            yield Reason(subject=f'relation {one} - {other}', text='has not appeared yet')
        return
    for name in dict.fromkeys(end.application for end in found.endpoints):
        there = seen.applications.get(name)
        if there is not None:
            yield from _unaware(there, f'the new {relation_subject(found)}', at, clocks)


def _unaware(there: model.Application, what: str, at: float, clocks: Clocks) -> Iterator[Reason]:
    if clocks.past(at):
        return
    for unit in there.staying:
        since_ms = unit.agent.since_ms
        if since_ms is None or not clocks.reached(since_ms, at):
            yield Reason(subject=unit.name, text=f'has not noticed {what} yet')


def _joins(relation: model.Relation, one: model.Endpoint, other: model.Endpoint) -> bool:
    if len(relation.endpoints) != 2:
        return False
    left, right = relation.endpoints
    return (one.matches(left) and other.matches(right)) or (one.matches(right) and other.matches(left))
