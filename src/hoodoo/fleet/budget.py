"""How many requests a controller is to have from the background: a bucket of tokens for each. Pure.

A token is a request. Tokens come in evenly, up to what a bucket holds; who takes more than there is has them
and owes, and waits until the debt is paid. Buckets are kept by the wall clock, since processes come and go.
"""

from __future__ import annotations

from dataclasses import dataclass

PER_MINUTE = 60.0
_BURST_S = 20.0
"""So much of the rate a bucket holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How fast tokens come."""

    per_minute: float = PER_MINUTE

    @property
    def capacity(self) -> float:
        """What a full bucket holds; at least one token."""
        return max(1.0, self.per_minute * _BURST_S / 60)

    @property
    def per_ms(self) -> float:
        """Tokens a millisecond."""
        return self.per_minute / 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What is left for one controller."""

    tokens: float
    """Less than none while somebody who has taken them waits."""
    at_ms: int
    """When that was so."""


def take(bucket: Bucket | None, wanted: int, budget: Budget, *, now_ms: int) -> tuple[Bucket, float]:
    """Return *bucket* less *wanted* tokens, and for how many seconds to wait before they are used.

    Args:
        bucket: None for one that nobody has taken from.
        now_ms: By the wall clock. Where that was set back, no time has passed.
    """
    if bucket is None:
        bucket = Bucket(tokens=budget.capacity, at_ms=now_ms)
    passed_ms = max(0, now_ms - bucket.at_ms)
    tokens = min(budget.capacity, bucket.tokens + passed_ms * budget.per_ms) - wanted
    return Bucket(tokens=tokens, at_ms=now_ms), max(0.0, -tokens / budget.per_ms / 1000)
