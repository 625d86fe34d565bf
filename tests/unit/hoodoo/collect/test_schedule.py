"""Jobs that depend on each other: order, limits, failures, interrupts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoodoo.collect import schedule


def run(
    needs: Mapping[str, str], work: Callable[[str], str], *, jobs: str = 'abcd', workers: int = 4
) -> list[schedule.Ended[str]]:
    def one(name: str, say: Callable[[str], None]) -> str:
        say('begun')
        return work(name)

    events = schedule.run(list(jobs), needs, one, workers=workers, stop=threading.Event())
    return [event for event in events if isinstance(event, schedule.Ended)]


def test_a_job_begins_as_soon_as_its_own_need_is_met_and_not_a_whole_level() -> None:
    child_began = threading.Event()

    def work(name: str) -> str:
        if name == 'b':  # of the level of a, and ends only after a's child began
            assert child_began.wait(30)
        if name == 'c':
            child_began.set()
        return name

    assert [event.name for event in run({'c': 'a'}, work, jobs='abc')] == ['a', 'c', 'b']


def test_no_more_jobs_run_at_once_than_allowed() -> None:
    lock, running, most = threading.Lock(), [0], [0]

    def work(name: str) -> str:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        threading.Event().wait(0.01)
        with lock:
            running[0] -= 1
        return name

    run({}, work, jobs='abcdefgh', workers=2)
    assert most[0] == 2


@given(
    st.lists(st.integers(0, 9), min_size=10, max_size=10),
    st.sets(st.integers(0, 9)),
    st.integers(1, 4),
)
def test_everything_ends_once_and_only_what_stands_on_a_failure_is_spared(
    above: list[int], failing: set[int], workers: int
) -> None:
    jobs = '0123456789'
    needs = {str(n): str(above[n]) for n in range(10) if above[n] < n}
    order: list[str] = []

    def work(name: str) -> str:
        order.append(name)
        if int(name) in failing:
            raise ValueError(name)
        return name

    ended = {event.name: event for event in run(needs, work, jobs=jobs, workers=workers)}
    assert sorted(ended) == list(jobs)

    def doomed(name: str) -> bool:
        return int(name) in failing or (name in needs and doomed(needs[name]))

    for name, event in ended.items():
        assert (event.result is None) == doomed(name)
        assert bool(event.spared) == (name in needs and doomed(needs[name]))
        assert (name in order) == (not event.spared)
        if name in needs and name in order:
            assert order.index(needs[name]) < order.index(name)


def test_closing_stops_what_runs_and_begins_nothing_more() -> None:
    stop, begun = threading.Event(), list[str]()

    def work(name: str, say: Callable[[str], None]) -> str:
        begun.append(name)
        say('begun')
        assert stop.wait(30)
        return name

    events = schedule.run(['a', 'b'], {}, work, workers=1, stop=stop)
    assert next(events) == schedule.Said(name='a', text='begun')
    events.close()
    assert begun == ['a']
    with pytest.raises(StopIteration):
        next(events)
