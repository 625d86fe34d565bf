"""A bound on what is done meanwhile, whatever it waits for; and interrupts that can wait."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Generator
from types import FrameType

from bedrock import process


class TimeUp(KeyboardInterrupt):
    """The time is over. What retries after errors is to let it through, as it does an interrupt."""


@contextlib.contextmanager
def within(seconds: float) -> Generator[None]:
    """Raise `TimeUp` in the block, which is in the main thread, when it takes longer; 0 is no bound.

    Programs that run for it are told to end, too.
    """

    def late(_number: int, _frame: FrameType | None) -> None:
        process.terminate_children()
        raise TimeUp

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def patiently(answer: str, *, bear: int) -> Generator[None]:
    """In the block, which is in the main thread, answer the first *bear* interrupts with a line alone.

    The next one ends the block with KeyboardInterrupt, and the programs that run for it.
    """
    borne = 0

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        nonlocal borne
        borne += 1
        if borne <= bear:
            # No stream of Python's: this may interrupt one that is writing.
            os.write(2, f'{answer}\n'.encode())
            return
        process.terminate_children()
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [(number, signal.signal(number, interrupted)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
