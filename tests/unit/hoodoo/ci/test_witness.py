"""Whether a controller was there all the time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field

import pytest

from bedrock import errors
from hoodoo.ci import witness


@dataclass
class _Line:
    """A connection until somebody ends it."""

    ended: threading.Event = field(default_factory=threading.Event)
    answers: bool = True

    def close(self) -> None:
        self.ended.set()

    def wait_ended(self) -> None:
        self.ended.wait()


class _Controller:
    """Gives what a test puts there: a connection, or why there is none."""

    def __init__(self) -> None:
        self.next: queue.Queue[_Line | str] = queue.Queue()

    def dial(self) -> _Line:
        found = self.next.get()
        if isinstance(found, str):
            raise errors.UnreachableFault(found)
        return found

    def ask(self, line: _Line, timeout_s: float) -> None:
        assert timeout_s > 0
        if line.ended.is_set() or not line.answers:
            raise errors.UnreachableFault('no answer')


@pytest.fixture
def controller() -> _Controller:
    return _Controller()


@pytest.fixture
def seen_by(controller: _Controller) -> Generator[witness.Witness[_Line]]:
    made = witness.Witness(controller.dial, controller.ask, redial_s=0.001)
    yield made
    controller.next.put('the end')
    made.close()


def test_one_that_is_there_is_not_away(controller: _Controller, seen_by: witness.Witness[_Line]) -> None:
    controller.next.put(_Line())
    assert seen_by.away(since=0.0) == ''


def test_one_that_dies_is_away_and_was_when_it_is_back(
    controller: _Controller, seen_by: witness.Witness[_Line]
) -> None:
    began, first = time.monotonic(), _Line()
    controller.next.put(first)
    assert seen_by.away(began) == ''
    first.ended.set()
    controller.next.put('nobody listens')
    assert seen_by.away(began) == 'nobody listens'
    controller.next.put('nobody listens there either')
    controller.next.put(_Line())
    while seen_by.away(time.monotonic()):
        pass  # until it is back
    assert seen_by.away(began) == 'nobody listens'


def test_what_was_begun_later_has_no_excuse(controller: _Controller, seen_by: witness.Witness[_Line]) -> None:
    began = time.monotonic()
    controller.next.put('nobody listens')
    controller.next.put(_Line())
    while seen_by.away(time.monotonic()):
        pass  # until it is back
    assert seen_by.away(began) == 'nobody listens'
    assert seen_by.away(time.monotonic()) == ''


def test_a_connection_that_can_be_had_again_at_once_is_no_absence(
    controller: _Controller, seen_by: witness.Witness[_Line]
) -> None:
    first = _Line()
    controller.next.put(first)
    assert seen_by.away(0.0) == ''
    first.ended.set()
    controller.next.put(_Line())
    assert seen_by.away(0.0) == ''


def test_one_that_does_not_answer_any_more_is_away(
    controller: _Controller, seen_by: witness.Witness[_Line]
) -> None:
    """Its network is cut, and nobody has heard that the connection is broken."""
    controller.next.put(_Line(answers=False))
    controller.next.put('no route')
    assert seen_by.away(0.0) == 'no route'


@pytest.mark.parametrize(
    ('error', 'wanted'),
    [
        (None, ''),
        (errors.Fault('exit status 1'), ''),
        (errors.UnreachableFault('cannot hear it'), 'cannot hear it'),
    ],
)
def test_an_error_may_say_so_itself(
    controller: _Controller, seen_by: witness.Witness[_Line], error: errors.Fault | None, wanted: str
) -> None:
    controller.next.put(_Line())
    contact = witness.Contact()
    assert contact.lost(error) == '', 'it was not met yet'
    contact.watch(seen_by)
    assert contact.lost(error) == wanted
