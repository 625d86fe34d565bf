from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Generator
from types import FrameType

import pytest

from bedrock import handlers


class Came(BaseException):
    """What a handler raises."""


@pytest.fixture
def told() -> Generator[list[int]]:
    """Which signals the handlers of this test have run for; each raises."""
    numbers: list[int] = []

    def handler(number: int, frame: FrameType | None) -> None:
        del frame
        numbers.append(number)
        raise Came

    before = {number: signal.signal(number, handler) for number in (signal.SIGUSR1, signal.SIGUSR2)}
    yield numbers
    for number, previous in before.items():
        assert signal.getsignal(number) is handler
        signal.signal(number, previous)


def test_a_signal_that_comes_meanwhile_is_handled_when_it_may_be(told: list[int]) -> None:
    with handlers.held() as release:
        signal.raise_signal(signal.SIGUSR1)
        assert told == []
        with pytest.raises(Came):
            release()
    assert told == [signal.SIGUSR1]


def test_what_came_is_handled_at_the_end_at_the_latest(told: list[int]) -> None:
    with pytest.raises(Came), handlers.held():
        signal.raise_signal(signal.SIGUSR2)
    assert told == [signal.SIGUSR2]


def test_one_that_raises_keeps_no_other_from_being_handled(told: list[int]) -> None:
    with contextlib.ExitStack() as stack:
        release = stack.enter_context(handlers.held())
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR2)
        with pytest.raises(Came):
            release()
        with pytest.raises(Came):
            stack.close()
    assert told == [signal.SIGUSR1, signal.SIGUSR2]


def test_once_released_signals_are_handled_at_once(told: list[int]) -> None:
    with handlers.held() as release:
        release()
        with pytest.raises(Came):
            signal.raise_signal(signal.SIGUSR1)
    assert told == [signal.SIGUSR1]


def test_another_thread_holds_nothing(told: list[int]) -> None:
    def hold() -> None:
        with handlers.held():
            ready.set()
            assert done.wait(5)

    ready, done = threading.Event(), threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert ready.wait(5)
        with pytest.raises(Came):
            signal.raise_signal(signal.SIGUSR1)
    finally:
        done.set()
        thread.join()
    assert told == [signal.SIGUSR1]
