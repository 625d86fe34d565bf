"""Ctrl-C and SIGTERM, as an attempt takes them: the first ends its work, the second its removal."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Generator
from types import FrameType

from bedrock import process

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Those that come while `heard` lasts. Each waits for a block that it may end."""

    def __init__(self) -> None:
        self._waiting = 0
        self._inside = self._ending = False
        self._answer, self._bear = '', 0

    @contextlib.contextmanager
    def heard(self) -> Generator[None]:
        """Take them for the block, which is in the main thread."""
        before = [(number, signal.signal(number, self._came)) for number in _NUMBERS]
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    @contextlib.contextmanager
    def may_end(self, answer: str, *, bear: int = 0) -> Generator[None]:
        """Let interrupts end the block, and the programs that run for it, with KeyboardInterrupt.

        One that comes while it is ending already makes that quicker, and is there for the next block, too.

        Args:
            answer: What the first one is answered with; empty for nothing.
            bear: So many are only answered.
        """
        self._answer, self._bear = answer, bear
        self._inside, self._ending = True, False
        try:
            while self._waiting:
                self._take()
            yield
        finally:
            self._inside = False

    def _came(self, _number: int, _frame: FrameType | None) -> None:
        self._waiting += 1
        if self._inside and self._ending:
            _end()
        elif self._inside:
            self._take()

    def _take(self) -> None:
        self._waiting -= 1
        if self._answer:
            # No stream of Python's: this may interrupt one that is writing.
            os.write(2, f'{self._answer}\n'.encode())
            self._answer = ''
        if self._bear:
            self._bear -= 1
            return
        self._ending = True
        _end()


def _end() -> None:
    process.terminate_children()
    raise KeyboardInterrupt
