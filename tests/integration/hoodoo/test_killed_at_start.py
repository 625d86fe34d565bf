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

from bedrock import alive

HOODOO = (sys.executable, '-m', 'hoodoo')
PATIENCE_S = 30.0
LATE_S = 1.0
"""Time for what must not happen."""


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
        _program(spec / 'first', f'read _ < "{gate}"')
        _program(
            spec / 'second', 'if [ "$AGAIN" ]; then echo again; else echo $$; exec sleep 60; fi >> "$TRACE"'
        )
        self.env = {'PATH': os.environ['PATH'], 'HOME': str(folder), 'MOJO_ROOT': str(folder / 'mojo')}
        self.env['TRACE'] = str(self.trace)
        self.starting = contextlib.ExitStack()
        with self.hoodoo('run', str(spec)) as run:
            with gate.open('w') as opened:  # waits for the first script
                (second,) = folder.glob('mojo/**/second')
                self.starting.enter_context(_leased(second))
                opened.write('\n')
            assert signal.sigtimedwait({signal.SIGIO}, PATIENCE_S) is not None
            run.kill()
        self.env['AGAIN'] = 'yes'

    def hoodoo(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*HOODOO, *words], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def finishes(self, *words: str) -> str:
        """Run hoodoo, and let the program start when it has had time enough to do without."""
        with self.hoodoo(*words) as child:
            time.sleep(LATE_S)
            self.starting.close()
            said, _ = child.communicate(timeout=PATIENCE_S)
        assert child.returncode == 0, said
        return said

    def assert_stopped(self) -> None:
        """See that the program that was being started does not run."""
        time.sleep(LATE_S)
        for word in self.trace.read_text().split() if self.trace.exists() else ():
            assert word == 'again' or not alive.started(int(word))


def _program(path: Path, text: str) -> None:
    path.write_text(f'#!/bin/sh\n{text}\n')
    path.chmod(0o755)


@pytest.fixture
def killed(tmp_path: Path) -> Generator[Killed]:
    made = Killed(tmp_path)
    with made.starting:
        yield made


def test_resume_does_not_run_it_beside_the_one_that_was_being_started(killed: Killed) -> None:
    killed.finishes('resume')
    killed.assert_stopped()
    assert killed.trace.read_text().split()[-1] == 'again'


def test_cancel_stops_the_one_that_was_being_started(killed: Killed) -> None:
    assert ' 0 programs' not in killed.finishes('cancel', '1')
    killed.assert_stopped()
