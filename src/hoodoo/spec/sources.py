"""Where a spec comes from: a directory, or a git repository that is cloned; and its copy in the workspace."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors
from hoodoo.spec import git

_GIT = ('git+http://', 'git+https://', 'git+ssh://', 'git+file://', 'git://', 'git@')


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A spec where its author keeps it; relative paths of the spec start at *root*."""

    name: str
    root: Path
    url: str
    label: str
    """The root as messages write it: as it was given, so that their places can be followed."""


def find(spec: str, *, clones: Path) -> Origin:
    """Return the origin of *spec*: a directory, or a git URL which is cloned below *clones*.

    Raises:
        UsageFault: there is no such directory.
    """
    if spec.startswith(_GIT):
        url, _, branch = spec.partition(';branch=')
        name = url.rstrip('/').rpartition('/')[2].removesuffix('.git')
        folder = clones / name
        git.fetch(git_url(url), folder, branch=branch)
        return Origin(name=name, root=folder, url=spec, label=str(folder))
    root = Path(spec).absolute()
    if not root.is_dir():
        how = 'it is a file' if root.is_file() else 'there is no such directory'
        raise errors.UsageFault(
            f'cannot find spec "{spec}": {how}',
            hint='Name the directory of a spec, or a git repository as git+https://host/path.',
        )
    root = root.resolve()
    return Origin(name=root.name, root=root, url=str(root), label=os.path.normpath(spec))


def git_url(url: str) -> str:
    """*url* without the ``git+`` that tells collect how to fetch it."""
    return url.removeprefix('git+')


def refresh(origin: Origin, folder: Path) -> None:
    """Make *folder* a fresh copy of the spec, links kept as links."""
    fresh = folder.with_name(f'.{folder.name}.new')
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(origin.root, fresh, symlinks=True, ignore=shutil.ignore_patterns('.git'))
    old = folder.with_name(f'.{folder.name}.old')
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
