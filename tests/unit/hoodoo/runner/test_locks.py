"""One run at a time in an environment."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from io import FileIO
from pathlib import Path

import pytest

from hoodoo.runner import locks


def test_the_second_is_told_of_the_first(tmp_path: Path) -> None:
    path = locks.workspace_lock(tmp_path)
    with locks.held(path, 'workspace w') as lock:
        lock.sign(12)
        told = f'run 12 is in it, since .*, process {os.getpid()}'
        with pytest.raises(locks.BusyFault, match=told) as busy, locks.held(path, 'workspace w'):
            pytest.fail('two have it')
        assert 'hoodoo cancel 12' in busy.value.hint
    with locks.held(path, 'workspace w'):
        pass


def test_one_that_has_not_signed_yet_is_respected(tmp_path: Path) -> None:
    path = locks.model_lock(tmp_path, 'uuid')
    with (
        locks.held(path, 'model m'),
        pytest.raises(locks.BusyFault, match='another run is in it'),
        locks.held(path, 'model m'),
    ):
        pytest.fail('two have it')
    assert path.stat().st_mode & 0o077 == 0


def test_a_lock_ends_with_its_process_though_its_children_live(tmp_path: Path) -> None:
    path = locks.workspace_lock(tmp_path)
    code = (
        'import os, pathlib, subprocess, sys; from hoodoo.runner import locks\n'
        'with locks.held(pathlib.Path(sys.argv[1]), "w") as lock:\n'
        '    lock.sign(1); child = subprocess.Popen(["sleep", "60"]); print(child.pid, flush=True)\n'
        '    os.kill(os.getpid(), 9)'
    )
    with subprocess.Popen(
        [sys.executable, '-c', code, str(path)], stdout=subprocess.PIPE, text=True
    ) as dying:
        assert dying.stdout is not None
        child = int(dying.stdout.readline())
        assert dying.wait(30) == -signal.SIGKILL
        try:
            with locks.held(path, 'w'):
                os.kill(child, 0)
        finally:
            os.kill(child, signal.SIGKILL)


def test_one_that_is_removed_while_it_is_taken_is_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, flock, times = tmp_path / 'lock', fcntl.flock, 0

    def removed_meanwhile(file: FileIO, how: int) -> None:
        nonlocal times
        times += how != fcntl.LOCK_UN
        if times == 1:
            path.unlink()
        flock(file, how)

    monkeypatch.setattr(fcntl, 'flock', removed_meanwhile)
    with (
        locks.held(path, 'it'),
        pytest.raises(locks.BusyFault),
        locks.held(path, 'it'),
    ):
        pytest.fail('two have it')
    assert times == 3


def test_a_child_that_is_no_program_yet_is_waited_for(tmp_path: Path) -> None:
    path = locks.workspace_lock(tmp_path)
    code = (
        'import os, pathlib, sys; from hoodoo.runner import locks\n'
        'with locks.held(pathlib.Path(sys.argv[1]), "w") as lock:\n'
        '    lock.sign(1)\n'
        '    if os.fork(): os.kill(os.getpid(), 9)\n'
        '    os.read(0, 1); os._exit(0)'
    )
    with subprocess.Popen([sys.executable, '-c', code, str(path)], stdin=subprocess.PIPE) as dying:
        assert dying.wait(30) == -signal.SIGKILL
        assert dying.stdin is not None
        threading.Timer(0.2, dying.stdin.close).start()
        with locks.held(path, 'w'):
            assert dying.stdin.closed


def test_it_is_held_though_nothing_can_be_written(tmp_path: Path) -> None:
    path = locks.workspace_lock(tmp_path)
    code = (
        'import pathlib, resource, sys; from hoodoo.runner import locks\n'
        'resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n'
        'with locks.held(pathlib.Path(sys.argv[1]), "w") as lock:\n'
        '    lock.sign(1); print("held", flush=True); sys.stdin.read()'
    )
    words = [sys.executable, '-c', code, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == 'held\n'
        with pytest.raises(locks.BusyFault, match='another run is in it'), locks.held(path, 'w'):
            pytest.fail('two have it')
    assert other.returncode == 0
