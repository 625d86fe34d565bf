"""Starting and ending the containers of a pod.

The first one is the charm's. The others join its network and what it has for communication between processes;
none shares files with another but sockets and volumes. What a container changes is new at each start.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import re
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, process
from pocket.model import pods
from pocket.substrate import _booting, _seeds, procs
from pocket.substrate.pods import sockets
from pocket.substrate.pods.containers import (
    ACCOUNT,
    ALL,
    HELPER,
    HELPERS,
    OWN,
    PEBBLE,
    SOCKET,
    Start,
    command,
    first,
    image_run,
    part,
    shared,
    with_helpers,
)
from pocket.substrate.pods.volumes import Folders, owner
from pocket.substrate.records import Pod, Workload

_TIMEOUT_S = 30.0
_GRACE_S = 30.0
"""How long Kubernetes, as Juju sets it up, waits for a container to end."""
_OPEN_PORTS = 'echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start'


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the containers of one pod are started."""

    name: str
    folder: Path
    """The pod's."""
    scratch: Path
    namespace: Path
    pebble: Path
    volumes: Folders
    timeout_s: float

    async def start_charm(self, pod: Pod, lower: Path) -> tuple[int, int]:
        """Start the charm's container; returns the process ids of its supervisor and its first process."""
        for one in pod.workloads:
            _prepare_shared(shared(self.folder, one.name), one)
        await _renew(self.folder, lower)
        _seeds.sow_pod(self.folder / 'upper', pod.hostname)
        mounted = [(key, one.uid, one.gid) for one in pod.workloads for key in one.mounts.values()]
        volumes = {path: self._volume(key, owner(key, mounted)) for path, key in pod.mounts.items()}
        sockets = {f'{ALL}/{one.name}': shared(self.folder, one.name) for one in pod.workloads}
        start = Start(
            machine=self.name,
            hostname=pod.hostname,
            folder=self.folder,
            lower=lower,
            namespace=self.namespace,
            groups=tuple(map(Path, pod.groups)),
            binds={**self._names(), **sockets, **volumes},
            read_only={'/run/pocket': self.folder / 'run', PEBBLE: self.pebble, **self._account()},
            env={
                'JUJU_CONTAINER_NAMES': ','.join(one.name for one in pod.workloads),
                'PEBBLE': '/var/lib/pebble/default',
            },
            first=first(0),
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
        helpers = await _helpers()
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
            read_only={
                PEBBLE: self.pebble,
                **self._account(),
                **{f'{HELPER}/{name}': path for name, path in helpers.items()},
            },
            env={
                'HOSTNAME': pod.hostname,
                **({'HOME': '/'} if any(user) else {}),
                **workload.env,
                'JUJU_CONTAINER_NAME': workload.name,
                'PEBBLE': f'{OWN}/pebble',
                'PEBBLE_SOCKET': f'{OWN}/{SOCKET}',
                'PEBBLE_COPY_ONCE': '/var/lib/pebble/default',
            },
            first=(*with_helpers(*user, own=workload.env), *first(1 + pod.workloads.index(workload))),
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
        answering = asyncio.ensure_future(sockets.wait_answering(path, told_by=(path.parent, log)))
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

    def _account(self) -> dict[str, Path]:
        folder = self.folder / 'run' / pods.ACCOUNT
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # every user of a container reads it; on the host, nobody gets that far
        return {ACCOUNT: folder}

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


async def end(pod: Pod, *, timeout_s: float = _GRACE_S) -> None:
    """Have the workloads of *pod* end in an orderly way, those that take too long excepted."""
    leaders = [one.leader for one in pod.workloads if one.leader is not None and procs.alive(one.leader)]
    for leader in leaders:
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader.pid, signal.SIGTERM)
    await procs.wait_gone([leader.pid for leader in leaders], timeout_s=timeout_s)


async def open_ports(namespace: Path) -> None:
    """Let any user in the network *namespace* listen on any port, as Kubernetes does."""
    await process.arun(
        ['nsenter', f'--net={namespace}', '--', '/bin/sh', '-c', _OPEN_PORTS], timeout_s=_TIMEOUT_S
    )


async def _helpers() -> dict[str, Path]:
    """The programs that a container is started with, and their libraries: an image need not have any."""
    programs = {name: Path(program) for name in HELPERS if (program := shutil.which(name))}
    if missing := [name for name in HELPERS if name not in programs]:
        raise errors.Fault(f'cannot start a container without {" and ".join(missing)}')
    said = await process.arun(['ldd', *map(str, programs.values())], timeout_s=_TIMEOUT_S)
    return {**programs, **libraries(said.stdout)}


def libraries(said: str) -> dict[str, Path]:
    """What programs need, from what ldd(1) said: by their name for it, the interpreter as ``ld``."""
    found: dict[str, Path] = {}
    for line in said.splitlines():
        name, arrow, rest = line.strip().partition(' => ')
        path = (rest if arrow else name).partition(' (')[0]
        if path.startswith('/') and not path.endswith(':'):
            found[name if arrow else 'ld'] = Path(path)
    return found


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
