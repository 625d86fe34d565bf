"""Images from elsewhere: a tarball or a folder becomes what machines of a base start from.

Nothing of it runs on the host: it is unpacked by tar, which keeps links from leading out of the folder, and
what an image needs is set up by a program of its own in a container without a network.
"""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path

from bedrock import aptarchives, errors, process
from pocket.model import Base
from pocket.substrate import images

MOST_FILES = 1_000_000
MOST_BYTES = 20 * 2**30
_TIMEOUT_S = 1800.0
_NEEDED: Mapping[str, tuple[str, ...]] = {
    'systemd': ('usr/lib/systemd/systemd', 'lib/systemd/systemd'),
    'shell': ('bin/sh', 'usr/bin/sh'),
    'tar': ('bin/tar', 'usr/bin/tar'),
    'perl': ('usr/bin/perl',),
    'setpriv': ('usr/bin/setpriv',),
}
# The files that a machine brings itself must be there to be mounted over; Juju's user logs in.
_SET_UP = """set -e
rm -f /etc/hostname /etc/hosts /etc/resolv.conf /etc/machine-id
: >/etc/hosts; : >/etc/resolv.conf; : >/etc/machine-id
rm -f /etc/ssh/ssh_host_*
mkdir -p /run/pocket
id -u ubuntu >/dev/null 2>&1 ||
    useradd --create-home --uid 1000 --user-group --shell /bin/bash ubuntu
test "$(id -u ubuntu)" = 1000
if [ -d /etc/sudoers.d ]; then
    echo 'ubuntu ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/90-ubuntu
    chmod 0440 /etc/sudoers.d/90-ubuntu
fi
for unit in console-getty.service systemd-networkd-wait-online.service; do
    ln -sf /dev/null "/etc/systemd/system/$unit"
done
"""


def import_(cache: images.Images, base: Base, source: Path) -> images.Image:
    """Make *source* the image of *base*; machines that run keep the one that they have.

    Raises:
        Fault: it cannot be read, is not safe to unpack, or is no root file system of that base.
    """
    if not source.exists():
        raise errors.UsageFault(f'cannot import {source}: there is no such file or folder')
    scratch = cache.scratch()
    try:
        tree = scratch / 'tree'
        tree.mkdir(mode=0o755)
        if source.is_dir():
            process.run(['cp', '-a', '--', f'{source}/.', str(tree)], timeout_s=_TIMEOUT_S)
        else:
            check_archive(source)
            process.run(
                [
                    *('tar', '--extract', '--file', str(source), '--directory', str(tree), '--numeric-owner'),
                    *('--preserve-permissions', '--xattrs', '--xattrs-include=*', '--exclude=./dev/*'),
                ],
                timeout_s=_TIMEOUT_S,
            )
        check_tree(tree, base)
        _set_up(tree)
        tree.chmod(0o755)
        return cache.adopt(base, tree)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def check_archive(archive: Path) -> None:
    """Look through a tarball before anything of it is written.

    Raises:
        Fault: it is none, leads out of its folder, or is a bomb.
    """
    files = size = 0
    try:
        with tarfile.open(archive, 'r|*') as tar:
            for member in tar:
                files += 1
                size += member.size
                name = member.linkname if member.islnk() else ''
                for one in (member.name, name):
                    if one.startswith('/') or '..' in one.split('/'):
                        raise errors.Fault(f'cannot import {archive}: "{one}" leads out of it')
                if files > MOST_FILES or size > MOST_BYTES:
                    raise errors.Fault(
                        f'cannot import {archive}: it holds more than {MOST_FILES} files or'
                        f' {MOST_BYTES // 2**30} GiB'
                    )
    except (tarfile.TarError, EOFError, OSError) as err:
        raise errors.Fault(f'cannot import {archive}: it cannot be read as a tar archive') from err


def check_tree(tree: Path, base: Base) -> None:
    """Check that *tree* is a root file system of *base* that a machine can start from.

    Raises:
        Fault: something is missing, or it is of another base.
    """
    missing = [what for what, places in _NEEDED.items() if not any(_inside(tree, one) for one in places)]
    if missing:
        raise errors.Fault(f'cannot import an image of {base}: it has no {", no ".join(missing)}')
    # In most trees the first one is a link to the second.
    places = [tree / one for one in ('etc/os-release', 'usr/lib/os-release') if _inside(tree, one)]
    text = ''.join(path.read_text(errors='replace') for path in places if not path.is_symlink())
    release = aptarchives.read_release(text)
    found = f'{release.get("ID", "")}@{release.get("VERSION_ID", "")}'
    if found != str(base):
        raise errors.Fault(f'cannot import an image of {base}: it is {found}')


def _inside(tree: Path, name: str) -> bool:
    """Whether *name* is in *tree*; links above it are followed only as far as they stay there."""
    path = tree / name
    if not path.is_symlink() and not path.exists():
        return False
    parent = path.parent.resolve()
    return parent.is_relative_to(tree.resolve())


def _set_up(tree: Path) -> None:
    """Run what makes a machine's image of *tree*, inside it."""
    done = process.run(
        [
            *('systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--private-network', '--pipe'),
            *('--resolv-conf=off', '--timezone=off', '--link-journal=no', f'--directory={tree}'),
            *('/bin/sh', '-s'),
        ],
        stdin=_SET_UP,
        timeout_s=_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        tail = ''.join(f'\n    {line}' for line in done.stderr.splitlines()[-5:])
        raise errors.Fault(f'cannot import the image: it cannot be set up{tail}')
