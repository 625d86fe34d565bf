"""Bounds."""

from __future__ import annotations

import signal
import time

import pytest

from bedrock import process
from hoodoo.ci import deadline


def test_what_takes_too_long_is_ended_with_its_programs() -> None:
    began = time.monotonic()
    with pytest.raises(deadline.TimeUp), deadline.within(0.2):
        process.run(['sleep', '30'])
    assert time.monotonic() - began < 10


def test_what_retries_after_errors_does_not_go_on() -> None:
    with pytest.raises(KeyboardInterrupt), deadline.within(0.01):
        _retrying()


def _retrying() -> None:
    while True:
        try:
            time.sleep(1)
        except Exception:  # noqa: BLE001 - as a phase might
            continue


def test_the_bound_ends_with_its_block() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with deadline.within(30):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) == before
    with deadline.within(0):
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0), 'no bound'
