"""When a unit's agent is to do something without being told: try a failed hook again, run update-status."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

RETRY_FIRST_S = 5.0
RETRY_LONGEST_S = 300.0
_RETRY_JITTER = 0.2
_UPDATE_STATUS_JITTER = 0.2


class Timers:
    """The timers of one agent, on a monotonic clock."""

    def __init__(
        self, now: Callable[[], float], spread: Callable[[float, float], float] = random.uniform
    ) -> None:
        """Use *now* for the time in seconds and *spread* to draw a number between two."""
        self._now = now
        self._spread = spread
        self._delay_s = RETRY_FIRST_S
        self._retry_at: float | None = None
        self._ticked_at = now()
        self._factor = self._draw(_UPDATE_STATUS_JITTER)

    @property
    def retry_due(self) -> bool:
        """Whether the hook in error has waited long enough."""
        return self._retry_at is not None and self._now() >= self._retry_at

    def start_retry(self) -> None:
        """A hook is in error: count the time to its next try, unless that is being counted."""
        if self._retry_at is None:
            self._retry_at = self._now() + self._delay_s * self._draw(_RETRY_JITTER)
            self._delay_s = min(self._delay_s * 2, RETRY_LONGEST_S)

    def tried(self) -> None:
        """The hook in error is tried again; the next wait will be longer."""
        self._retry_at = None

    def succeeded(self) -> None:
        """A hook was committed or the operator resolved one: waits are short again."""
        self._retry_at = None
        self._delay_s = RETRY_FIRST_S

    def update_status_due(self, interval_s: float) -> bool:
        """Whether *interval_s*, more or less, has passed since the last tick."""
        return self._now() >= self._update_status_at(interval_s)

    def swallow_tick(self, interval_s: float) -> None:
        """A hook ran: a tick that is due by now is as good as done."""
        if self.update_status_due(interval_s):
            self._ticked_at = self._now()
            self._factor = self._draw(_UPDATE_STATUS_JITTER)

    def next_s(self, *, retry: bool, update_status_s: float | None) -> float | None:
        """Seconds until a timer is due; None when none is running."""
        due = [self._retry_at] if retry and self._retry_at is not None else []
        if update_status_s is not None:
            due.append(self._update_status_at(update_status_s))
        first = min(due, default=math.inf)
        return None if math.isinf(first) else max(0.0, first - self._now())

    def _update_status_at(self, interval_s: float) -> float:
        return self._ticked_at + interval_s * self._factor if interval_s > 0 else math.inf

    def _draw(self, jitter: float) -> float:
        return self._spread(1 - jitter, 1 + jitter)
