"""Hoodoo is killed while a program of its spec is being started: whoever comes next finds that one, too.

The kernel lets no one open a file before whoever has a lease on it gives that back, so a test with a lease
on a program can hold its start for as long as it likes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

HOODOO = (sys.executable, '-m', 'hoodoo')
PATIENCE_S = 30.0
LATE_S = 1.0
"""Longer than the next hoodoo takes to begin the program itself."""


@contextlib.contextmanager
def _leased(path: Path) -> Generator[None]:
    """Have whoever opens *path*, for exec too, wait until the end; the signal SIGIO tells of the first."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGIO})
    number = os.open(path, os.O_RDWR)
    try:
        fcntl.fcntl(number, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        yield
    finally:
        os.close(number)
        signal.sigtimedwait({signal.SIGIO}, 0)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGIO})


class Killed:
    """A run of two scripts that was killed when it had begun to start the second."""

    def __init__(self, folder: Path) -> None:
        self.trace = folder / 'trace'
        spec, gate = folder / 'spec', folder / 'gate'
        os.mkfifo(gate)
        spec.mkdir()
        (spec / 'manifest').write_text('script config=first\nscript config=second\n')
        (spec / 'first').write_text(f'#!/bin/sh\nread _ < "{gate}"\n')
        (spec / 'second').write_text(
            f'#!/bin/sh\necho begin >> "{self.trace}"\nsleep 1\necho end >> "{self.trace}"\n'
        )
        for name in ('first', 'second'):
            (spec / name).chmod(0o755)
        self.env = {'PATH': os.environ['PATH'], 'HOME': str(folder), 'MOJO_ROOT': str(folder / 'mojo')}
        with self.hoodoo('run', str(spec)) as run:
            with gate.open('w') as opened:  # waits for the first script
                (self.second,) = folder.glob('mojo/**/second')
                self.starting = contextlib.ExitStack()
                self.starting.enter_context(_leased(self.second))
                opened.write('\n')
            assert signal.sigtimedwait({signal.SIGIO}, PATIENCE_S) is not None
            run.kill()

    def hoodoo(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*HOODOO, *words], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def ends(self) -> int:
        return self.trace.read_text().count('end') if self.trace.exists() else 0


@pytest.fixture
def killed(tmp_path: Path) -> Generator[Killed]:
    made = Killed(tmp_path)
    with made.starting:
        yield made


def test_resume_does_not_run_it_beside_the_one_that_was_being_started(killed: Killed) -> None:
    with killed.hoodoo('resume') as resumed:
        time.sleep(LATE_S)
        killed.starting.close()
        said, _ = resumed.communicate(timeout=PATIENCE_S)
    assert resumed.returncode == 0, said
    time.sleep(LATE_S)
    assert killed.ends() == 1, said


def test_cancel_stops_the_one_that_was_being_started(killed: Killed) -> None:
    with killed.hoodoo('cancel', '1') as cancelled:
        time.sleep(LATE_S)
        killed.starting.close()
        said, _ = cancelled.communicate(timeout=PATIENCE_S)
    assert cancelled.returncode == 0, said
    assert ' 0 programs' not in said
    time.sleep(LATE_S + 1)
    assert killed.ends() == 0
