"""Jobs side by side."""

from __future__ import annotations

import functools
import os
import signal
import threading

import pytest

from bedrock import process
from hoodoo.ci import together


def test_all_are_done_in_their_order() -> None:
    stopped = threading.Event()
    jobs = [functools.partial(str, number) for number in range(20)]
    assert together.do(jobs, stopped) == [str(number) for number in range(20)]
    assert together.do([], stopped) == []
    assert not stopped.is_set()


def test_an_interrupt_ends_what_runs_and_lets_no_other_begin() -> None:
    stopped, begun = threading.Event(), list[int]()

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            os.kill(os.getpid(), signal.SIGINT)
        stopped.wait(20)
        # Begun too late to be told with the others.
        process.run(['sleep', '60'], check=False)

    # What a shell starts in the background ignores it; hoodoo's command line does not.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            together.do([functools.partial(work, number) for number in range(20)], stopped)
    finally:
        signal.signal(signal.SIGINT, before)
    assert stopped.is_set()
    assert len(begun) < 20
