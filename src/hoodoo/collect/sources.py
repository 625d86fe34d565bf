"""Carry out a collect file: every directive, in parallel where independent; then the charm repository."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bedrock import errors
from hoodoo.collect import grammar
from hoodoo.spec import copying, git, sources

_WORKERS = 8
_CHARM_MARKS = ('metadata.yaml', 'charmcraft.yaml')


def local_path(directive: grammar.Directive, origin: Path) -> Path:
    """Where a local directive's source is; relative ones start at the spec's own directory."""
    return Path(os.path.normpath(origin / directive.source.removeprefix('file://')))


def collect(directives: tuple[grammar.Directive, ...], *, build: Path, origin: Path) -> Iterator[str]:
    """Bring every directive's source into *build*; yields one line for each when it is there.

    Raises:
        Fault: a source cannot be had; directives below its destination are not tried.
    """
    build.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix='collect') as pool:
        try:
            for level in grammar.levels(directives):
                futures = [pool.submit(_fetch, directive, build, origin) for directive in level]
                yield from (future.result() for future in futures)
        except BaseException:
            # Failed or interrupted: what has not begun does not begin any more.
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def stock(build: Path, repo: Path) -> list[str]:
    """Copy each collected charm into the repository directory *repo*; returns the names that changed."""
    changed: list[str] = []
    for folder in sorted(entry for entry in build.iterdir() if entry.is_dir()):
        if any((folder / mark).is_file() for mark in _CHARM_MARKS) and copying.mirror(
            folder.resolve(), repo / folder.name
        ):
            changed.append(folder.name)
    return changed


def _fetch(directive: grammar.Directive, build: Path, origin: Path) -> str:
    target = build / directive.destination
    try:
        if directive.kind == 'git':
            return f'{directive.destination}: {_git(directive, target)}'
        if directive.kind == 'empty':
            return f'{directive.destination}: {_empty(directive, target)}'
        return f'{directive.destination}: {_local(directive, target, origin)}'
    except (errors.Fault, OSError) as err:
        raise errors.Fault(f'cannot collect "{directive.destination}" from {directive.source}') from err


def _git(directive: grammar.Directive, target: Path) -> str:
    options = directive.options
    commit = git.fetch(
        sources.git_url(directive.source),
        target,
        revno=options.get('revno', ''),
        branch=options.get('branch', ''),
        depth=int(options['depth']) if options.get('depth') else None,
        anew=directive.overwrite,
    )
    return f'commit {commit[:12]}'


def _empty(directive: grammar.Directive, target: Path) -> str:
    if directive.overwrite:
        shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True, exist_ok=True)
    return 'directory'


def _local(directive: grammar.Directive, target: Path, origin: Path) -> str:
    source = local_path(directive, origin)
    method = directive.options.get('method', 'rsync')
    if method == 'link':
        if target.exists() and not target.is_symlink():
            raise errors.Fault(f'{target} is in the way of a link')
        target.unlink(missing_ok=True)
        target.symlink_to(source)
        return f'link to {source}'
    if directive.overwrite and target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    if source.is_file():
        shutil.copy2(source, target)
        return f'copy of {source}'
    changed = copying.mirror(source, target, delete=method != 'copy', hardlink=method == 'hardlink')
    return f'{changed} entries changed' if changed else 'unchanged'
