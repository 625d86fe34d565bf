"""Programs that a killed run left behind: found by the mark that each of them carries, and stopped.

A program goes on when the hoodoo that started it is killed, and would then work beside its own repetition.
The mark is an environment variable, which programs hand on to theirs. One that drops it is found when it is
in the session of one that has it. Only those of the phase that was under way are stopped: a daemon that a
completed phase left behind is meant to stay.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from bedrock import process

_NAME = 'HOODOO_PHASE'
_STOP_S = 3.0
# Of /proc/PID/stat, counted from the state: proc_pid_stat(5). The flag is PF_KTHREAD of the kernel's sched.h.
_FLAGS = 6
_ENVIRONMENT = slice(47, 49)
_KERNEL_THREAD = 0x00200000


def mark(root: Path, run: int, phase: int) -> contextlib.AbstractContextManager[None]:
    """Have every program that is started meanwhile carry the mark of that phase."""
    return process.marked(_NAME, _value(root, run, phase))


def stop(root: Path, phases: Iterable[tuple[int, int]]) -> int:
    """Stop what runs for these phases, each a run and an index; returns how many processes that was."""
    return stop_marked(f'{_NAME}={_value(root, run, phase)}' for run, phase in phases)


def stop_marked(variables: Iterable[str]) -> int:
    """Stop what has one of *variables*, each as ``NAME=VALUE``, in its environment; returns how many."""
    marks = {variable.encode() for variable in variables}
    if not marks:
        return 0
    stopped: set[int] = set()
    # Kept from look to look: the leader of a session, which had the mark, may be the first to go.
    sessions: set[int] = set()
    for sign in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + _STOP_S
        while found := _find(marks, sessions):
            if time.monotonic() > deadline:
                break
            for pid in found if sign == signal.SIGKILL else found - stopped:
                with contextlib.suppress(OSError):
                    os.kill(pid, sign)
            stopped |= found
            time.sleep(0.02)
    return len(stopped)


def _value(root: Path, run: int, phase: int) -> str:
    return f'{root}:{run}:{phase}'


def _find(marks: set[bytes], led: set[int]) -> set[int]:
    """The processes that carry one of the marks, and those in sessions that these lead, which *led* gets."""
    sessions: dict[int, int] = {}
    carry: set[int] = set()
    for folder in Path('/proc').glob('[0-9]*'):
        pid = int(folder.name)
        with contextlib.suppress(OSError):
            state, _, _, session, *_ = (folder / 'stat').read_text().rpartition(')')[2].split()
            if state == 'Z' or pid == os.getpid():
                continue
            sessions[pid] = int(session)
            if marks & set(_variables(folder).split(b'\0')):
                carry.add(pid)
    led |= {sessions[pid] for pid in carry if sessions[pid] == pid}
    return carry | {pid for pid, session in sessions.items() if session in led}


def _variables(folder: Path) -> bytes:
    """The environment of the process at *folder*; one that is becoming a program has it in a moment."""
    deadline = time.monotonic() + _STOP_S
    while not (found := (folder / 'environ').read_bytes()) and _should_have_some(folder):
        if time.monotonic() > deadline:
            break
        time.sleep(0.001)
    return found


def _should_have_some(folder: Path) -> bool:
    """Whether the process has variables, or is within exec, where it has lost some and not yet got others."""
    fields = (folder / 'stat').read_text().rpartition(')')[2].split()
    begin, end = fields[_ENVIRONMENT]
    never = fields[0] in 'ZX' or int(fields[_FLAGS]) & _KERNEL_THREAD
    return not never and (begin != end or end == '0')
