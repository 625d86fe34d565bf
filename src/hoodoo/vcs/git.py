"""Clone and update git trees.

A bare mirror of each repository is kept, so that a second tree needs no network but what is new. Trees are
made beside their place and take it in one step.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, trees, urls
from hoodoo.vcs import gitmirror

SCHEMES = ('git', 'git+http', 'git+https', 'git+ssh', 'git+file', 'git+lp')
_SCP = re.compile(r'[\w.+-]+@[\w.-]+:(?!//)\S+')
_LAUNCHPAD = 'https://git.launchpad.net/'
_TO_REFS = ('+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*', '+refs/hoodoo/*:refs/hoodoo/*')
_FETCH = ('fetch', '--quiet', '--force', '--prune', '--update-shallow')
_OVERWRITE = 'Add overwrite=True to its collect line to start anew.'
_MARK = 'hoodoo.commit'
"""In a tree's own git configuration: the commit that we put there, to tell whose commits are there."""

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A tree that is there."""

    revision: str
    """The commit."""
    digest: str
    """``git-tree:`` and the hash of the commit's content."""
    name: str
    """The branch, tag or the like that it was found by."""
    changed: bool
    """Whether the tree is another than before."""


def is_scp(source: str) -> bool:
    """Whether *source* is of the form ``user@host:path``."""
    return bool(_SCP.fullmatch(source))


def plain_url(source: str) -> str:
    """The URL that git takes for a source as specs write it."""
    if source.startswith('git+lp:'):
        return _LAUNCHPAD + source.removeprefix('git+lp:').lstrip('/')
    return source.removeprefix('git+')


def available() -> bool:
    """Whether git can be run here."""
    return shutil.which('git') is not None


def fetch(
    source: str,
    folder: Path,
    *,
    revno: str = '',
    branch: str = '',
    depth: int | None = None,
    anew: bool = False,
    mirrors: Path | None = None,
    offline: bool = False,
    keep: Sequence[str] = (),
    say: Say = lambda text: None,
) -> Fetched:
    """Bring *folder* to the newest *source*, in one step.

    Args:
        source: A URL, with or without the ``git+`` that specs write.
        revno: Any commit, tag or branch to check out.
        branch: Follow this branch instead of the repository's own.
        depth: How many commits to fetch at most.
        anew: Throw away what is there.
        mirrors: Where mirrors are kept; default: beside *folder*.
        offline: Use what the mirrors have.
        keep: Paths in *folder* that are not the repository's and stay.

    Raises:
        UsageFault: *folder* holds something else. Fault: git failed, or there is no such commit.
    """
    url = plain_url(source)
    there = folder.is_dir() and not folder.is_symlink() and any(folder.iterdir()) and not anew
    if there:
        _check_origin(url, folder)
    store = mirrors or folder.parent / '.mirrors'
    mirror = gitmirror.Mirror(url, store, depth=depth, wanted=revno or branch)
    with contextlib.ExitStack() as lock, contextlib.ExitStack() as stack:
        lock.enter_context(mirror.held())
        mirror.refresh(offline=offline, say=say)
        commit, name = mirror.find(revno, branch, offline=offline)
        digest = f'git-tree:{mirror.tree_of(commit)}'
        if there and gitmirror.git(folder, 'rev-parse', 'HEAD').strip() == commit:
            return Fetched(revision=commit, digest=digest, name=name, changed=False)
        say('checking out')
        new = stack.enter_context(trees.replacing(folder, keep=keep))
        if there:
            # Files that git changes it replaces, so the copy may share them with the tree that is left.
            trees.copied(folder, new, link=True)
        else:
            gitmirror.run('clone', '--quiet', '--no-checkout', '--', str(mirror.path), str(new))
            gitmirror.git(new, 'remote', 'set-url', 'origin', urls.shown(url))
        gitmirror.git(new, *_FETCH, str(mirror.path), *_TO_REFS)
        lock.close()  # a submodule may be the same repository again
        if there:
            _check_own_commits(new, commit, folder)
        _check_out(new, commit, folder)
        _submodules(new, url, store, offline=offline, say=say)
    return Fetched(revision=commit, digest=digest, name=name, changed=True)


def _check_origin(url: str, folder: Path) -> None:
    if not (folder / '.git').exists():
        raise errors.UsageFault(f'cannot update {folder}: it is not a git tree', hint=_OVERWRITE)
    origin = gitmirror.attempt(folder, 'remote', 'get-url', 'origin').stdout.strip()
    if origin not in (url, urls.shown(url)):
        other = f'from {urls.shown(origin)}, not from {urls.shown(url)}'
        raise errors.UsageFault(f'cannot update {folder}: it was cloned {other}', hint=_OVERWRITE)


def _check_own_commits(new: Path, commit: str, folder: Path) -> None:
    """Refuse to leave commits that somebody made in the tree."""
    at = gitmirror.git(new, 'rev-parse', 'HEAD').strip()
    ours = gitmirror.attempt(new, 'config', _MARK).stdout.strip()
    if at == ours or gitmirror.attempt(new, 'merge-base', '--is-ancestor', at, commit).returncode == 0:
        return
    if not gitmirror.git(
        new, 'for-each-ref', '--contains', at, '--count=1', 'refs/remotes/origin', 'refs/tags'
    ):
        raise errors.Fault(
            f'cannot update {folder}: it has commits of its own, and has diverged from its origin',
            hint=_OVERWRITE,
        )


def _check_out(new: Path, commit: str, folder: Path) -> None:
    done = gitmirror.attempt(new, 'checkout', '--quiet', '--detach', commit)
    if done.returncode != 0:
        why = ''.join(f'\n    {line}' for line in done.stderr.strip().splitlines()[:20])
        raise errors.Fault(f'cannot update {folder}: files in it were changed{why}', hint=_OVERWRITE)
    gitmirror.git(new, 'config', _MARK, commit)


def _submodules(new: Path, parent: str, store: Path, *, offline: bool, say: Say) -> None:
    """Bring every submodule to the commit that is asked for, from mirrors of their own."""
    if not (new / '.gitmodules').is_file():
        return
    listed = gitmirror.git(new, 'config', '--file', '.gitmodules', '--get-regexp', r'^submodule\..*\.path$')
    # Relative URLs are meant to start at the repository's own.
    gitmirror.git(new, 'submodule', '--quiet', 'init')
    gitmirror.git(new, 'submodule', '--quiet', 'sync')
    for line in listed.splitlines():
        key, path = line.split(' ', 1)
        name = key.removeprefix('submodule.').removesuffix('.path')
        url = gitmirror.attempt(new, 'config', f'submodule.{name}.url').stdout.strip()
        commit = gitmirror.attempt(new, 'rev-parse', '--verify', '--quiet', f':{path}').stdout.strip()
        if not url or not commit:
            continue
        if _is_local(url) and not _is_local(parent):
            raise errors.Fault(f'submodule "{path}" leads to this machine: {url}')
        mirror = gitmirror.Mirror(url, store)
        with mirror.held():
            mirror.refresh(offline=offline, say=lambda text, path=path: say(f'submodule {path}: {text}'))
            mirror.find(commit, '', offline=offline)
            redirect = ('-c', 'protocol.file.allow=always', '-c', f'url.{mirror.path}.insteadOf={url}')
            gitmirror.run('-C', str(new), *redirect, 'submodule', '--quiet', 'update', '--force', '--', path)
        _submodules(new / path, url, store, offline=offline, say=say)


def _is_local(url: str) -> bool:
    return url.startswith(('/', 'file:', '.'))
