"""What the containers of a pod are started with, and starting them.

Each is systemd-nspawn's, on an overlay of an image that is new at each start, with Pebble as its first
process. The first one is the charm's. The others join its network and what it has for communication between
processes; none shares files with another but sockets and volumes.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import os
import re
import shutil
import signal
import stat
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from bedrock import errors, process
from pocket.model.pods import ContainerSpec, OciReference, PodSpec
from pocket.substrate import _booting, _folders, _seeds, _sockets, procs
from pocket.substrate.ociimages import OciImage
from pocket.substrate.records import Pod, Workload

PEBBLE = '/charm/bin/pebble'
"""Where each container sees the program."""
OWN = '/charm/container'
"""Where a workload's container has the folder that it shares with the charm's."""
ALL = '/charm/containers'
"""Where the charm's container sees those of all."""
SOCKET = 'pebble.socket'

_FIRST = (PEBBLE, 'run', '--create-dirs', '--hold', '--verbose')
_TIMEOUT_S = 30.0
_GRACE_S = 30.0
"""How long Kubernetes, as Juju sets it up, waits for a container to end."""
_HELPER = '/charm/start'
"""Where a container whose first process is not root's sees what changes its user."""
_DROPPED = (
    *('AUDIT_CONTROL', 'DAC_READ_SEARCH', 'IPC_OWNER', 'LEASE', 'LINUX_IMMUTABLE', 'MKNOD', 'NET_ADMIN'),
    *('NET_BROADCAST', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE', 'SYS_PTRACE', 'SYS_RESOURCE', 'SYS_TTY_CONFIG'),
)
"""What nspawn gives and a container of Kubernetes does not have; no node can be made either."""
# The image's own /run is kept in reach, because nspawn mounts an empty one over it.
_LAUNCH = """set -e
lower=$1; folder=$2; shift 2
cd "$folder"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=upper,workdir=work" root
if [ -d root/run ] && [ ! -L root/run ]; then mount --bind root/run image-run; fi
while [ "$1" != -- ]; do echo 0 >"$1/cgroup.procs"; shift; done
shift
exec "$@"
"""
_OPEN_PORTS = 'echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start'


Unpack = Callable[[OciReference, Callable[[str], None]], Awaitable[OciImage]]
"""Brings an image and unpacks it, unless it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """All that a container starts with."""

    machine: str
    """What nspawn is told as its name: unique on this host."""
    hostname: str
    folder: Path
    lower: Path
    namespace: Path
    """The pod's network."""
    groups: tuple[Path, ...]
    binds: Mapping[str, Path]
    """Path in it -> host file or folder that it may write."""
    read_only: Mapping[str, Path]
    env: Mapping[str, str]
    first: Sequence[str] = _FIRST
    cwd: str = ''
    join: int = 0
    """The first process of the pod's first container; 0: this is that one."""
    own_run: tuple[str, ...] = field(default=())
    """What the image has below ``/run``."""


def command(start: Start) -> list[str]:
    """The command that becomes the container's supervisor."""
    entered = ['nsenter', f'--target={start.join}', '--ipc', '--'] if start.join else []
    binds = {**{f'/run/{name}': start.folder / 'image-run' / name for name in start.own_run}, **start.binds}
    # Pebble with a socket for notifications takes itself for socket-activated, and ends when it is idle.
    env = {**start.env, 'NOTIFY_SOCKET': ''}
    return [
        *entered,
        *('unshare', '--mount', *(() if start.join else ('--ipc',)), '--propagation=private', '--'),
        *('/bin/sh', '-c', _LAUNCH, 'sh', str(start.lower), str(start.folder)),
        *(str(group) for group in start.groups),
        '--',
        *('systemd-nspawn', '--quiet', '--register=no', '--keep-unit'),
        *(f'--machine={start.machine}', f'--hostname={start.hostname}'),
        *(f'--directory={start.folder / "root"}', f'--network-namespace-path={start.namespace}'),
        f'--drop-capability={",".join(f"CAP_{name}" for name in _DROPPED)}',
        *('--link-journal=no', '--resolv-conf=off', '--timezone=off', '--console=pipe'),
        *([f'--chdir={start.cwd}'] if start.cwd else []),
        *(_bind('--bind', inside, host) for inside, host in binds.items()),
        *(_bind('--bind-ro', inside, host) for inside, host in start.read_only.items()),
        *(f'--setenv={name}={value}' for name, value in env.items()),
        '--',
        *start.first,
    ]


def environment(entries: Sequence[str]) -> dict[str, str]:
    """The environment that an image's configuration wants; an entry without a value counts for nothing."""
    pairs = [entry.partition('=') for entry in entries]
    return {name: value for name, is_pair, value in pairs if name and is_pair}


def image_run(tree: Path) -> tuple[str, ...]:
    """What the image *tree* has below ``/run`` that nspawn would hide; no links, they may lead anywhere."""
    try:
        if not stat.S_ISDIR((tree / 'run').lstat().st_mode):
            return ()
        found = sorted(os.scandir(tree / 'run'), key=lambda entry: entry.name)
    except FileNotFoundError:
        return ()
    return tuple(
        entry.name
        for entry in found
        if not entry.is_symlink() and entry.name not in ('host', 'systemd') and ':' not in entry.name
    )


def part(name: str, container: str) -> str:
    """What *container* of the pod *name* is called on this host: short, however long its name is."""
    return f'{name}.{hashlib.sha256(container.encode()).hexdigest()[:6]}'


def libraries(said: str) -> dict[str, Path]:
    """What a program needs, from what ldd(1) said: by its name for it, the interpreter as ``ld``."""
    found: dict[str, Path] = {}
    for line in said.splitlines():
        name, arrow, rest = line.strip().partition(' => ')
        path = (rest if arrow else name).partition(' (')[0]
        if path.startswith('/'):
            found[name if arrow else 'ld'] = Path(path)
    return found


async def plan(spec: PodSpec, *, base: Path, unpack: Unpack, note: Callable[[str], None]) -> Pod:
    """What a pod of *spec* is made of; its images are there then.

    Args:
        base: The file tree of the image of the charm's container.

    Raises:
        Fault: an image cannot be had.
    """
    workloads = await together([_workload(one, base, unpack, note) for one in spec.containers])
    return Pod(hostname=spec.hostname, mounts=dict(spec.mounts), workloads=tuple(workloads))


async def _workload(spec: ContainerSpec, base: Path, unpack: Unpack, note: Callable[[str], None]) -> Workload:
    image = None if spec.image is None else await unpack(spec.image, note)
    return Workload(
        name=spec.name,
        image='' if image is None else image.id,
        lower=str(base if image is None else image.tree),
        env={} if image is None else environment(image.config.environment),
        cwd='' if image is None else image.config.folder,
        mounts=dict(spec.mounts),
        uid=spec.uid,
        gid=spec.gid,
    )


_T = TypeVar('_T')


async def together(works: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
    """Do *works* at once; when one fails the others are given up, and have ended, before this one fails."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


async def open_ports(namespace: Path) -> None:
    """Let any user in the network *namespace* listen on any port, as Kubernetes does."""
    await process.arun(
        ['nsenter', f'--net={namespace}', '--', '/bin/sh', '-c', _OPEN_PORTS], timeout_s=_TIMEOUT_S
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the containers of one pod are started."""

    name: str
    folder: Path
    """The pod's."""
    scratch: Path
    namespace: Path
    pebble: Path
    volumes: _folders.Folders
    timeout_s: float

    async def start_charm(self, pod: Pod, lower: Path) -> tuple[int, int]:
        """Start the charm's container; returns the process ids of its supervisor and its first process."""
        for one in pod.workloads:
            _prepare_shared(shared(self.folder, one.name), one)
        await _renew(self.folder, lower)
        _seeds.sow_pod(self.folder / 'upper', pod.hostname)
        mounted = [(key, one.uid, one.gid) for one in pod.workloads for key in one.mounts.values()]
        volumes = {path: self._volume(key, _folders.owner(key, mounted)) for path, key in pod.mounts.items()}
        sockets = {f'{ALL}/{one.name}': shared(self.folder, one.name) for one in pod.workloads}
        start = Start(
            machine=self.name,
            hostname=pod.hostname,
            folder=self.folder,
            lower=lower,
            namespace=self.namespace,
            groups=tuple(map(Path, pod.groups)),
            binds={**self._names(), **sockets, **volumes},
            read_only={'/run/pocket': self.folder / 'run', PEBBLE: self.pebble},
            env={
                'JUJU_CONTAINER_NAMES': ','.join(one.name for one in pod.workloads),
                'PEBBLE': '/var/lib/pebble/default',
            },
        )
        return await self._launch(start, f'pod {self.name}', self.scratch)

    async def start_workload(self, pod: Pod, workload: Workload, *, join: int) -> Workload:
        """Start a workload's container anew; what is returned has its processes.

        Args:
            join: The first process of the charm's container.
        """
        name = part(self.name, workload.name)
        home, own = self.folder / 'w' / workload.name, shared(self.folder, workload.name)
        home.mkdir(parents=True, exist_ok=True)
        await asyncio.gather(
            asyncio.to_thread(_prepare_shared, own, workload), _renew(home, Path(workload.lower))
        )
        helper = await _helper() if workload.uid or workload.gid else {}
        user = (workload.uid, workload.gid)
        start = Start(
            machine=name,
            hostname=pod.hostname,
            folder=home,
            lower=Path(workload.lower),
            namespace=self.namespace,
            groups=tuple(map(Path, workload.groups)),
            binds={
                **self._names(),
                OWN: own,
                **{path: self._volume(key, user) for path, key in workload.mounts.items()},
            },
            read_only={PEBBLE: self.pebble, **{f'{_HELPER}/{name}': path for name, path in helper.items()}},
            env={
                **({'HOME': '/'} if helper else {}),
                **workload.env,
                'JUJU_CONTAINER_NAME': workload.name,
                'PEBBLE': f'{OWN}/pebble',
                'PEBBLE_SOCKET': f'{OWN}/{SOCKET}',
                'PEBBLE_COPY_ONCE': '/var/lib/pebble/default',
            },
            first=(*(as_user(*user) if helper else ()), *_FIRST),
            cwd=_folder_of(Path(workload.lower), workload.cwd),
            join=join,
            own_run=image_run(Path(workload.lower)) if workload.image else (),
        )
        scratch = self.scratch.with_name(part(self.scratch.name, workload.name))
        what = f'container {workload.name} of pod {self.name}'
        supervisor, leader = await self._launch(start, what, scratch)
        await self._wait_answering(own / SOCKET, home / _booting.CONSOLE, what, supervisor)
        return dataclasses.replace(
            workload, supervisor=procs.identify(supervisor), leader=procs.identify(leader)
        )

    async def _wait_answering(self, path: Path, log: Path, what: str, supervisor: int) -> None:
        answering = asyncio.ensure_future(_sockets.wait_answering(path, told_by=(path.parent, log)))
        ended = asyncio.ensure_future(procs.wait_gone([supervisor], timeout_s=None))
        try:
            waits = {answering, ended}
            await asyncio.wait(waits, timeout=self.timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                why = 'ended' if ended.done() else f'does not answer after {self.timeout_s:g} s'
                raise errors.Fault(f'cannot start {what}: its Pebble {why}{_booting.tail(log)}')
            answering.result()
        finally:
            for wait in (answering, ended):
                wait.cancel()
            await asyncio.gather(answering, ended, return_exceptions=True)

    def _names(self) -> dict[str, Path]:
        return {f'/etc/{name}': self.folder / name for name in ('hosts', 'resolv.conf')}

    def _volume(self, key: str, owner: tuple[int, int]) -> Path:
        return self.volumes.ensure(key, uid=owner[0], gid=owner[1])

    async def _launch(self, start: Start, what: str, scratch: Path) -> tuple[int, int]:
        # Only the first one makes a namespace for communication between processes; nspawn is to make none.
        return await _booting.launch(
            _booting.Launch(
                what=what,
                argv=command(start),
                log=start.folder / _booting.CONSOLE,
                scratch=scratch,
                env={'SYSTEMD_NSPAWN_SHARE_NS_IPC': '1'},
            ),
            timeout_s=self.timeout_s,
        )


def shared(folder: Path, container: str) -> Path:
    """The folder that a workload's container shares with the charm's, in the *folder* of their pod."""
    return folder / 'pebbles' / container


def as_user(uid: int, gid: int) -> tuple[str, ...]:
    """The words before a command that has it run as that user, with the programs of `_helper`."""
    return (
        *(f'{_HELPER}/ld', '--library-path', _HELPER, f'{_HELPER}/setpriv'),
        *(f'--reuid={uid}', f'--regid={gid}', '--clear-groups', '--inh-caps=-all', '--'),
    )


async def end(pod: Pod, *, timeout_s: float = _GRACE_S) -> None:
    """Have the workloads of *pod* end in an orderly way, those that take too long excepted."""
    leaders = [one.leader for one in pod.workloads if one.leader is not None and procs.alive(one.leader)]
    for leader in leaders:
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader.pid, signal.SIGTERM)
    await procs.wait_gone([leader.pid for leader in leaders], timeout_s=timeout_s)


async def _helper() -> dict[str, Path]:
    """What changes the user of a first process, with its libraries: an image need not have any."""
    program = shutil.which('setpriv')
    if program is None:
        raise errors.Fault('cannot start a container as another user: setpriv is missing')
    said = await process.arun(['ldd', program], timeout_s=_TIMEOUT_S)
    return {'setpriv': Path(program), **libraries(said.stdout)}


async def _renew(home: Path, lower: Path) -> None:
    """Give a container that does not run an empty upper layer."""
    await asyncio.to_thread(_renew_now, home, lower)


def _renew_now(home: Path, lower: Path) -> None:
    for name in ('upper', 'work'):
        shutil.rmtree(home / name, ignore_errors=True)
    for name in ('upper', 'work', 'root', 'image-run'):
        (home / name).mkdir(exist_ok=True)
    for name in ('upper', 'root'):
        (home / name).chmod(0o755)  # whatever our umask is
    if not (lower / 'usr').exists():
        (home / 'upper' / 'usr').mkdir(mode=0o755)  # nspawn takes no tree without it


def _prepare_shared(folder: Path, workload: Workload) -> None:
    """Make *folder* new for a Pebble that is to start, in place: the charm's container has it mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in os.scandir(folder):
        # The charm's container may be at it, too.
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            Path(entry.path).unlink(missing_ok=True)
    folder.chmod(0o755)
    os.chown(folder, workload.uid, workload.gid)


def _folder_of(tree: Path, cwd: str) -> str:
    """*cwd*, if the image has such a folder: nspawn starts nothing in one that is not there."""
    wanted = re.sub('/+', '/', cwd)
    path = tree
    for step in wanted.strip('/').split('/'):
        path /= step
        if step in ('', '..') or path.is_symlink() or not path.is_dir():
            return ''
    return wanted


def _bind(word: str, inside: str, host: Path) -> str:
    return f'{word}={_booting.quoted(host)}:{_booting.quoted(inside)}'
