"""Signals whose handlers may raise, kept from doing so where nobody could clean up."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Generator
from types import FrameType


@contextlib.contextmanager
def held() -> Generator[Callable[[], None]]:
    """Let no handler run within the block until what it gets is called; then those run whose signals came.

    Signals are still caught, so a program that is started meanwhile starts as ever; it would inherit a mask.
    """
    kept: dict[int, Callable[[int, FrameType | None], object]] = {}
    came: list[tuple[Callable[[int, FrameType | None], object], int, FrameType | None]] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append((kept[number], number, frame))

    def release() -> None:
        # A handler may raise amid this; the rest is done at the end of the block.
        for number in list(kept):
            signal.signal(number, kept[number])
            del kept[number]
        while came:
            handler, number, frame = came.pop(0)
            handler(number, frame)

    try:
        # Handlers run in the main thread only, whatever another one does.
        if threading.current_thread() is threading.main_thread():
            for number in signal.valid_signals():
                handler = signal.getsignal(number)
                if callable(handler):
                    kept[number] = handler
                    signal.signal(number, note)
        yield release
    finally:
        release()
