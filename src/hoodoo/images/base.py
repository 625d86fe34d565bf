"""The file tree that packages are installed into, by mmdebstrap from nothing but the locked files."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from bedrock import errors, process
from hoodoo.images.lock import Lock
from hoodoo.images.recipe import Recipe, User

_BUILD_S = 1800.0
_PURGE = """#!/bin/sh
set -e
chroot "$1" dpkg --purge --force-depends --force-remove-essential {packages}
"""
# dpkg waits for the disk after each package, so the tree is made in memory and copied once.
_IN_MEMORY = """
memory=$1 tree=$2
shift 2
mount -t tmpfs -o mode=0755,size=4G none "$memory"
"$@"
cp -a "$memory/tree" "$tree"
"""
_LEAST_MEMORY = 6 * 2**30
# Of the host, of the moment, or of tools that the image does not use.
_LEFT = (
    *('dev/*', 'run/*', 'tmp/*', 'proc/*', 'sys/*'),
    *('var/log/**', 'var/cache/**', 'var/tmp/*', 'var/lib/apt', 'etc/apt', 'var/backups/*'),
    *('var/lib/dpkg/*-old', 'var/lib/dpkg/lock*', 'var/lib/dpkg/updates', 'var/lib/dpkg/triggers'),
    *('etc/passwd-', 'etc/group-', 'etc/shadow-', 'etc/gshadow-', 'etc/.pwd.lock'),
    *('etc/machine-id', 'etc/hostname', 'etc/resolv.conf', 'var/lib/systemd'),
)
# There to be mounted over by whoever runs a container.
_EMPTY_FILES = ('etc/hostname', 'etc/hosts', 'etc/resolv.conf')


def make(
    recipe: Recipe,
    lock: Lock,
    debs: Mapping[str, Path],
    tree: Path,
    *,
    scratch: Path,
    told: Callable[[str], None],
) -> None:
    """Install the locked packages into *tree*, which must not be there.

    Raises:
        Fault: they cannot be installed.
    """
    repository = scratch / 'repository'
    repository.mkdir()
    _make_repository(repository, [debs[one.sha256] for one in lock.packages], recipe.release)
    hooks: list[str] = []
    if recipe.purge:
        purge = scratch / 'purge'
        purge.write_text(_PURGE.format(packages=' '.join(recipe.purge)))
        purge.chmod(0o755)
        hooks = [f'--customize-hook={purge}']
    memory = scratch / 'memory'
    memory.mkdir(mode=0o755)
    fast = _free_memory() >= _LEAST_MEMORY
    mounted = (
        'unshare',
        '--mount',
        '--propagation=private',
        '--',
        'sh',
        '-ec',
        _IN_MEMORY,
        'sh',
        memory,
        tree,
    )
    process.run(
        [
            *('setpriv', '--pdeathsig=TERM', '--'),
            *(mounted if fast else ()),
            *('mmdebstrap', '--mode=root', '--variant=essential', '--format=directory'),
            *('--skip=check/empty', f'--include={",".join(recipe.packages)}' if recipe.packages else ''),
            *('--aptopt=Acquire::Languages "none"', '--aptopt=APT::Install-Recommends "false"'),
            *('--aptopt=APT::Sandbox::User "root"', '--dpkgopt=force-unsafe-io'),
            *hooks,
            *(
                recipe.release,
                str(memory / 'tree' if fast else tree),
                f'deb [trusted=yes] copy:{repository} ./',
            ),
        ],
        env={
            'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
            'LC_ALL': 'C.UTF-8',
            'DEBIAN_FRONTEND': 'noninteractive',
            'SOURCE_DATE_EPOCH': str(lock.epoch),
            'TMPDIR': str(scratch),
        },
        timeout_s=_BUILD_S,
        on_line=lambda _, text: told(text[3:]) if text.startswith('I: ') else None,
    )
    _finish(tree, recipe)


def _free_memory() -> int:
    found = re.search(r'^MemAvailable: +(\d+) kB$', Path('/proc/meminfo').read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _make_repository(folder: Path, debs: Iterable[Path], release: str) -> None:
    """An archive of exactly these files; apt checks each against its digest here, which is the locked one."""
    rows: list[str] = []
    for deb in debs:
        (folder / deb.name).symlink_to(deb)
        control = process.run(['dpkg-deb', '--field', deb], timeout_s=60).stdout.rstrip('\n')
        size = deb.stat().st_size
        rows.append(f'{control}\nFilename: ./{deb.name}\nSize: {size}\nSHA256: {deb.stem}\n')
    index = '\n'.join(rows).encode()
    (folder / 'Packages').write_bytes(index)
    # mmdebstrap takes as essential only what is of the release.
    (folder / 'Release').write_text(
        f'Suite: {release}\nCodename: {release}\n'
        f'SHA256:\n {hashlib.sha256(index).hexdigest()} {len(index)} Packages\n'
    )


def _finish(tree: Path, recipe: Recipe) -> None:
    tree.chmod(0o755)
    remove(tree, (*_LEFT, *(pattern.lstrip('/') for pattern in recipe.remove)))
    for name in _EMPTY_FILES:
        (tree / name).write_text('')
        (tree / name).chmod(0o644)
    for user in recipe.users:
        _add_user(tree, user)
    for path in every(tree):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
            path.chmod(stat.S_IMODE(mode) & ~(stat.S_ISUID | stat.S_ISGID))
    drop_dangling(tree)


def remove(tree: Path, patterns: Sequence[str]) -> None:
    """Remove what any of *patterns* names; after ``**`` folders stay."""
    for pattern in patterns:
        if '..' in pattern.split('/'):
            raise errors.UsageFault(f'cannot remove "{pattern}": it leads out of the image')
        # What ** alone matches is another thing in each version of Python.
        wanted = f'{pattern}/*' if pattern.endswith('**') else pattern
        for path in sorted(tree.glob(wanted), reverse=True):
            if not _is_inside(tree, path):
                continue
            if path.is_symlink() or not path.is_dir():
                path.unlink(missing_ok=True)
            elif not pattern.endswith('**'):
                shutil.rmtree(path, ignore_errors=True)


def _is_inside(tree: Path, path: Path) -> bool:
    return path.parent.resolve().is_relative_to(tree.resolve())


def drop_dangling(tree: Path) -> None:
    """Remove links below the folders of documentation and alternatives whose targets were removed."""
    for name in ('etc/alternatives', 'usr/share', 'usr/bin', 'usr/sbin', 'usr/lib'):
        for path in every(tree / name):
            if path.is_symlink() and not os.path.lexists(inside(tree, path)):
                path.unlink()


def inside(tree: Path, path: Path) -> Path:
    """Where the link *path* of *tree* leads, followed as in a container: never out of the tree."""
    parts = list(reversed(path.relative_to(tree).parts))
    done: list[str] = []
    links = 0
    while parts:
        part = parts.pop()
        if part == '..':
            done = done[:-1]
            continue
        here = tree.joinpath(*done, part)
        if here.is_symlink() and links < 40:
            links += 1
            leads = os.readlink(here)
            if leads.startswith('/'):
                done = []
            parts += [part for part in reversed(leads.split('/')) if part not in ('', '.')]
        else:
            done.append(part)
    return tree.joinpath(*done)


def every(tree: Path) -> Iterable[Path]:
    """Everything below *tree*, links not followed, in order."""
    if not tree.is_dir():
        return
    for folder, folders, names in os.walk(tree):
        folders.sort()
        for name in sorted((*folders, *names)):
            yield Path(folder) / name


def _add_user(tree: Path, user: User) -> None:
    number = user.number
    for name, line in (
        ('etc/passwd', f'{user.name}:x:{number}:{number}::{user.home}:/usr/sbin/nologin\n'),
        ('etc/group', f'{user.name}:x:{number}:\n'),
        ('etc/shadow', f'{user.name}:!:::::::\n'),
        ('etc/gshadow', f'{user.name}:!::\n'),
    ):
        path = tree / name
        if path.is_file():
            with path.open('a') as out:
                out.write(line)
