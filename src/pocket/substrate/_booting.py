"""Starting systemd-nspawn and hearing from it: which process is the machine's first, and that it is up."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bedrock import errors, process
from pocket.substrate import idmap, isolation, procs

# The root is mounted where only the machine sees it, so the kernel unmounts it when its last process ends,
# however that comes. What is mounted below "storage" later gets to the machine, because it is shared with it.
# The groups are entered first, for nspawn puts the machine below its own.
_LAUNCH = """set -e
lower=$1; folder=$2; shift 2
cd "$folder"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=upper,workdir=work" root
mkdir -p storage
mount --bind storage storage
mount --make-shared storage
while [ "$1" != -- ]; do echo 0 >"$1/cgroup.procs"; shift; done
shift
exec "$@"
"""
_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
CONSOLE = 'console.log'
_PROPAGATE = Path('/run/systemd/nspawn/propagate')
"""Where nspawn keeps a folder for each machine as long as it runs."""
_SUPERVISOR_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """All that a machine starts with."""

    name: str
    folder: Path
    scratch: Path
    """A folder of its own while it starts, with a path that is short enough for a socket's address."""
    lower: Path
    namespace: Path | None
    """Its network's; None: it makes one, and `on_leader` puts a link there."""
    groups: tuple[Path, ...]
    binds: Mapping[str, Path]
    """Machine path -> host file that the machine may write."""
    read_only: Mapping[str, Path]
    """The same for what it may only read."""
    users: int = 0
    """The user of the host that root of the machine is, where it has users of its own."""
    mapped: frozenset[str] = frozenset()
    """Machine paths that its own users, if it has such, see as the host's users do."""


def command(start: Start) -> list[str]:
    """The command that becomes the machine's supervisor."""
    binds = [f'--bind={_bind(start, inside, host)}' for inside, host in start.binds.items()]
    read_only = [f'--bind-ro={_bind(start, inside, host)}' for inside, host in start.read_only.items()]
    lower, network = start.lower, [f'--network-namespace-path={start.namespace}']
    shift, users = list[str](), list[str]()
    if start.users:
        # What a machine changes is kept with the shifted numbers; the image is only shown with them.
        lower = start.folder / 'lower'
        shift = isolation.command('mount', start.lower, lower, start.users)
        # Rights in a network come from the user namespace that it was made in: nspawn has to make both.
        network = ['--private-network']
        users = [f'--private-users={start.users}:{idmap.SIZE}', '--private-users-ownership=off']
    return [
        *('unshare', '--mount', '--propagation=private', '--'),
        *shift,
        *('/bin/sh', '-c', _LAUNCH, 'sh', str(lower), str(start.folder)),
        *(str(group) for group in start.groups),
        '--',
        *('systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--boot', '--notify-ready=yes'),
        *(f'--machine={start.name}', f'--hostname={start.name}', f'--directory={start.folder / "root"}'),
        # Charms set up addresses, firewalls and tunnels; the namespace keeps that to the machine.
        *(*network, '--capability=CAP_NET_ADMIN', *users),
        *('--link-journal=no', '--resolv-conf=off', '--timezone=off', '--console=pipe'),
        '--kill-signal=SIGRTMIN+3',
        *binds,
        *read_only,
    ]


class Listener:
    """A socket for what nspawn and the machine's systemd have to say about the start."""

    def __init__(self, folder: Path) -> None:
        self.address = f'{folder}/notify'
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)
        self._socket.bind(self.address)

    async def wait_ready(self, on_leader: Callable[[int], Awaitable[object]] | None = None) -> int:
        """Wait until the machine says that it is up; returns its first process.

        Args:
            on_leader: Called with that process as soon as it is known.
        """
        leader = 0
        loop = asyncio.get_running_loop()
        while True:
            message = parse(await loop.sock_recv(self._socket, 4096))
            if 'X_NSPAWN_LEADER_PID' in message and not leader:
                leader = int(message['X_NSPAWN_LEADER_PID'])
                if on_leader is not None:
                    await on_leader(leader)
            if message.get('READY') == '1' and leader:
                return leader

    def close(self) -> None:
        self._socket.close()


def parse(message: bytes) -> dict[str, str]:
    """The assignments in a notification, sd_notify(3)."""
    lines = message.decode(errors='replace').splitlines()
    return {name: value for name, is_pair, value in (line.partition('=') for line in lines) if is_pair}


@contextlib.contextmanager
def listening(folder: Path) -> Generator[Listener]:
    """A `Listener` in *folder*, which is made for it and removed: addresses have at most 107 bytes."""
    shutil.rmtree(folder, ignore_errors=True)  # of a start that was killed
    folder.mkdir(mode=0o700)
    try:
        listener = Listener(folder)
        try:
            yield listener
        finally:
            listener.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def end(supervisor: procs.ProcessId | None, leader: procs.ProcessId | None) -> None:
    """Kill a machine's first process and have its supervisor take away what it keeps on the host.

    A supervisor that does not end soon is left to whoever empties the machine's groups.
    """
    if leader is not None and procs.alive(leader):
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader.pid, signal.SIGKILL)
    if supervisor is not None and procs.alive(supervisor):
        with contextlib.suppress(ProcessLookupError):
            os.kill(supervisor.pid, signal.SIGCONT)  # it may have been stopped, and is to clean up
        await procs.wait_gone([supervisor.pid], timeout_s=_SUPERVISOR_S)


def forget(name: str, scratch: Path) -> None:
    """Remove what killed supervisors of the machine or pod *name* left on the host."""
    parts = (*scratch.parent.glob(f'{scratch.name}.*'), *_PROPAGATE.glob(f'{name}.*'))
    for folder in (scratch, _PROPAGATE / name, *parts):
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A supervisor that is to be started."""

    what: str
    """In words, what it supervises."""
    argv: Sequence[str]
    log: Path
    """Gets what it and its first process print."""
    scratch: Path
    env: Mapping[str, str] = field(default_factory=dict[str, str])


async def start(
    wanted: Start, *, timeout_s: float, on_leader: Callable[[int], Awaitable[object]] | None = None
) -> tuple[int, int]:
    """Start the machine and wait until it is up; returns the process ids of its supervisor and its leader.

    Args:
        on_leader: See `Listener.wait_ready`.

    Raises:
        Fault: it ended or was not up in time; the message has what it printed.
    """
    launched = Launch(
        what=f'machine {wanted.name}',
        argv=command(wanted),
        log=wanted.folder / CONSOLE,
        scratch=wanted.scratch,
    )
    return await launch(launched, timeout_s=timeout_s, on_leader=on_leader)


async def launch(
    wanted: Launch, *, timeout_s: float, on_leader: Callable[[int], Awaitable[object]] | None = None
) -> tuple[int, int]:
    """`start` for whatever nspawn is told to run."""
    with listening(wanted.scratch) as listener, wanted.log.open('wb') as console:
        # Juju's machines have /tmp on disk; by default nspawn would give it a share of the host's memory.
        env = {
            'PATH': _PATH,
            'LANG': 'C.UTF-8',
            'NOTIFY_SOCKET': listener.address,
            'SYSTEMD_NSPAWN_TMPFS_TMP': '0',
            **wanted.env,
        }
        supervisor = process.spawn(wanted.argv, env=env, output=console.fileno())
        ready = asyncio.ensure_future(listener.wait_ready(on_leader))
        ended = asyncio.ensure_future(procs.wait_gone([supervisor], timeout_s=None))
        try:
            await asyncio.wait({ready, ended}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                return supervisor, ready.result()
            why = 'ended' if ended.done() else f'was not up within {timeout_s:g} s'
            raise errors.Fault(f'cannot start {wanted.what}: it {why}{tail(wanted.log)}')
        finally:
            for task in (ready, ended):
                task.cancel()
            await asyncio.gather(ready, ended, return_exceptions=True)
            _reap(supervisor)


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def tail(path: Path) -> str:
    """The last lines of a log, to go below a message."""
    lines: Sequence[str] = path.read_text(errors='replace').splitlines()[-20:]
    return ''.join(f'\n    {line}' for line in lines)


def _bind(start: Start, inside: str, host: Path) -> str:
    shifted = start.users and inside in start.mapped
    return f'{quoted(host)}:{quoted(inside)}{":idmap" if shifted else ""}'


def quoted(path: Path | str) -> str:
    return str(path).replace('\\', '\\\\').replace(':', '\\:')
