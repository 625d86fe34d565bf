"""The one place that starts programs: argv lists, a built environment, a deadline, the group stopped."""

from __future__ import annotations

import contextlib
import errno
import functools
import logging
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING

from bedrock import errors, handlers

if TYPE_CHECKING:
    import asyncio

log = logging.getLogger(__name__)

OnLine = Callable[[str, str], None]
"""Called with the stream's name (``stdout`` or ``stderr``) and one line without its end."""

_KEPT_LINES = 20
_STDERR = 2
_STOP_S = 5.0
_LEFT_OUTPUT_S = 2.0
_DEFAULTED = (signal.SIGPIPE, signal.SIGXFSZ)
"""Signals that Python ignores and other programs expect not to be."""


_marks: dict[str, str] = {}


@contextlib.contextmanager
def marked(name: str, value: str) -> Generator[None]:
    """Give every program that is started meanwhile, by whoever, the environment variable *name*.

    Programs hand it on to theirs. Whoever comes after us can so tell what we left behind when we were killed.
    """
    before = os.environ.get(name)
    _marks[name] = os.environ[name] = value
    try:
        yield
    finally:
        del _marks[name]
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


def _closes_first() -> bool:
    """Whether a program that is to be is rid of our descriptors before it is a program.

    Not one with a mark: as long as nobody can see that yet, our locks tell that it is there.
    """
    if _marks:
        _keep_inherited()
    return not _marks


@functools.cache
def _keep_inherited() -> None:
    """Hand nothing on that we inherited; what we opened ourselves is closed on exec."""
    for name in os.listdir('/proc/self/fd'):
        if int(name) > _STDERR:
            with contextlib.suppress(OSError):
                os.set_inheritable(int(name), False)


def _environment(env: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if env is None else {**env, **_marks}


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """How a program ended and what it printed."""

    argv: tuple[str, ...]
    returncode: int
    """The exit status; negative for the signal that ended it."""
    stdout: str
    stderr: str


class ProgramFault(errors.Fault):
    """A program failed, was not found, or took too long."""

    def __init__(self, message: str, *, done: Completed | None = None, hint: str = '') -> None:
        super().__init__(message, hint=hint)
        self.done = done


class LateFault(ProgramFault):
    """A program took too long, and was ended with all that it started."""

    def __init__(self, message: str, *, done: Completed) -> None:
        super().__init__(message, done=done)
        self.until = done
        """What it had printed until then."""


def run(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | bytes | None = None,
    timeout_s: float | None = None,
    check: bool = True,
    on_line: OnLine | None = None,
) -> Completed:
    """Run a program to its end and return what it printed.

    Args:
        env: The whole environment; None means a copy of ours.
        stdin: What it reads; None closes its standard input.
        timeout_s: Longest run in seconds; its process group is stopped after that.
        check: Raise when it exits non-zero.
        on_line: Called for each line as it comes, from a thread of this call. What it raises is raised when
            the program has ended, which it may do in peace.

    Raises:
        ProgramFault: it is not there, exited non-zero (with *check*), or took too long.
    """
    words = tuple(str(word) for word in argv)
    log.debug('run %s', shlex.join(words))
    out: list[str] = []
    err_lines: list[str] = []
    crashes: list[Exception] = []
    # An interrupt that came between the program's start and the try would leave it to itself.
    with handlers.held() as release:
        child = _begun(words, env=env, cwd=cwd, has_stdin=stdin is not None)
        try:
            readers = [
                threading.Thread(target=_pump, args=(pipe, name, kept, on_line, crashes), daemon=True)
                for pipe, name, kept in ((child.stdout, 'stdout', out), (child.stderr, 'stderr', err_lines))
            ]
            for reader in readers:
                reader.start()
            release()
            if child.stdin is not None and stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    child.stdin.write(stdin.encode() if isinstance(stdin, str) else stdin)
                _close(child)
            child.wait(timeout_s)
            # A daemon that the program left behind may hold the pipes open; do not wait for its output.
            deadline = time.monotonic() + _LEFT_OUTPUT_S
            for reader in readers:
                reader.join(max(0.0, deadline - time.monotonic()))
            if crashes:
                raise crashes[0]
        except subprocess.TimeoutExpired as late:
            _stop_group(child)
            done = _completed(words, child.returncode, out, err_lines)
            raise LateFault(
                f'cannot finish "{shlex.join(words)}" within {timeout_s:g} s{_tail(done)}', done=done
            ) from late
        except BaseException:
            _stop_group(child)
            _close(child)
            raise
    return _checked(_completed(words, child.returncode, out, err_lines), check)


def _begun(
    words: tuple[str, ...], *, env: Mapping[str, str] | None, cwd: Path | None, has_stdin: bool
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            words,
            stdin=subprocess.PIPE if has_stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(env),
            cwd=cwd,
            start_new_session=True,
            close_fds=_closes_first(),
        )
    except OSError as err:
        raise _not_started(words, err) from err


def _close(child: subprocess.Popen[bytes]) -> None:
    """Give a program no more to read; waits for one that lives and does not read what it was given."""
    if child.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()


def attached(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    on_start: Callable[[int], None] | None = None,
) -> int:
    """Run a program on our own terminal and streams, and return its exit status as a shell gives it.

    Interrupts are the program's: it shares our terminal and decides what they mean. So are requests to end.
    Where it stops, as a shell does that is told to suspend, so do we, and go on together.

    Args:
        on_start: Told its process id.

    Raises:
        ProgramFault: it cannot be started.
    """
    words = tuple(str(word) for word in argv)
    log.debug('attach %s', shlex.join(words))
    early: list[int] = []
    children: list[int] = []

    def hand_on(number: int, frame: FrameType | None) -> None:
        del frame
        if children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(children[0], number)
        else:
            early.append(number)

    # A caught signal is back at its default after exec, an ignored one would stay ignored.
    before = {signal.SIGINT: signal.signal(signal.SIGINT, _left_to_child)}
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, hand_on)
    try:
        child = subprocess.Popen(words, env=_environment(env), cwd=cwd)
        children.append(child.pid)
        for number in early:
            hand_on(number, None)
        if on_start is not None:
            on_start(child.pid)
        status = child.returncode = _waited(child.pid)
    except OSError as err:
        raise _not_started(words, err) from err
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status


def _waited(pid: int) -> int:
    """Wait for the end of a program on our terminal; while it is stopped, whoever started us has that."""
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status)
        # What the terminal stops in our own group it has stopped us for, too.
        if os.WSTOPSIG(status) == signal.SIGSTOP or os.getpgid(pid) != os.getpgrp():
            os.killpg(os.getpgrp(), signal.SIGTSTP)  # of no effect where nobody could let us go on
            os.kill(pid, signal.SIGCONT)


async def start(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
    pass_fds: Sequence[int] = (),
) -> asyncio.subprocess.Process:
    """Start a program in a session of its own; the caller owns it and stops it with `stop`.

    Raises:
        ProgramFault: it cannot be started.
    """
    import asyncio  # most who run programs have no loop, and need not wait for it

    words = tuple(str(word) for word in argv)
    log.debug('start %s', shlex.join(words))
    try:
        return await asyncio.create_subprocess_exec(
            *words,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=_environment(env),
            cwd=cwd,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
            close_fds=bool(pass_fds) or _closes_first(),
            limit=2**20,
        )
    except OSError as err:
        raise _not_started(words, err) from err


def spawn(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    output: int,
    pass_fds: Sequence[int] = (),
) -> int:
    """Start a program that is to outlive us, in a session of its own; returns its process id.

    asyncio's processes are killed when the object that stands for them goes, this one is not. Whoever calls
    reaps it when it ends first.

    Args:
        output: Descriptor of the file that gets both outputs.
        pass_fds: Descriptors that it gets under the same numbers.

    Raises:
        ProgramFault: it cannot be started.
    """
    words = tuple(str(word) for word in argv)
    log.debug('spawn %s', shlex.join(words))
    # dup2 of a descriptor to itself would leave it closed on exec, so that takes two steps.
    kept = [(os.dup(fd), fd) for fd in pass_fds]
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, output, 1),
        (os.POSIX_SPAWN_DUP2, output, 2),
        *((os.POSIX_SPAWN_DUP2, copy, fd) for copy, fd in kept),
    ]
    try:
        path = shutil.which(words[0]) or words[0]
        return os.posix_spawn(path, words, env, file_actions=actions, setsid=True, setsigdef=_DEFAULTED)
    except OSError as err:
        raise _not_started(words, err) from err
    finally:
        for copy, _ in kept:
            os.close(copy)


async def arun(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | bytes | None = None,
    timeout_s: float | None = None,
    check: bool = True,
) -> Completed:
    """`run` for coroutines: cancelling the caller stops the program's group."""
    import asyncio

    words = tuple(str(word) for word in argv)
    pipe = subprocess.DEVNULL if stdin is None else subprocess.PIPE
    child = await start(words, env=env, cwd=cwd, stdin=pipe)
    data = stdin.encode() if isinstance(stdin, str) else stdin
    try:
        async with asyncio.timeout(timeout_s):
            out, err = await child.communicate(data)
    except TimeoutError as late:
        await asyncio.shield(stop(child))
        raise ProgramFault(f'cannot finish "{shlex.join(words)}" within {timeout_s:g} s') from late
    except BaseException:
        await asyncio.shield(stop(child))
        raise
    done = Completed(
        argv=words,
        returncode=child.returncode or 0,
        stdout=out.decode(errors='replace'),
        stderr=err.decode(errors='replace'),
    )
    return _checked(done, check)


async def stop(child: asyncio.subprocess.Process, *, grace_s: float = _STOP_S) -> None:
    """End *child* and its group: SIGTERM, a bounded wait, SIGKILL."""
    import asyncio

    for sign, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, grace_s)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, sign)
        try:
            async with asyncio.timeout(wait_s):
                await child.wait()
                return
        except TimeoutError:
            continue


def terminate_children() -> None:
    """Send SIGTERM to every program that we started in any way, and to the group of one that leads one.

    For an interrupt, which reaches the main thread alone: another thread may wait for such a program.
    """
    for children in Path('/proc/self/task').glob('*/children'):
        with contextlib.suppress(OSError):
            for number in map(int, children.read_text().split()):
                leads = os.getpgid(number) == number
                (os.killpg if leads else os.kill)(number, signal.SIGTERM)


def _left_to_child(number: int, frame: FrameType | None) -> None:
    del number, frame


def _stop_group(child: subprocess.Popen[bytes]) -> None:
    """End *child* and all that it started in its group, each given the same time to end by itself."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, sign)
        deadline = time.monotonic() + _STOP_S
        while time.monotonic() < deadline:
            if child.poll() is not None and not _group_lives(child.pid):
                return
            time.sleep(0.02)


def _group_lives(number: int) -> bool:
    """Whether the group has a process that is no zombie; those may never be reaped."""
    for stat in Path('/proc').glob('[0-9]*/stat'):
        with contextlib.suppress(OSError):
            state, _, group, *_ = stat.read_text().rpartition(')')[2].split()
            if int(group) == number and state != 'Z':
                return True
    return False


def _pump(
    pipe: IO[bytes], name: str, kept: list[str], on_line: OnLine | None, crashes: list[Exception]
) -> None:
    # The reader alone closes the pipe: whoever else did would wait for the read that is under way.
    with pipe:
        for raw in pipe:
            text = raw.decode(errors='replace')
            kept.append(text)
            if on_line is not None and not crashes:
                try:
                    on_line(name, text.rstrip('\n'))
                except Exception as err:  # noqa: BLE001 - it is for whoever waits, who hears of it at the end
                    crashes.append(err)


def _completed(argv: tuple[str, ...], returncode: int, out: list[str], err: list[str]) -> Completed:
    return Completed(argv=argv, returncode=returncode, stdout=''.join(out), stderr=''.join(err))


def _checked(done: Completed, check: bool) -> Completed:
    if check and done.returncode != 0:
        raise ProgramFault(
            f'cannot run "{shlex.join(done.argv)}": {_ending(done.returncode)}{_tail(done)}', done=done
        )
    return done


def _ending(returncode: int) -> str:
    if returncode < 0:
        return f'ended by {signal.Signals(-returncode).name}'
    return f'exit status {returncode}'


def _tail(done: Completed) -> str:
    lines = (done.stderr or done.stdout).strip().splitlines()[-_KEPT_LINES:]
    return ''.join(f'\n    {line}' for line in lines)


def _not_started(argv: tuple[str, ...], err: OSError) -> ProgramFault:
    hint = ''
    if err.errno == errno.ENOEXEC or (isinstance(err, FileNotFoundError) and Path(argv[0]).is_file()):
        hint = 'Its first line must name a program that is here, such as #!/bin/sh.'
    elif isinstance(err, FileNotFoundError):
        hint = f'Install the program "{argv[0]}" or put it on PATH.'
    return ProgramFault(f'cannot start "{argv[0]}": {err.strerror or err}', hint=hint)
