"""Ask a repository for what is new: one small git program, and a fetch only when a branch has moved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, urls
from hoodoo.ci.watch import config, deciding, history
from hoodoo.vcs import gitmirror

_ASK_S = 60.0
# Oldest first: of those of one second whoever is noted later is the newer one.
_LOG = (
    *('log', '--topo-order', '--reverse', '--diff-merges=first-parent', '--no-renames', '-z', '--name-only'),
    '--format=%x01%H %ct',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a poll found."""

    heads: tuple[history.Head, ...] = ()
    """Branches that have moved."""
    new: tuple[history.New, ...] = ()
    """Revisions to be tried."""
    gone: tuple[str, ...] = ()
    """Branches that are known and not there any more."""


def poll(repository: config.Repository, known: Mapping[tuple[str, str], str], *, mirrors: Path) -> Found:
    """Ask *repository* for what is new.

    Args:
        known: Commits that were looked at, by spec and branch.
        mirrors: Where copies of repositories are kept.

    Raises:
        Fault: it does not answer, or has none of the branches.
    """
    shown = urls.shown(repository.url)
    words = ('ls-remote', '--symref', '--', shown, 'HEAD', 'refs/heads/*')
    said = gitmirror.run(*words, url=repository.url, timeout_s=_ASK_S).stdout
    listed = deciding.listing(said)
    there = deciding.watched(listed, repository.branches)
    if not there:
        wanted = f'no branch "{", ".join(repository.branches)}"' if repository.branches else 'no commits'
        raise errors.Fault(f'{shown} has {wanted}')
    moved = [
        (spec, branch, commit)
        for branch, commit in there.items()
        for spec in repository.specs
        if known.get((spec.name, branch)) != commit
    ]
    new: list[history.New] = []
    for spec, branch, commit in moved:
        mirror = gitmirror.Mirror(repository.url, mirrors, wanted=commit)
        with mirror.held():
            mirror.refresh(offline=False, say=lambda text: None)
        before = known.get((spec.name, branch), '')
        new += _new(mirror.path, spec, branch, before, commit, every=repository.every)
    heads = [history.Head(spec=spec.name, branch=branch, commit=commit) for spec, branch, commit in moved]
    gone = sorted({branch for _, branch in known} - listed.heads.keys())
    return Found(heads=tuple(heads), new=tuple(new), gone=tuple(gone))


def _new(
    mirror: Path, spec: config.Spec, branch: str, before: str, head: str, *, every: bool
) -> Iterator[history.New]:
    """What is to be tried now that *branch* is at *head*; a branch that is new is tried at its head only."""

    def new(commit: str, seconds: int) -> history.New:
        return history.New(spec=spec.name, branch=branch, commit=commit, committed_ms=seconds * 1000)

    known = bool(before) and _there(mirror, f'{before}^{{commit}}')
    if known and every:
        for commit, seconds, paths in _log(mirror, f'{before}..{head}'):
            if deciding.touches(paths, spec) and _has(mirror, commit, spec):
                yield new(commit, seconds)
        return
    if not _has(mirror, head, spec):
        return
    if known:
        said = gitmirror.git(mirror, 'diff', '--no-renames', '--name-only', '-z', before, head, '--')
        if not deciding.touches(_paths(said), spec):
            return
    yield new(head, int(gitmirror.git(mirror, 'log', '-1', '--format=%ct', head)))


def _log(mirror: Path, span: str) -> Iterator[tuple[str, int, Sequence[str]]]:
    """Commits with their times and the paths that they change, parents before their children."""
    for part in gitmirror.git(mirror, *_LOG, span, '--').split('\x01')[1:]:
        found = re.match(r'([0-9a-f]{40}) (\d+)[\x00\n]*', part)
        assert found is not None, 'it is of our format'
        yield found[1], int(found[2]), _paths(part[found.end() :])


def _paths(said: str) -> list[str]:
    return [path for path in said.split('\x00') if path.strip('\n')]


def _has(mirror: Path, commit: str, spec: config.Spec) -> bool:
    return _there(mirror, f'{commit}:{spec.path}')


def _there(mirror: Path, name: str) -> bool:
    return gitmirror.attempt(mirror, 'cat-file', '-e', name).returncode == 0
