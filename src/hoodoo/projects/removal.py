"""Remove projects and workspaces from disk. What LOCAL holds and what runs in Juju is never touched."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from bedrock import errors
from hoodoo.projects import layout

_MOUNTS = Path('/proc/self/mountinfo')


def workspace(space: layout.Workspace) -> None:
    """Remove *space* with all that is in it.

    Raises:
        Fault: a run is in it, something is mounted below it, or a file cannot be removed.
    """
    with space.held():
        _check_mounts(space.path)
        _remove(space.path)


def project(found: layout.Project) -> None:
    """Remove *found* with its workspaces and its container's root; what it is known by goes last.

    Raises:
        Fault: as for `workspace`; then nothing was removed.
    """
    with contextlib.ExitStack() as stack:
        for space in layout.workspaces(found):
            stack.enter_context(space.held())
        _check_mounts(found.path)
        for entry in sorted(found.path.iterdir(), key=lambda path: path.name == layout.MARK):
            _remove(entry)
    _remove(found.path)
    with contextlib.suppress(OSError):
        found.path.parent.rmdir()  # unless it has other series


def mounted_below(path: Path, mountinfo: str) -> Sequence[str]:
    """The mount points at *path* or below, as ``/proc/self/mountinfo`` lists them."""
    points = (line.split()[4].encode().decode('unicode_escape') for line in mountinfo.splitlines())
    return [point for point in points if Path(point).is_relative_to(path)]


def _check_mounts(path: Path) -> None:
    try:
        mounted = mounted_below(path.resolve(), _MOUNTS.read_text())
    except FileNotFoundError:
        return  # not Linux, where nothing here mounts anything
    if mounted:
        raise errors.Fault(
            f'cannot remove {path}: {mounted[0]} is mounted', hint=f'Run umount {mounted[0]} and try again.'
        )


def _remove(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as err:
        hint = 'Run it as root: a container has files of other users.' if os.geteuid() else ''
        raise errors.Fault(f'cannot remove {err.filename or path}: {err.strerror}', hint=hint) from None
