from __future__ import annotations

import asyncio
import concurrent.futures
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from bedrock import process


def test_output_comes_by_line_and_as_a_whole() -> None:
    seen: list[tuple[str, str]] = []
    done = process.run(
        ['sh', '-c', 'echo one; echo two >&2'], on_line=lambda stream, line: seen.append((stream, line))
    )
    assert sorted(seen) == [('stderr', 'two'), ('stdout', 'one')]
    assert (done.stdout, done.stderr) == ('one\n', 'two\n')


def test_a_failure_shows_the_status_and_the_last_lines() -> None:
    with pytest.raises(process.ProgramFault) as caught:
        process.run(['sh', '-c', 'seq 100 >&2; exit 3'])
    assert 'exit status 3' in str(caught.value)
    assert '    100' in str(caught.value)
    assert '    80\n' not in str(caught.value)
    assert caught.value.done is not None
    assert caught.value.done.returncode == 3


def test_a_missing_program_says_what_to_install() -> None:
    with pytest.raises(process.ProgramFault) as caught:
        process.run(['no-such-program-here'])
    assert caught.value.hint == 'Install the program "no-such-program-here" or put it on PATH.'


def test_a_late_program_is_stopped_with_its_children() -> None:
    with pytest.raises(process.ProgramFault, match=r'within 0\.2 s') as caught:
        process.run(['sh', '-c', 'sleep 60 & echo $!; wait'], timeout_s=0.2)
    assert caught.value.done is not None
    _assert_gone(int(caught.value.done.stdout))


def test_a_daemon_left_behind_does_not_hold_up_its_starter() -> None:
    began = time.monotonic()
    done = process.run(['sh', '-c', 'sleep 20 >/dev/null 2>&1 & echo $!'])
    os.kill(int(done.stdout), 9)
    assert time.monotonic() - began < 10


def test_a_daemon_that_keeps_our_pipes_does_not_hold_up_its_starter() -> None:
    began = time.monotonic()
    done = process.run(['sh', '-c', 'setsid sleep 20 & echo $!'])
    os.kill(int(done.stdout), 9)
    assert time.monotonic() - began < 10


def test_an_interrupt_ends_what_another_thread_waits_for() -> None:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        begun = threading.Event()
        script = 'echo $$; sleep 60 & echo $!; wait'
        running = pool.submit(
            process.run, ['sh', '-c', script], check=False, on_line=lambda _, __: begun.set()
        )
        assert begun.wait(5)
        process.terminate_children()
        done = running.result(5)
    assert done.returncode == -signal.SIGTERM
    for line in done.stdout.split():
        _assert_gone(int(line))


def test_an_interrupt_just_after_the_start_stops_and_reaps_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[int] = []
    popen = subprocess.Popen

    def interrupted(*args: Any, **options: Any) -> Any:
        child = popen(*args, **options)
        started.append(child.pid)
        signal.raise_signal(signal.SIGINT)
        return child

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        monkeypatch.setattr(subprocess, 'Popen', interrupted)
        with pytest.raises(KeyboardInterrupt):
            process.run(['sleep', '60'], stdin='never read')
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    with pytest.raises(ChildProcessError):
        os.waitpid(started[0], os.WNOHANG)


def test_a_program_is_started_with_the_signals_that_any_other_gets() -> None:
    script = 'grep -E "Sig(Blk|Ign)" /proc/self/status'
    direct = subprocess.run(['sh', '-c', script], capture_output=True, text=True, check=True)
    assert process.run(['sh', '-c', script]).stdout == direct.stdout


async def test_cancelling_stops_the_group() -> None:
    read, write = os.pipe()
    child = await process.start(['sh', '-c', 'sleep 60 & echo $!; wait'], stdout=write)
    os.close(write)
    pid = int(await asyncio.to_thread(os.read, read, 100))
    os.close(read)
    await process.stop(child)
    _assert_gone(pid)


async def test_input_reaches_the_program() -> None:
    done = await process.arun(['cat'], stdin='hello')
    assert done.stdout == 'hello'


def _assert_gone(pid: int) -> None:
    """Gone means no such process or a zombie: nothing reaps orphans where pid 1 does not."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            with open(f'/proc/{pid}/stat') as stat:
                if stat.read().rpartition(')')[2].split()[0] == 'Z':
                    return
        except FileNotFoundError:
            return
    pytest.fail(f'process {pid} still runs')


def test_an_attached_program_decides_what_requests_to_end_mean() -> None:
    started: list[int] = []

    def start(pid: int) -> None:
        started.append(pid)
        # It may have set its trap or not; either way the signal is its own.
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)

    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    status = process.attached(['sh', '-c', 'sleep 60'], on_start=start)
    assert status == 128 + signal.SIGTERM
    assert not os.path.exists(f'/proc/{started[0]}')
    assert before == [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    assert process.attached(['sh', '-c', 'exit 7']) == 7


def test_an_attached_program_that_stops_goes_on_where_nobody_could_let_it() -> None:
    """A shell that is told to suspend; a session of its own has nobody who controls jobs."""
    attach = "from bedrock import process; print(process.attached(['sh', '-c', 'kill -STOP $$; exit 7']))"
    done = process.run([sys.executable, '-c', attach], timeout_s=30)
    assert done.stdout == '7\n'


@pytest.mark.parametrize(
    'start',
    [
        "process.run(['sh', '-c', 'ls /proc/$$/fd'])",
        "asyncio.run(process.arun(['sh', '-c', 'ls /proc/$$/fd']))",
    ],
)
def test_marked_programs_get_no_descriptor_that_we_inherited(start: str) -> None:
    code = (
        'import asyncio\nfrom bedrock import process\n'
        f'with process.marked("MARK", "1"):\n    print({start}.stdout)'
    )
    with open(os.devnull) as file:
        done = subprocess.run(
            [sys.executable, '-c', code],
            pass_fds=(file.fileno(),),
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.split() == ['0', '1', '2']


def test_what_a_listener_raises_is_raised_when_the_program_has_ended(tmp_path: Path) -> None:
    def full(stream: str, line: str) -> None:
        raise OSError(errno.ENOSPC, f'no space for {line}')

    with pytest.raises(OSError, match='no space for 1'):
        process.run(['sh', '-c', f'seq 100000; touch {tmp_path}/ended'], on_line=full)
    assert (tmp_path / 'ended').exists()
