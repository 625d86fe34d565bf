"""Make one directory tree like another, copying what differs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path


def mirror(
    source: Path, target: Path, *, delete: bool = True, hardlink: bool = False, keep: Collection[Path] = ()
) -> int:
    """Make *target* hold what *source* holds; returns how many entries were written or removed.

    Links stay links. A file of the same size, time and mode is taken for the same.

    Args:
        delete: Remove what *source* does not have.
        hardlink: Link files instead of copying them.
        keep: Paths in *target* that are left alone.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        target.unlink()
    target.mkdir(parents=True, exist_ok=True)
    changed = 0
    names = {entry.name for entry in os.scandir(source)}
    if delete:
        for stale in [entry for entry in os.scandir(target) if entry.name not in names]:
            if Path(stale.path) not in keep:
                _remove(Path(stale.path))
                changed += 1
    for name in sorted(names):
        inner, outer = source / name, target / name
        if outer in keep:
            continue
        if inner.is_dir() and not inner.is_symlink():
            changed += mirror(inner, outer, delete=delete, hardlink=hardlink, keep=keep)
        elif not same(inner, outer, hardlink=hardlink):
            _remove(outer)
            if hardlink and not inner.is_symlink():
                os.link(inner, outer)
            else:
                shutil.copy2(inner, outer, follow_symlinks=False)
            changed += 1
    return changed


def differs(
    source: Path, target: Path, *, delete: bool = True, hardlink: bool = False, keep: Collection[Path] = ()
) -> bool:
    """Whether `mirror` would change anything."""
    if target.is_symlink() or not target.is_dir():
        return True
    names = {entry.name for entry in os.scandir(source)}
    here = {entry.name for entry in os.scandir(target)}
    if delete and any(target / name not in keep for name in here - names):
        return True
    for name in names:
        inner, outer = source / name, target / name
        if outer in keep:
            continue
        if inner.is_dir() and not inner.is_symlink():
            if differs(inner, outer, delete=delete, hardlink=hardlink, keep=keep):
                return True
        elif not same(inner, outer, hardlink=hardlink):
            return True
    return False


def same(one: Path, other: Path, *, hardlink: bool = False) -> bool:
    """Whether two files or links are taken for the same."""
    if not os.path.lexists(other) or one.is_symlink() != other.is_symlink():
        return False
    if one.is_symlink():
        return one.readlink() == other.readlink()
    if other.is_dir():
        return False
    here, there = one.stat(), other.stat()
    if hardlink:
        return here.st_ino == there.st_ino
    return (here.st_size, here.st_mtime_ns, here.st_mode) == (there.st_size, there.st_mtime_ns, there.st_mode)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
