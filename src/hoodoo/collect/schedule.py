"""Carry out jobs that depend on each other, as many at a time as allowed, each as soon as it can be."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar('T')
_LEAVE_S = 2.0
"""How long an interrupted run waits for its threads; they end with the process then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A job says what it does at the moment."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Generic[T]):
    """A job ended: with a result, with an error, or before it began because one that it needs failed."""

    name: str
    result: T | None = None
    error: Exception | None = None
    spared: str = ''
    """The job whose failure kept this one from beginning."""


@dataclass(slots=True)
class _Board:
    """What is waiting, and for whom."""

    waiting: dict[str, str]
    """Job -> the job that it needs."""
    ready: list[str]
    running: set[str] = field(default_factory=set[str])

    def follow(self, name: str) -> list[str]:
        """The jobs that wait for *name*, taken off the list of those that wait."""
        found = [one for one, needed in self.waiting.items() if needed == name]
        for one in found:
            del self.waiting[one]
        return found


def run(
    jobs: Sequence[str],
    needs: Mapping[str, str],
    work: Callable[[str, Callable[[str], None]], T],
    *,
    workers: int,
    stop: threading.Event,
) -> Generator[Said | Ended[T]]:
    """Do every job and tell what happens, in the caller's thread.

    Closing the iterator, as an interrupt does, sets *stop* and leaves what has not begun.

    Args:
        needs: For some jobs, another that has to end well first.
        work: Called in a thread with a job's name and a listener for `Said`.
    """
    happened: queue.SimpleQueue[Said | Ended[T]] = queue.SimpleQueue()
    board = _Board(
        waiting={name: needs[name] for name in jobs if name in needs},
        ready=[name for name in jobs if name not in needs],
    )
    threads: dict[str, threading.Thread] = {}

    def one(name: str) -> None:
        try:
            result = work(name, lambda text: happened.put(Said(name=name, text=text)))
        except Exception as err:  # noqa: BLE001 (told to the caller, who raises it)
            happened.put(Ended(name=name, error=err))
        else:
            happened.put(Ended(name=name, result=result))

    try:
        while board.ready or board.running:
            while board.ready and len(board.running) < workers:
                name = board.ready.pop(0)
                board.running.add(name)
                # Daemons: a server that does not answer must not keep an interrupted process.
                threads[name] = threading.Thread(
                    target=one, args=(name,), name=f'collect {name}', daemon=True
                )
                threads[name].start()
            event = happened.get()
            yield event
            if isinstance(event, Ended):
                board.running.discard(event.name)
                threads.pop(event.name).join()
                if event.error is None:
                    board.ready += board.follow(event.name)
                else:
                    for name, needed in _spared(board, event.name):
                        yield Ended(name=name, spared=needed)
    finally:
        stop.set()
        deadline = time.monotonic() + _LEAVE_S
        for thread in threads.values():
            thread.join(max(0.0, deadline - time.monotonic()))


def _spared(board: _Board, failed: str) -> Iterator[tuple[str, str]]:
    """Every job that cannot begin any more, and the one whose failure keeps it from that."""
    for name in board.follow(failed):
        yield name, failed
        yield from _spared(board, name)
