"""Carry out a collect file: every directive, in parallel where independent; then the charm repository."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bedrock import errors, trees
from hoodoo import wording
from hoodoo.collect import (
    charmhub,
    checkouts,
    copying,
    download,
    grammar,
    info,
    local,
    lock,
    orders,
    schedule,
)

_CHARM_MARKS = ('metadata.yaml', 'charmcraft.yaml')
_FETCHERS: Mapping[str, Callable[[orders.Order, orders.Means], orders.Got]] = {
    'empty': local.empty,
    'local': local.local,
    'git': checkouts.git_tree,
    'bzr': checkouts.bzr_tree,
    'web': download.web_file,
    'charm': charmhub.charm,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A directive that could not be carried out."""

    directive: grammar.Directive
    error: Exception | None = None
    spared: str = ''
    """The directive whose failure kept this one from being tried."""


def collect(
    directives: Sequence[grammar.Directive],
    means: orders.Means,
    *,
    pins: Mapping[str, lock.Pin] | None = None,
    before: Mapping[str, lock.Pin] | None = None,
    workers: int = orders.DEFAULT_WORKERS,
    fallback: bool = False,
    progress: Callable[[str], object] = lambda text: None,
) -> Generator[orders.Got]:
    """Bring every directive's source into the build directory; yields each when it is there.

    Args:
        pins: What each must be, when that is locked.
        before: What each was the last time.
        fallback: Use what the cache has where a source cannot be had.
        progress: Hears what is under way.

    Raises:
        Fault: some sources cannot be had, all of them named; directives below their destinations were not
            tried, everything else was.
    """
    means.build.mkdir(parents=True, exist_ok=True)
    by_name = {one.destination: one for one in directives}
    for folder in {(means.build / name).parent for name in by_name}:
        trees.sweep(folder)

    def work(name: str, say: Callable[[str], None]) -> orders.Got:
        directive = by_name[name]
        inner = tuple(
            str(PurePosixPath(other).relative_to(name))
            for other in by_name
            if other != name and PurePosixPath(other).is_relative_to(name)
        )
        order = orders.Order(
            directive=directive,
            pin=(pins or {}).get(name),
            before=(before or {}).get(name),
            inner=inner,
            say=say,
        )
        got = (_of_cache if fallback else _fetched)(order, means)
        _note(got, means.build / name, inner, say)
        return got

    failures: list[Failure] = []
    running: dict[str, str] = {}
    done = 0
    needs = grammar.parents(tuple(directives))
    events = schedule.run(list(by_name), needs, work, workers=max(1, workers), stop=means.stop)
    try:
        for event in events:
            if isinstance(event, schedule.Said):
                running[event.name] = event.text
            else:
                running.pop(event.name, None)
                done += 1
                if event.result is not None:
                    yield event.result
                else:
                    directive = by_name[event.name]
                    failures.append(Failure(directive=directive, error=event.error, spared=event.spared))
            progress(_progress(done, len(by_name), running))
    finally:
        events.close()
        for folder in {(means.build / name).parent for name in by_name}:
            trees.sweep(folder)
    if failures:
        raise _fault(failures, len(by_name))


def stock(build: Path, repo: Path) -> list[str]:
    """Copy each collected charm into the repository directory *repo*; returns the names that changed."""
    changed: list[str] = []
    repo.mkdir(parents=True, exist_ok=True)
    trees.sweep(repo)
    for folder in sorted(entry for entry in build.iterdir() if entry.is_dir()):
        if folder.name.startswith('.') or not any((folder / mark).is_file() for mark in _CHARM_MARKS):
            continue
        source, target = folder.resolve(), repo / folder.name
        if copying.differs(source, target):
            with trees.replacing(target) as new:
                if target.is_dir() and not target.is_symlink():
                    trees.copied(target, new, link=True)
                copying.mirror(source, new)
            changed.append(folder.name)
    return changed


def _fetched(order: orders.Order, means: orders.Means) -> orders.Got:
    return _FETCHERS[order.directive.kind](order, means)


def _of_cache(order: orders.Order, means: orders.Means) -> orders.Got:
    """Fetch; where that fails, take what the cache has, and say so."""
    try:
        return _fetched(order, means)
    except errors.Fault as err:
        if means.stop.is_set():
            raise
        try:
            got = _fetched(order, dataclasses.replace(means, offline=True))
        except errors.Fault:
            raise err from None
        why = str(err).partition('\n')[0]
        return dataclasses.replace(got, about=f'{got.about}, of the cache: {why}')


def _note(got: orders.Got, target: Path, inner: tuple[str, ...], say: Callable[[str], None]) -> None:
    """Note in a directory where it came from; a link leads to somebody else's."""
    if got.url and target.is_dir() and not target.is_symlink():
        if got.state == orders.UNCHANGED and info.noted_url(target) == got.url:
            return
        say('noting where it came from')
        info.note(target, got.url, skip=inner)


def _progress(done: int, whole: int, running: Mapping[str, str]) -> str:
    under_way = ', '.join(f'{name} ({text})' for name, text in running.items())
    return f'{done} of {whole} collected' + (f'; {under_way}' if under_way else '')


def _fault(failures: list[Failure], whole: int) -> errors.Fault:
    """One error for all that failed."""
    first = failures[0]
    if len(failures) == 1 and first.error is not None:
        fault = _of(first.directive)
        fault.__cause__ = first.error
        return fault
    lines: list[str] = []
    for failure in failures:
        if failure.spared:
            lines.append(f'{failure.directive.destination}: not tried, it is in "{failure.spared}"')
        else:
            said = errors.render(failure.error or _of(failure.directive)).removeprefix('ERROR ')
            lines.append(f'{failure.directive.destination} from {failure.directive.shown}: {said}')
    told = ''.join('\n  ' + line.replace('\n', '\n  ') for line in lines)
    return errors.Fault(f'cannot collect {len(failures)} of {wording.counted(whole, "source")}:{told}')


def _of(directive: grammar.Directive) -> errors.Fault:
    where = f'{directive.file}:{directive.line}' if directive.file else ''
    return errors.Fault(f'cannot collect "{directive.destination}" from {directive.shown}', where=where)
