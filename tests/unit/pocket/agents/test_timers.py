from __future__ import annotations

from dataclasses import dataclass

import pytest

from pocket.agents.timers import Timers


@dataclass
class Clock:
    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timers(clock: Clock) -> Timers:
    """Timers without jitter."""
    return Timers(clock, lambda low, high: (low + high) / 2)


def test_retries_wait_twice_as_long_each_time_up_to_five_minutes(timers: Timers, clock: Clock) -> None:
    waits: list[float | None] = []
    for _ in range(8):
        timers.start_retry()
        waits.append(timers.next_s(retry=True, update_status_s=None))
        assert not timers.retry_due
        clock.now_s += waits[-1] or 0
        assert timers.retry_due
        timers.tried()
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]


def test_success_makes_the_next_wait_short_again(timers: Timers) -> None:
    timers.start_retry()
    timers.tried()
    timers.start_retry()
    timers.succeeded()
    timers.start_retry()
    assert timers.next_s(retry=True, update_status_s=None) == 5


def test_looking_again_does_not_push_a_retry_away(timers: Timers, clock: Clock) -> None:
    timers.start_retry()
    clock.now_s += 4
    timers.start_retry()
    assert timers.next_s(retry=True, update_status_s=None) == 1


def test_a_hook_swallows_a_tick_that_is_due_but_not_a_later_one(timers: Timers, clock: Clock) -> None:
    clock.now_s += 200
    timers.swallow_tick(300)
    assert timers.next_s(retry=False, update_status_s=300) == 100
    clock.now_s += 100
    assert timers.update_status_due(300)
    timers.swallow_tick(300)
    assert not timers.update_status_due(300)


def test_a_shorter_interval_counts_at_once(timers: Timers, clock: Clock) -> None:
    clock.now_s += 30
    assert not timers.update_status_due(300)
    assert timers.update_status_due(10)


def test_no_interval_means_no_tick(timers: Timers) -> None:
    assert timers.next_s(retry=False, update_status_s=0) is None


def test_jitter_stays_within_a_fifth() -> None:
    first = Timers(Clock(), lambda low, high: low)
    last = Timers(Clock(), lambda low, high: high)
    assert [timer.next_s(retry=False, update_status_s=100) for timer in (first, last)] == [80, 120]
