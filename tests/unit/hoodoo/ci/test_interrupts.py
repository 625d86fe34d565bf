"""What Ctrl-C and SIGTERM do to an attempt."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from bedrock import process
from hoodoo.ci import interrupts


def _interrupt(number: signal.Signals = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


def test_one_that_comes_between_blocks_waits_for_the_next(capfd: pytest.CaptureFixture[str]) -> None:
    heard, done = interrupts.Interrupts(), list[str]()
    with heard.heard():
        _interrupt()
        done.append('what must not be interrupted')
        with pytest.raises(KeyboardInterrupt), heard.may_end('ending'):
            done.append('never')
    assert done == ['what must not be interrupted']
    assert capfd.readouterr().err == 'ending\n'


def test_some_are_borne_and_the_first_is_answered(capfd: pytest.CaptureFixture[str]) -> None:
    heard, borne = interrupts.Interrupts(), list[int]()

    def interrupted() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            _interrupt(number)
            borne.append(number)

    with heard.heard(), pytest.raises(KeyboardInterrupt), heard.may_end('once more', bear=1):
        interrupted()
    assert borne == [signal.SIGTERM]
    assert capfd.readouterr().err == 'once more\n'


def test_a_second_one_hurries_the_end_and_is_there_for_the_next_block() -> None:
    heard, done = interrupts.Interrupts(), list[str]()

    def interrupted() -> None:
        try:
            _interrupt()
        finally:
            done.append('ending')
            _interrupt()
            done.append('what takes long')

    with heard.heard():
        with pytest.raises(KeyboardInterrupt), heard.may_end(''):
            interrupted()
        with pytest.raises(KeyboardInterrupt), heard.may_end(''):
            done.append('the removal')
        with heard.may_end(''):
            done.append('the rest')
    assert done == ['ending', 'the rest']


def test_what_runs_for_the_block_ends_with_it() -> None:
    heard, later = interrupts.Interrupts(), threading.Timer(0.2, _interrupt)
    later.start()
    with heard.heard(), pytest.raises(KeyboardInterrupt), heard.may_end(''):
        process.run(['sleep', '30'], timeout_s=20)
    later.join()


def test_others_take_them_again_afterwards() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with interrupts.Interrupts().heard():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
