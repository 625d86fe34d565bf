"""What one look at a model says of its environment, by the same rules as waiting for it. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

from hoodoo import model, wording
from hoodoo.inventory.state import Health, State
from hoodoo.readiness import oracle
from hoodoo.readiness.unready import Reason

WORST_FIRST = (
    Health.UNREACHABLE,
    Health.ERROR,
    Health.ABSENT,
    Health.BLOCKED,
    Health.WAITING,
    Health.UNKNOWN,
    Health.READY,
)
_RULES = oracle.Rules()

Change = Callable[[State], State]


def judged(found: model.ModelSnapshot) -> tuple[Health, str]:
    """Return how *found* is, and the worst reason why it is not ready."""
    _, verdict = oracle.step(oracle.State(rules=_RULES), found, found.now_ms / 1000)
    if verdict.kind == 'ready':
        return Health.READY, '' if found.applications else 'nothing is deployed'
    blocked = {unit.name for unit in found.units() if unit.workload.value == 'blocked'}
    if verdict.kind == 'failed':
        return Health.ERROR, _worded(verdict.reasons)
    held_up = [reason for reason in verdict.reasons if reason.subject in blocked]
    if held_up:
        rest = [reason for reason in verdict.reasons if reason not in held_up]
        return Health.BLOCKED, _worded([*held_up, *rest])
    return Health.WAITING, _worded(verdict.reasons)


def seen(found: model.ModelSnapshot, *, life: str, now_ms: int) -> Change:
    """What becomes of a state by a look at the model.

    Args:
        life: The model's own.
    """
    health, why = judged(found)
    if life != 'alive':
        health, why = Health.WAITING, 'the model is being destroyed'
    units = sum(1 for _ in found.units())
    return lambda known: dataclasses.replace(
        known,
        health=health,
        why=why,
        applications=len(found.applications),
        units=units,
        machines=len(found.machines),
        seen_ms=now_ms,
    )


def unseen(health: Health, why: str, *, now_ms: int) -> Change:
    """What becomes of a state by a look that found no model: what that held before says nothing any more."""
    return lambda known: dataclasses.replace(
        known, health=health, why=wording.on_a_line(why), applications=0, units=0, machines=0, seen_ms=now_ms
    )


def counted(states: Iterable[State]) -> dict[Health, int]:
    """How many there are of each health: the good first, then the worse the later."""
    counts = dict.fromkeys(reversed(WORST_FIRST), 0)
    for state in states:
        counts[state.health] += 1
    return {health: count for health, count in counts.items() if count}


def summary(states: Iterable[State]) -> str:
    """Such as ``187 ready, 9 blocked, 4 unreachable``."""
    return ', '.join(f'{count} {health.value}' for health, count in counted(states).items())


def _worded(reasons: Iterable[Reason]) -> str:
    first, *rest = reasons
    more = f' (and {len(rest)} more)' if rest else ''
    return f'{wording.on_a_line(str(first))}{more}'
