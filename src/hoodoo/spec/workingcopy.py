"""The copy of a spec that a workspace has for itself."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path


def replicate(source: Path, target: Path, *, leave_out: Callable[[Path], bool]) -> None:
    """Make *target*, which is not there, a copy of *source* that its owner may write.

    Links that stay inside the tree stay links. From its new place a relative link that leads out of the tree
    would lead elsewhere: what it leads to is copied instead. Absolute links that lead out stay as they are.

    Args:
        source: A path without links.
        leave_out: Whether an entry of *source* is not wanted in the copy.
    """
    _replicate(source, target, (source,), leave_out)


def _replicate(source: Path, target: Path, tops: tuple[Path, ...], leave_out: Callable[[Path], bool]) -> None:
    """*source* lies in the last of *tops*, which was reached by a link out of the one before it."""
    target.mkdir(parents=True)
    for entry in os.scandir(source):
        inner, outer = Path(entry.path), target / entry.name
        if leave_out(inner):
            continue
        if entry.is_symlink():
            _link(inner, outer, tops, leave_out)
        elif entry.is_dir():
            _replicate(inner, outer, tops, leave_out)
        elif entry.is_file():
            _file(inner, outer)
    shutil.copystat(source, target)
    target.chmod(target.stat().st_mode | stat.S_IRWXU)


def _link(inner: Path, outer: Path, tops: tuple[Path, ...], leave_out: Callable[[Path], bool]) -> None:
    text = os.readlink(inner)
    leads_to = Path(os.path.normpath(inner.parent / text))
    inside = leads_to.is_relative_to(tops[-1])
    real = inner.resolve()
    if inside and os.path.isabs(text):
        outer.symlink_to(os.path.relpath(leads_to, inner.parent))
    elif inside or os.path.isabs(text) or any(top.is_relative_to(real) for top in tops):
        # A directory that holds the tree itself cannot be copied into it.
        outer.symlink_to(text)
    elif real.is_dir():
        _replicate(real, outer, (*tops, real), leave_out)
    elif real.is_file():
        _file(real, outer)
    else:
        outer.symlink_to(text)


def _file(source: Path, target: Path) -> None:
    shutil.copy2(source, target)
    target.chmod(target.stat().st_mode | stat.S_IWUSR)
