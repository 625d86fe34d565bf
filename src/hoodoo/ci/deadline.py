"""A bound on what is done meanwhile, whatever it waits for."""

from __future__ import annotations

import contextlib
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
