"""What each container of a pod is: systemd-nspawn on an overlay of an image, Pebble its first process."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pocket.substrate import _booting

PEBBLE = '/charm/bin/pebble'
"""Where each container sees the program."""
OWN = '/charm/container'
"""Where a workload's container has the folder that it shares with the charm's."""
ALL = '/charm/containers'
"""Where the charm's container sees those of all."""
SOCKET = 'pebble.socket'
ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
"""Where each container has what Kubernetes clients log in with."""
HELPER = '/charm/start'
"""Where a workload's container sees the programs that its first process is started with."""
HELPERS = ('env', 'setpriv')

_CHARM_PORT = 38812
_FOREIGN = (
    *('LOGNAME', 'NOTIFY_SOCKET', 'TERM', 'USER'),
    *('container', 'container_host_id', 'container_host_version_id', 'container_uuid'),
)
"""What nspawn says of itself and of root, whatever the user is; no container of Kubernetes has them."""
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
    first: Sequence[str]
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


def shared(folder: Path, container: str) -> Path:
    """The folder that a workload's container shares with the charm's, in the *folder* of their pod."""
    return folder / 'pebbles' / container


def first(number: int) -> tuple[str, ...]:
    """The first process of the container *number* of a pod: 0 is the charm's, the others go by name.

    Who has no socket of it may ask at a port, but for no more than its health and its version.
    """
    port = _CHARM_PORT + number
    return (PEBBLE, 'run', '--create-dirs', '--hold', '--http', f':{port}', '--verbose')


def with_helpers(uid: int, gid: int, *, own: Collection[str] = ()) -> tuple[str, ...]:
    """The words before a command that give it that user and a container's environment, by the `HELPERS`.

    Args:
        own: The names of the variables that the image itself sets.
    """
    return (
        *_helped('env', *(f'--unset={name}' for name in _FOREIGN if name not in own)),
        *(
            _helped('setpriv', f'--reuid={uid}', f'--regid={gid}', '--clear-groups', '--inh-caps=-all', '--')
            if uid or gid
            else ()
        ),
    )


def _helped(program: str, *words: str) -> tuple[str, ...]:
    return (f'{HELPER}/ld', '--library-path', HELPER, f'{HELPER}/{program}', *words)


def _bind(word: str, inside: str, host: Path) -> str:
    return f'{word}={_booting.quoted(host)}:{_booting.quoted(inside)}'
