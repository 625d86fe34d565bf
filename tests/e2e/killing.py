"""Hoodoo in processes that start quickly and can be killed; imports nothing that only tests need."""

from __future__ import annotations

import functools
import itertools
import multiprocessing
import os
import random
import signal
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

_CONTEXT = multiprocessing.get_context('forkserver')
_CONTEXT.set_forkserver_preload(
    ['tests.e2e.killing', 'hoodoo.cli.commands.run', 'hoodoo.cli.commands.resume']
)
PATIENCE_S = 120.0
AT_COMMIT = 'KILL_AFTER_COMMIT'
"""A variable for hoodoo's environment: that it dies right behind so many commits to its databases."""


def start(words: Sequence[str], env: Mapping[str, str], output: Path) -> ForkServerProcess:
    """Run ``hoodoo WORDS...`` in a process of its own; what it says is appended to *output*."""
    child = _CONTEXT.Process(target=_hoodoo, args=(list(words), dict(env), str(output)))
    child.start()
    return child


def killed(words: Sequence[str], env: Mapping[str, str], output: Path, *, after_s: float) -> int | None:
    """Run hoodoo and kill it after a time; its exit status when it was done before, else None."""
    child = start(words, env, output)
    child.join(after_s)
    child.kill()
    child.join()
    return None if child.exitcode == -9 else child.exitcode


def finished(words: Sequence[str], env: Mapping[str, str], output: Path) -> int | None:
    """Run hoodoo to its end and return its exit status."""
    child = start(words, env, output)
    child.join(PATIENCE_S)
    return child.exitcode


def seed(name: str) -> int:
    """Where the random moments of a test follow from; printed, and taken from the variable *name* if set."""
    chosen = int(os.environ.get(name) or random.randrange(10**6))
    sys.stdout.write(f'{name}={chosen}\n')
    return chosen


def _hoodoo(words: list[str], env: dict[str, str], output: str) -> None:
    os.environ.clear()
    os.environ.update(env)
    # A session of its own, as a terminal would give it.
    os.setsid()
    number = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(number, 1)
    os.dup2(number, 2)
    if commit := int(env.get(AT_COMMIT, 0)):
        _die_after(commit)
    from hoodoo import cli

    code = cli.invoke(words)
    sys.stdout.flush()
    os._exit(code)


def _die_after(commits: int) -> None:
    left = itertools.count(commits - 1, -1)

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            done = super().execute(sql, *values)
            if sql == 'COMMIT' and next(left) == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

    sqlite3.connect = functools.partial(sqlite3.connect, factory=Connection)
