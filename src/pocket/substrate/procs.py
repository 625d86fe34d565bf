"""Processes that this daemon or an earlier one started: told apart from a stranger with the same number."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path('/proc')
_REAP_S = 1.0
"""Longest wait for a group's leader to see the end of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessId:
    """A process for ever: numbers are used again, a number with its start time is not."""

    pid: int
    start: int
    """Clock ticks since the host booted."""


def parse_stat(line: str) -> tuple[ProcessId, str]:
    """Return who a line of /proc/PID/stat is about, and its state letter.

    Raises:
        ValueError: it is no such line.
    """
    # The command's name is in parentheses and may itself hold blanks and parentheses.
    head, closing, tail = line.rpartition(')')
    fields = tail.split()
    if not closing or len(fields) < 20:
        raise ValueError('not a line of /proc/PID/stat')
    return ProcessId(pid=int(head.split(' ', 1)[0]), start=int(fields[19])), fields[0]


def identify(pid: int) -> ProcessId | None:
    """Who has the number *pid* now; None when nobody living has it."""
    try:
        found, state = parse_stat((_PROC / str(pid) / 'stat').read_text())
    except (OSError, ValueError):
        return None
    return None if state in 'ZX' else found


def alive(who: ProcessId | None) -> bool:
    """Whether *who* runs; an unreaped zombie does not."""
    return who is not None and identify(who.pid) == who


async def wait_gone(pids: Iterable[int], *, timeout_s: float | None) -> bool:
    """Wait until none of *pids* runs; False when the time is over first."""
    waits = [_wait_one(pid) for pid in pids]
    try:
        async with asyncio.timeout(timeout_s):
            await asyncio.gather(*waits)
    except TimeoutError:
        return False
    return True


async def _wait_one(pid: int) -> None:
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    gone = loop.create_future()
    # A pidfd becomes readable when its process ends, even while nobody reaps it.
    loop.add_reader(fd, lambda: gone.done() or gone.set_result(None))
    try:
        await gone
    finally:
        loop.remove_reader(fd)
        os.close(fd)


def reap(who: ProcessId | None) -> None:
    """Let the kernel forget *who* if it is an ended child of ours."""
    if who is not None:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(who.pid, os.WNOHANG)


async def end_group(leader: ProcessId, *, timeout_s: float = 10.0) -> bool:
    """Kill the process group that *leader* led and wait for that; False when something would not go.

    Nothing happens when the leader's number has gone to somebody else.
    """
    # While a group has members, its number is not given out again, even when the leader is gone.
    if identify(leader.pid) not in (None, leader):
        return True
    members = _group(leader.pid)
    # nsenter first has to see the end of what it started: in the machine that would else stay as a zombie
    # wherever the host's first process reaps nothing, and have the machine's shutdown wait for it.
    followers = [pid for pid in members if pid != leader.pid]
    for pid in followers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if followers:
        await wait_gone([leader.pid], timeout_s=min(_REAP_S, timeout_s))
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader.pid, signal.SIGKILL)
    return await wait_gone({*members, *_group(leader.pid)}, timeout_s=timeout_s)


def _group(number: int) -> list[int]:
    """The processes of a group."""
    found: list[int] = []
    for entry in _PROC.iterdir():
        with contextlib.suppress(ProcessLookupError):
            if entry.name.isdecimal() and os.getpgid(int(entry.name)) == number:
                found.append(int(entry.name))
    return found
