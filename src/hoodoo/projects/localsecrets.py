"""Secrets: what an operator keeps under LOCAL is copied into the workspace, for the owner alone.

The path is ``$MOJO_ROOT/LOCAL/<project>/<stage>``. Copying only adds: a build may have put
certificates beside.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, files
from hoodoo.projects import layout

_FILE, _FOLDER = 0o600, 0o700


@dataclass(frozen=True, slots=True)
class Brought:
    """What a copy did."""

    files: int = 0
    """How many there are under LOCAL."""
    changed: int = 0
    """How many of them were new or differed."""


def source(space: layout.Workspace, stage: str) -> Path:
    """Where the operator puts the secrets of *space* and *stage*."""
    return folder(space.project.root, space.project.name, stage)


def folder(root: Path, project: str, stage: str) -> Path:
    """Where the operator puts the secrets of *stage* of the project called *project*."""
    return root / layout.LOCAL / project / stage


def bring(space: layout.Workspace, stage: str) -> Brought:
    """Copy the secrets into the workspace's local directory; where there are none, nothing happens.

    Links are followed: a workspace has no part in what is beside LOCAL.

    Raises:
        Fault: one cannot be read, or something in the local directory is in its way.
    """
    start = source(space, stage)
    if not start.is_dir():
        return Brought()
    count, changed = 0, 0
    try:
        _folder(space.local)
        for place, names, found in os.walk(start, followlinks=True):
            names[:] = [name for name in sorted(names) if not _contains(Path(place, name), Path(place))]
            for name in names:
                _folder(space.local / Path(place, name).relative_to(start))
            for name in sorted(found):
                file = Path(place, name)
                count += 1
                changed += _copy(file, space.local / file.relative_to(start))
    except OSError as err:
        raise errors.Fault(
            f'cannot copy secrets from {start}: {err.filename}: {err.strerror}',
            hint='Every file there must be readable, and no link may lead nowhere.',
        ) from err
    return Brought(count, changed)


def _contains(link: Path, folder: Path) -> bool:
    """Whether *link* leads back to where it is in, so that following it would not end."""
    return link.is_symlink() and folder.resolve().is_relative_to(link.resolve())


def _folder(path: Path) -> None:
    path.mkdir(mode=_FOLDER, exist_ok=True)
    path.chmod(_FOLDER)
    files.give_to_owner(path)


def _copy(file: Path, target: Path) -> bool:
    here = file.stat()
    if not target.is_symlink() and target.is_file():
        there = target.stat()
        if (here.st_size, here.st_mtime_ns, _FILE) == (
            there.st_size,
            there.st_mtime_ns,
            there.st_mode & 0o777,
        ):
            return False
    scratch = target.with_name(f'.{target.name}.new')
    scratch.unlink(missing_ok=True)
    number = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE)
    with os.fdopen(number, 'wb') as out, file.open('rb') as data:
        shutil.copyfileobj(data, out)
    os.utime(scratch, ns=(here.st_atime_ns, here.st_mtime_ns))
    files.give_to_owner(scratch)
    scratch.replace(target)
    return True
