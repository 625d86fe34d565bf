"""Programs started inside a machine: how they are launched, read and ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, process
from pocket.substrate import ExecResult, OnLine, procs
from pocket.substrate.pods import enter

_NAMESPACES = ('--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup')
# Where pocket itself runs in a chroot, nspawn cannot pivot: the namespace's root is then not the machine's,
# and without this a program would see the host's files.
_ROOT = '--root'
# Words before "--" are groups to enter. The record is written by the program's own process before it becomes
# the program, so no crash can come between. A group may be gone with its machine: nsenter will say so.
_LAUNCH = """record=$1; shift
if [ -n "$record" ]; then read -r stat </proc/self/stat && echo "$stat" >"$record" || exit 125; fi
while [ "$1" != -- ]; do { echo 0 >"$1/cgroup.procs"; } 2>/dev/null; shift; done
shift
exec "$@"
"""
_DRAIN_BYTES = 2**20
_CAPABILITIES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A running machine, as far as starting programs in it goes."""

    leader_pid: int
    groups: tuple[Path, ...]
    bounding: int
    """The capabilities that its processes may have, as bits."""
    users: int = 0
    """The user of the host that root in it is, where the machine has users of its own."""
    record: Path | None = None
    """Where the program writes who it is."""
    user: str = 'root'
    """Whom programs run as unless another one is asked for: a name, a number, or two as ``uid:gid``."""
    is_container: bool = False
    """It may have fewer capabilities than it takes to enter it, and none of the programs that help."""


def launcher(target: Target, argv: Sequence[str], *, cwd: str, user: str) -> list[str]:
    """The command that runs *argv* in *target*, with no more capabilities than the machine has.

    Without that limit a hook would keep what the daemon may do, and could load kernel modules.
    """
    record = '' if target.record is None else str(target.record)
    begin = ['/bin/sh', '-c', _LAUNCH, 'sh', record, *(str(group) for group in target.groups), '--']
    if target.is_container:
        # Without the libraries of others: whoever enters must not load one later.
        python = [sys.executable, '-I', '-S', enter.__file__]
        whom = target.user if user == 'root' else user
        return [*begin, *python, str(target.leader_pid), f'{target.bounding:x}', whom, cwd, *argv]
    dropped = ','.join(f'-cap_{number}' for number in _dropped(target.bounding))
    limit = ['setpriv', f'--bounding-set={dropped}', '--'] if dropped else []
    # Whoever enters a user namespace has every capability in it, whatever there was before.
    inner_limit = ['/usr/bin/setpriv', *limit[1:]] if limit and target.users else []
    namespaces = ('--user', *_NAMESPACES) if target.users else _NAMESPACES
    become = ['/usr/bin/setpriv', f'--reuid={user}', f'--regid={user}', '--init-groups', '--']
    return [
        *begin,
        *(_absolute(limit) if limit and not target.users else ()),
        *_absolute(['nsenter', f'--target={target.leader_pid}', *namespaces, _ROOT, '--']),
        *inner_limit,
        *(become if user != 'root' else ()),
        # The launching shell sets PWD to a folder of the host.
        *('/usr/bin/env', f'--chdir={cwd}', '--', f'PWD={cwd}', *argv),
    ]


def bounding_set(pid: int) -> int:
    """The bounding set of a process.

    Raises:
        Fault: it is gone.
    """
    try:
        status = Path(f'/proc/{pid}/status').read_text()
    except OSError as err:
        raise errors.Fault('cannot run a program in a machine: it has just stopped') from err
    return next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith('CapBnd:'))


async def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    stdin: bytes | None = None,
    on_line: OnLine | None = None,
    timeout_s: float | None = None,
    owner: int = 0,
) -> ExecResult:
    """Run a `launcher` command until its program exits; what it leaves running is not waited for.

    Args:
        owner: The user of the host that it runs as, who is to have its pipes: programs open ``/dev/stderr``.

    Raises:
        ProgramFault: it could not be started, or took longer than *timeout_s*.
    """
    with contextlib.ExitStack() as stack:
        readers = [_Reader(name, on_line, stack, owner) for name in ('stdout', 'stderr')]
        child = await process.start(
            command,
            env=env,
            stdin=_input(stdin, stack, owner),
            stdout=readers[0].write_fd,
            stderr=readers[1].write_fd,
        )
        for reader in readers:
            reader.begin()
        who = procs.identify(child.pid)
        try:
            async with asyncio.timeout(timeout_s):
                await child.wait()
        except TimeoutError as late:
            await asyncio.shield(_end(child, who))
            raise process.ProgramFault(
                f'cannot finish a program in a machine within {timeout_s:g} s'
            ) from late
        except BaseException:
            await asyncio.shield(_end(child, who))
            raise
        stdout, stderr = (reader.finish() for reader in readers)
        return ExecResult(returncode=child.returncode or 0, stdout=stdout, stderr=stderr)


async def _end(child: asyncio.subprocess.Process, who: procs.ProcessId | None) -> None:
    # SIGTERM would end nsenter at once and leave alone what it started.
    if who is not None:
        await procs.end_group(who)
    await child.wait()


def _input(stdin: bytes | None, stack: contextlib.ExitStack, owner: int) -> int:
    """A file with *stdin*: unlike a pipe, nobody has to feed it."""
    if stdin is None:
        return asyncio.subprocess.DEVNULL
    fd = os.memfd_create('stdin')
    stack.callback(os.close, fd)
    with os.fdopen(os.dup(fd), 'wb') as file:
        file.write(stdin)
    os.lseek(fd, 0, os.SEEK_SET)
    if owner:
        os.fchown(fd, owner, owner)
    return fd


def _dropped(bounding: int) -> list[int]:
    try:
        last = int(Path('/proc/sys/kernel/cap_last_cap').read_text())
    except OSError:
        last = _CAPABILITIES - 1
    return [number for number in range(last + 1) if not bounding >> number & 1]


def _absolute(argv: list[str]) -> list[str]:
    """*argv* with its program's full path: the environment given is the machine's, and so is its PATH."""
    return [shutil.which(argv[0]) or argv[0], *argv[1:]]


class _Reader:
    """One output of a program, read while it runs; not waited for once it ended.

    asyncio's own pipes make ``Process.wait`` last until the last holder closes them, daemons included.
    """

    def __init__(self, name: str, on_line: OnLine | None, stack: contextlib.ExitStack, owner: int) -> None:
        self._name, self._on_line = name, on_line
        self._read_fd, self.write_fd = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._read_fd, False)
        if owner:
            os.fchown(self.write_fd, owner, owner)
        self._chunks: list[bytes] = []
        self._partial = b''
        self._loop = asyncio.get_running_loop()
        self._reading = False
        stack.callback(self._close)

    def begin(self) -> None:
        """Start reading, once the program has its end of the pipe."""
        os.close(self.write_fd)
        self.write_fd = -1
        self._loop.add_reader(self._read_fd, self._more)
        self._reading = True

    def finish(self) -> bytes:
        """Read what the program wrote before it exited and return what was kept."""
        left = _DRAIN_BYTES
        while self._reading and left > 0:
            left -= self._more() or left
        if self._partial:
            self._line(self._partial)
            self._partial = b''
        return b''.join(self._chunks)

    def _more(self) -> int:
        try:
            data = os.read(self._read_fd, 2**16)
        except BlockingIOError:
            return 0
        if not data:
            self._stop()
        elif self._on_line is None:
            self._chunks.append(data)
        else:
            *lines, self._partial = (self._partial + data).split(b'\n')
            for line in lines:
                self._line(line)
        return len(data)

    def _line(self, line: bytes) -> None:
        if self._on_line is not None:
            self._on_line(self._name, line.decode(errors='replace'))

    def _stop(self) -> None:
        if self._reading:
            self._loop.remove_reader(self._read_fd)
            self._reading = False

    def _close(self) -> None:
        self._stop()
        os.close(self._read_fd)
        if self.write_fd >= 0:
            os.close(self.write_fd)
