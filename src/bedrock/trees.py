"""Directory trees that are replaced whole: whoever looks sees the old one or the new, never half of one."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

__all__ = ['copied', 'held', 'put', 'remove', 'replacing', 'sweep']

_AT_FDCWD = -100
_EXCHANGE = 2
"""RENAME_EXCHANGE of renameat2(2)."""
_NO_EXCHANGE = (errno.EINVAL, errno.ENOSYS, errno.EXDEV, errno.ENOTSUP)
_NEW, _OLD = '.hoodoo-new', '.hoodoo-old'


@contextlib.contextmanager
def replacing(target: Path, *, keep: Iterable[str] = ()) -> Generator[Path]:
    """A path to make the successor of *target* at; it takes its place when the block ends well.

    What the block leaves there, a file, a link or a tree, replaces whatever *target* was. When the block
    fails, or makes nothing, *target* stays as it is. One process at a time may replace a target.

    Args:
        keep: Relative paths that move from the old tree into the new one unless that has them.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # A name of our own: a program that a killed process left behind may still write to the old one.
    new = target.with_name(f'.{target.name}.{os.getpid()}{_NEW}')
    remove(new)
    try:
        yield new
        if os.path.lexists(new):
            put(new, target, keep=keep)
    finally:
        remove(new)


def put(new: Path, target: Path, *, keep: Iterable[str] = ()) -> None:
    """Move *new* to *target*, which it replaces in one step where the file system can."""
    if not os.path.lexists(target):
        new.rename(target)
        return
    if not _exchange(new, target):
        old = target.with_name(f'.{target.name}{_OLD}')
        remove(old)
        target.rename(old)
        new.rename(target)
        old.rename(new)
    for name in keep:
        left, wanted = new / name, target / name
        if os.path.lexists(left) and not os.path.lexists(wanted) and wanted.parent.is_dir():
            left.rename(wanted)
    remove(new)


def sweep(folder: Path) -> None:
    """Undo or finish in *folder* what a killed process left: nothing half made stays."""
    for entry in list(folder.iterdir()) if folder.is_dir() else ():
        if entry.name.startswith('.') and entry.name.endswith(_OLD):
            target = entry.with_name(entry.name[1 : -len(_OLD)])
            if os.path.lexists(target):
                remove(entry)
            else:
                entry.rename(target)
    for entry in list(folder.iterdir()) if folder.is_dir() else ():
        if entry.name.startswith('.') and entry.name.endswith(_NEW):
            remove(entry)


def remove(path: Path) -> None:
    """Remove whatever is at *path*, which need not be there; folders that forbid it included."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return

    def unlock(function: Callable[[str], object], name: str, _info: object) -> None:
        for locked in (Path(name).parent, Path(name)):
            if not locked.is_symlink() and locked.is_dir():
                locked.chmod(stat.S_IRWXU)
        function(name)

    shutil.rmtree(path, onerror=unlock)


def copied(source: Path, target: Path, *, link: bool = False) -> None:
    """Make *target* a copy of the tree *source*, links kept as links.

    Args:
        link: Share the files' content, for a copy whose files are replaced and never written to.
    """

    def shared(one: str, other: str) -> str:
        try:
            os.link(one, other, follow_symlinks=False)
        except OSError:  # another file system, or a file of somebody else
            shutil.copy2(one, other, follow_symlinks=False)
        return other

    shutil.copytree(source, target, symlinks=True, copy_function=shared if link else shutil.copy2)


@contextlib.contextmanager
def held(path: Path) -> Generator[None]:
    """Hold the lock file *path* against other threads and processes; it ends with the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two paths in one step; False when the file system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), 'renameat2', None)
    if rename is None:
        return False
    done = rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), ctypes.c_uint(_EXCHANGE))
    if done == 0:
        return True
    number = ctypes.get_errno()
    if number in _NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(other))
