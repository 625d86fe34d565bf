from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoodoo.fleet import budget

SIXTY = budget.Budget(per_minute=60)  # a token a second, twenty at once
START = 1_000_000


def left(tokens: float, at_ms: int = START) -> budget.Bucket:
    return budget.Bucket(tokens=tokens, at_ms=at_ms)


@pytest.mark.parametrize(
    ('bucket', 'wanted', 'now_ms', 'tokens', 'wait_s'),
    [
        pytest.param(None, 2, START, 18, 0, id='a new bucket is full'),
        pytest.param(left(20), 20, START, 0, 0, id='all of it at once'),
        pytest.param(left(0), 1, START, -1, 1, id='an empty one is waited for'),
        pytest.param(left(1), 3, START, -2, 2, id='what is there counts'),
        pytest.param(left(-4), 1, START + 2000, -3, 3, id='debts are paid first'),
        pytest.param(left(5), 0, START + 3_600_000, 20, 0, id='it does not fill for ever'),
        pytest.param(left(5), 1, START - 3_600_000, 4, 0, id='a clock that was set back gives nothing'),
        pytest.param(left(-30), 2, START, -32, 32, id='more than a bucket can be had in time'),
    ],
)
def test_tokens_are_taken_and_waited_for(
    bucket: budget.Bucket | None, wanted: int, now_ms: int, tokens: float, wait_s: float
) -> None:
    after, wait = budget.take(bucket, wanted, SIXTY, now_ms=now_ms)
    assert (after.tokens, after.at_ms, wait) == (pytest.approx(tokens), now_ms, pytest.approx(wait_s))


def test_a_clock_that_was_set_back_goes_on_filling_from_there() -> None:
    after, _ = budget.take(left(0), 0, SIXTY, now_ms=START - 3_600_000)
    after, _ = budget.take(after, 0, SIXTY, now_ms=START - 3_600_000 + 5000)
    assert after.tokens == pytest.approx(5)


@given(
    per_minute=st.integers(1, 6000),
    asked=st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 8)), min_size=1, max_size=60),
)
def test_in_no_stretch_of_time_are_there_more_than_a_bucket_and_what_came_in(
    per_minute: int, asked: list[tuple[int, int]]
) -> None:
    rate = budget.Budget(per_minute=per_minute)
    bucket: budget.Bucket | None = None
    now_ms = START
    used: list[tuple[float, int]] = []
    for later_ms, wanted in asked:  # from however many processes: each takes, then waits by itself
        now_ms += later_ms
        bucket, wait_s = budget.take(bucket, wanted, rate, now_ms=now_ms)
        used.append((now_ms + wait_s * 1000, wanted))
    for index, (since, first) in enumerate(used):
        spent = 0
        for at, wanted in used[index:]:
            spent += wanted
            # What was taken first in the stretch may have been saved up for until then.
            allowed = rate.capacity + first + (at - since) * rate.per_ms
            assert spent <= allowed + 1e-6 * per_minute + 1e-6


@given(waits=st.lists(st.integers(0, 60_000), min_size=1, max_size=30))
def test_whoever_waits_is_served_in_the_end(waits: list[int]) -> None:
    bucket: budget.Bucket | None = None
    now_ms = START
    for later_ms in waits:
        now_ms += later_ms
        bucket, wait_s = budget.take(bucket, 2, SIXTY, now_ms=now_ms)
        again, none = budget.take(bucket, 0, SIXTY, now_ms=now_ms + round(wait_s * 1000) + 1)
        assert none == 0
        assert again.tokens >= 0
