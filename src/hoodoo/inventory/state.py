"""What was seen of an environment last, and when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Health(Enum):
    """What the whole model was, by its worst unit."""

    READY = 'ready'
    WAITING = 'waiting'
    """An agent is at work, or a workload waits for something."""
    BLOCKED = 'blocked'
    """A person has to do something."""
    ERROR = 'error'
    ABSENT = 'absent'
    """The controller answers and has no such model."""
    UNREACHABLE = 'unreachable'
    UNKNOWN = 'unknown'
    """Nobody has looked yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One look at an environment. Times are milliseconds since 1970; None where nobody looked."""

    health: Health = Health.UNKNOWN
    why: str = ''
    """The worst unit and its message, or the error that kept us from looking; one line."""
    applications: int = 0
    units: int = 0
    machines: int = 0
    seen_ms: int | None = None
    drift: int | None = None
    """Differences between the model and its spec that are open; None where nobody looked."""
    drift_ms: int | None = None
    run: int = 0
    """The number of the last run in the journal; 0 for none."""
    run_outcome: str = ''
    run_ms: int | None = None
    """When it ended, or began where it is still running."""
    revision: str = ''
    """Of the spec, as it was deployed by the last run that ended well; empty where that is not known."""
