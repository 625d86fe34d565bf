"""Which process somebody was, told apart from a later one of the same number; and whether it still runs."""

from __future__ import annotations

import os

__all__ = ['lives', 'me', 'number', 'started', 'token']


def me() -> str:
    """The token of this process."""
    return token(os.getpid())


def token(pid: int) -> str:
    """``pid start``, where *start* is when it began; empty when it is gone."""
    began = started(pid)
    return f'{pid} {began}' if began else ''


def number(of: str) -> int:
    """The process id in a token; 0 when it holds none."""
    first = of.partition(' ')[0]
    return int(first) if first.isdecimal() else 0


def lives(of: str) -> bool:
    """Whether the process of a token runs; a zombie does not."""
    return bool(of) and token(number(of)) == of


def started(pid: int) -> str:
    """When process *pid* began, as /proc has it; empty for one that is gone or a zombie."""
    try:
        with open(f'/proc/{pid}/stat') as file:
            stat = file.read()
    except OSError:
        return ''
    # Fields after the name, which may itself hold blanks and parentheses; state is the first, start the 20th.
    fields = stat.rpartition(')')[2].split()
    return '' if fields[0] == 'Z' else fields[19]
