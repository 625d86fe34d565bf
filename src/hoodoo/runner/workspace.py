"""What a run finds in its workspace: a fresh copy of the spec, or the one that an earlier run worked with."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from hoodoo.projects import localsecrets
from hoodoo.review import request
from hoodoo.spec import sources


def prepare(asked: request.Request, *, fresh: bool) -> None:
    """Make the workspace, and bring the spec (when *fresh*) and the secrets into it."""
    space = asked.workspace
    space.ensure(spec=asked.origin.url, stage=asked.stage)
    if fresh:
        sources.refresh(asked.origin, space.spec)
    localsecrets.bring(space, asked.stage)


def digest(spec: Path) -> str:
    """Tells whether a spec's files, as `sources.refresh` copies them, have changed."""
    whole = hashlib.sha256()
    for folder, folders, names in os.walk(spec):
        folders[:] = sorted(name for name in folders if name != '.git')
        for name in sorted((*names, *(n for n in folders if Path(folder, n).is_symlink()))):
            path = Path(folder, name)
            if path.is_symlink():
                kind, data = 'link', os.fsencode(path.readlink())
            elif path.is_file():
                kind, data = f'{path.stat().st_mode:o}', path.read_bytes()
            else:
                continue
            whole.update(f'{path.relative_to(spec)}\0{kind}\0{len(data)}\0'.encode())
            whole.update(data)
    return whole.hexdigest()
