"""The commands that run a program in a container. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

PROPAGATE = Path('/run/systemd/nspawn/propagate')
"""Where nspawn keeps a folder for each container as long as it runs."""

_NOISE = f'Attempted to remove disk file system under "{PROPAGATE}'
_ENDED = re.compile(r'Container \S+ (terminated by signal|exited successfully|failed with error code)')
# Mounted where only the program sees it, so the kernel unmounts it when its last process ends.
_OVERLAY = """set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
shift 2
exec "$@"
"""


def command(
    argv: Sequence[str | Path],
    *,
    tree: Path,
    machine: str,
    variables: Iterable[str] = (),
    folder: Path | None = None,
    shared: Iterable[Path] = (),
    network: bool,
) -> list[str]:
    """Run *argv* in the file tree *tree*; what it changes there stays.

    Args:
        machine: A name that no other container of the host has now; its host name is what is before the dot.
        variables: Names of variables that the program gets. Their values come from the environment of the
            command: a command line is for everybody to read.
        folder: Its working directory.
        shared: Host directories that it may write, under the same paths.
        network: The host's; False: none at all but loopback.
    """
    return [
        # It ends with whoever started it.
        *('setpriv', '--pdeathsig=TERM', '--'),
        *('systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--as-pid2', '--console=pipe'),
        *(f'--machine={machine}', f'--hostname={machine.rpartition(".")[0] or machine}'),
        *(f'--directory={tree}', '--link-journal=no', '--timezone=off'),
        *(['--resolv-conf=copy-host'] if network else ['--resolv-conf=off', '--private-network']),
        *(f'--bind={_escaped(path)}' for path in shared),
        *(f'--setenv={name}' for name in variables),
        *([f'--chdir={folder}'] if folder else []),
        '--',
        *(str(word) for word in argv),
    ]


def over(command: Sequence[str], *, tree: Path, scratch: Path) -> list[str]:
    """Run *command* with an overlay on *tree* at ``scratch/root``; what changes is below *scratch*."""
    return [
        *('unshare', '--mount', '--propagation=private', '--'),
        *('/bin/sh', '-c', _OVERLAY, 'sh', str(tree), str(scratch)),
        *command,
    ]


def is_noise(text: str) -> bool:
    """Whether a line is what nspawn itself says at the end of each container, of no use to anybody.

    The first is about a folder of its own that it cannot remove, where /run is on a disk.
    """
    return text.startswith(_NOISE) or _ENDED.match(text) is not None


def _escaped(path: Path) -> str:
    return str(path).replace('\\', '\\\\').replace(':', '\\:')
