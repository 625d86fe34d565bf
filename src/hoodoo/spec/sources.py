"""Where a spec comes from: a directory, or a repository that is cloned; and its copy in the workspace."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, trees
from hoodoo.spec import addresses, workingcopy
from hoodoo.vcs import bzr, git

_NOT_COPIED = frozenset({'.git', '.bzr'})


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A spec where its author keeps it; relative paths of the spec start at *root*."""

    name: str
    root: Path
    url: str
    label: str
    """The root as messages write it: as it was given, so that their places can be followed."""
    revision: str = ''
    """The commit of what was cloned; empty for a directory."""


Fetch = Callable[[addresses.Address, Path], str]
"""Bring a folder, which may be there already, to an address, and return the revision."""


def find(spec: str, *, clones: Path, offline: bool = False) -> Origin:
    """Return the origin of *spec*: a directory, or an address which is cloned below *clones*.

    Args:
        offline: Use what was cloned before as it is.

    Raises:
        UsageFault: there is no such directory, the address makes no sense, or, offline, was never cloned.
        Fault: it cannot be cloned or brought up to date.
    """
    if os.path.isdir(spec):  # even when its name looks like an address
        return _directory(spec, spec)
    address = addresses.parse(spec)
    if address.kind == addresses.DIRECTORY:
        return _directory(spec, address.url)
    if os.path.isdir(address.url):
        url = str(Path(address.url).resolve())
        address = addresses.Address(kind=address.kind, url=url, options=address.options)
        spec = url + ''.join(f';{key}={value}' for key, value in address.options.items())
    # Two versions of one repository are two clones, so that two runs do not move each other's files.
    digest = hashlib.sha256(spec.encode()).hexdigest()[:8]
    folder = clones / f'{address.name or "spec"}-{digest}'
    with trees.held(folder.with_name(f'.{folder.name}.lock')):
        if offline:
            revision = _known(spec, folder)
        else:
            revision = _fetched(spec, address, folder)
            _note(folder).write_text(revision)
    return Origin(name=address.name, root=folder.resolve(), url=spec, label=str(folder), revision=revision)


def refresh(origin: Origin, folder: Path) -> None:
    """Make *folder*, a workspace's ``spec``, a fresh copy of the spec that scripts may write to."""
    mojo_root = folder.resolve().parents[3]
    trees.sweep(folder.parent)
    with trees.replacing(folder) as fresh:
        # Workspaces may lie inside a spec's directory, and so would their copies.
        workingcopy.replicate(
            origin.root, fresh, leave_out=lambda entry: entry.name in _NOT_COPIED or entry == mojo_root
        )


def _directory(spec: str, path: str) -> Origin:
    root = Path(path).absolute()
    if not root.is_dir():
        how = 'it is a file' if root.is_file() else 'there is no such directory'
        raise errors.UsageFault(
            f'cannot find spec "{spec}": {how}',
            hint='Name the directory of a spec, or a git repository as git+https://host/path.',
        )
    root = root.resolve()
    return Origin(name=root.name, root=root, url=str(root), label=os.path.normpath(path))


def _fetched(spec: str, address: addresses.Address, folder: Path) -> str:
    was_there = folder.is_dir()
    try:
        return _FETCH[address.kind](address, folder)
    except errors.Fault as err:
        if not was_there:
            raise errors.Fault(f'cannot fetch spec "{spec}"', hint=_at_sign(spec)) from err
        raise errors.Fault(
            f'cannot bring spec "{spec}" up to date',
            hint='To use it as it was fetched last, add --offline in front of the command.',
        ) from err


def _at_sign(spec: str) -> str:
    """A hint for those who know pip's way to name a revision."""
    bare, at, revision = spec.rpartition('@')
    if at and '/' not in revision and ':' not in revision and ';' not in spec and '/' in bare:
        return f'For a revision, write "{bare};revno={revision}".'
    return ''


def _known(spec: str, folder: Path) -> str:
    """The revision of a clone that is there already."""
    if not (folder.is_dir() and _note(folder).exists()):
        raise errors.UsageFault(
            f'cannot use spec "{spec}" offline: it was never fetched here',
            hint='Run once without --offline.',
        )
    return _note(folder).read_text()


def _note(folder: Path) -> Path:
    """The file that says at which revision the clone *folder* is; it is written last."""
    return folder.with_name(f'.{folder.name}.revision')


def _git(address: addresses.Address, folder: Path) -> str:
    options = address.options
    branch, revno = options.get('branch', ''), options.get('revno', '')
    return git.fetch(address.url, folder, branch=branch, revno=revno).revision


def _bzr(address: addresses.Address, folder: Path) -> str:
    return bzr.fetch(address.url, folder, revno=address.options.get('revno', '')).revision


_FETCH: Mapping[str, Fetch] = {addresses.GIT: _git, addresses.BZR: _bzr}
