"""What a host must have for machines, checked before anything is changed; everything missing is listed."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bedrock import errors, process
from bedrock.errors import Problem
from pocket.settings import Settings
from pocket.substrate import cgroups, images, isolation

PROGRAMS = {
    'flock': 'util-linux',
    'ip': 'iproute2',
    'mmdebstrap': 'mmdebstrap',
    'mount': 'mount',
    'nft': 'nftables',
    'nsenter': 'util-linux',
    'setpriv': 'util-linux',
    'ssh-keygen': 'openssh-client',
    'systemd-nspawn': 'systemd-container',
    'unshare': 'util-linux',
}
"""Programs that are started, with the packages that have them."""

NODES = ('full', 'null', 'random', 'tty', 'urandom', 'zero')
"""What nspawn makes in each machine with the mode that the host's has."""
_FOR_ALL = 0o666
_CONTAINER_HINT = 'In a container, start it with --privileged.'
_LINKS = 'ip link add br9 type bridge && ip link add veth8 type veth peer name veth9'
_RULES = 'add table inet a; add chain inet a b { type nat hook postrouting priority srcnat; }'
_TIMEOUT_S = 20.0


def check(settings: Settings) -> None:
    """Check this host, as root.

    Raises:
        Problems: something is missing; each finding says what to do about it.
    """
    found = list(_problems(settings))
    if found:
        raise errors.Problems('cannot run machines on this host', found)


def require_root() -> None:
    """Refuse to go on as another user.

    Raises:
        UsageFault: this user is not root.
    """
    if os.geteuid() != 0:
        raise errors.UsageFault('cannot manage machines as a user who is not root', hint='Run it with sudo.')


def missing_programs(path: str | None = None) -> Problem | None:
    """What to install, if anything."""
    absent = sorted(name for name in PROGRAMS if shutil.which(name, path=path) is None)
    if not absent:
        return None
    packages = sorted({PROGRAMS[name] for name in absent})
    return Problem(
        message=f'missing programs: {", ".join(absent)}', hint=f'Run: apt-get install {" ".join(packages)}'
    )


def closed_nodes(folder: Path) -> Iterator[Problem]:
    """Device nodes in *folder* that not every user may read and write, as a careless program leaves them."""
    for path in (folder / name for name in NODES):
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else _FOR_ALL
        if mode & _FOR_ALL != _FOR_ALL:
            yield Problem(
                message=f'{path} has mode {mode:04o}: machines get it like that, '
                'and only root could use it there',
                hint=f'Run: chmod {_FOR_ALL:o} {path}',
            )


def _problems(settings: Settings) -> Iterator[Problem]:
    absent = missing_programs()
    if absent is not None:
        yield absent
    try:
        images.host()
    except errors.Fault as err:
        yield Problem(message=err.message)
    if any(mark in str(settings.home) for mark in ',:\\'):
        yield Problem(
            message=f'the home {settings.home} has a comma, colon or backslash in its name',
            hint='Set POCKET_HOME to another folder.',
        )
    yield from closed_nodes(Path('/dev'))
    if absent is None:
        yield from _kernel_problems(settings)


def _kernel_problems(settings: Settings) -> Iterator[Problem]:
    here = cgroups.here()
    if here.unified is None and here.named is None:
        yield Problem(message='no control groups are mounted', hint=_CONTAINER_HINT)
    namespaces = ['unshare', '--mount', '--net', '--pid', '--uts', '--ipc', '--fork', '--']
    if not _works([*namespaces, 'true']):
        yield Problem(message='the kernel refuses new namespaces', hint=_CONTAINER_HINT)
        return
    if not _works([*namespaces, '/bin/sh', '-c', _LINKS]):
        yield Problem(message='the kernel has no bridges or veth links', hint='Run: modprobe bridge veth')
    if not _works([*namespaces, 'nft', _RULES]):
        yield Problem(message='the kernel has no nft address translation', hint='Run: modprobe nft_nat')
    held = isolation.here(settings, here)
    if held.missing:
        yield Problem(message=f'machines cannot have users of their own: {held.missing}', hint=isolation.HINT)
    if not _overlay_works(settings.home):
        yield Problem(
            message=f'overlay mounts do not work on {settings.home}',
            hint='Set POCKET_HOME to a folder on a local disk (ext4, xfs), not on an overlay itself.',
        )


def _overlay_works(home: Path) -> bool:
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='.overlay-', dir=home) as folder:
        for name in ('lower', 'upper', 'work', 'root'):
            Path(folder, name).mkdir()
        options = f'lowerdir={folder}/lower,upperdir={folder}/upper,workdir={folder}/work'
        mount = ['mount', '-t', 'overlay', 'overlay', '-o', options, f'{folder}/root']
        return _works(['unshare', '--mount', '--propagation=private', '--', *mount])


def _works(argv: list[str]) -> bool:
    return process.run(argv, timeout_s=_TIMEOUT_S, check=False).returncode == 0
