"""The phase collect: bring sources into the build directory and charms into the repository."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bedrock import errors, trees
from hoodoo import settings, wording
from hoodoo.collect import grammar, kinds, local, lock, orders
from hoodoo.phases import base, common, options
from hoodoo.spec import manifest, reading
from hoodoo.vcs import bzr, git

_REMARKS = 5
"""So many remarks are told in a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a collect line may say."""

    config: str = 'collect'
    """The collect file."""
    locked: bool = False
    """Bring exactly what the lock file beside the collect file says; whatever differs is an error."""
    offline: bool = False
    """Use what the cache has, and no network; so does HOODOO_OFFLINE."""
    fallback: bool = False
    """Use what the cache has where a source cannot be had."""
    workers: int = orders.DEFAULT_WORKERS
    """How many sources are fetched at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A collect line whose file is fine."""

    options: Options
    remarks: tuple[errors.Problem, ...] = field(default=())

    def run(self, context: base.Context) -> base.Outcome:
        """Fetch all, write the lock file, then stock the repository."""
        from hoodoo.collect import sources  # what fetches is slow to import, and checks need none of it

        place, told = context.place, context.told
        for text in _remarks(self.remarks):
            told.note(text)
        file = place.view.get(self.options.config)
        read = _parsed(file, place)
        if read.problems:
            raise errors.Problems(f'cannot use collect file {place.view.shown(file)}', read.problems)
        means = orders.Means(
            build=place.workspace.build,
            origin=place.origin,
            cache=place.cache,
            series=place.series,
            charmhub=settings.charmhub_url(place.variables),
            offline=self.options.offline or settings.is_offline(place.variables),
        )
        written = _written(file, place)
        pins = _pins(file, read, place) if self.options.locked else None
        got: list[orders.Got] = []
        collecting = sources.collect(
            read.directives,
            means,
            pins=pins,
            before=_before(written),
            workers=self.options.workers,
            fallback=self.options.fallback,
            progress=told.progress,
        )
        width = max((len(one.destination) for one in read.directives), default=0)
        # Closing stops the threads that fetch, whatever ends this.
        with contextlib.closing(collecting):
            for one in collecting:
                got.append(one)
                told.note(f'{one.state:<9}  {one.kind:<5}  {one.destination:<{width}}  {one.about}')
        if pins is None and _write(written, read, got):
            told.note(f'locked in {written}')
        changed = sources.stock(place.workspace.build, place.workspace.repo / place.series)
        if changed:
            told.note(f'charm repository: {", ".join(changed)}')
        return base.Outcome(summary=_summary(got, changed))


class Collect:
    """See the module."""

    name = 'collect'
    model_use = base.ModelUse.NONE
    repeatable = True
    own = Options
    shared = common.STEP

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        """Check the collect file; local sources and the programs that fetch must be there."""
        given = options.read(Options, call, outlook.problems)
        told = 'config' not in given.untold
        file = base.find_file(call, given.options.config, place, outlook) if told else None
        if file is None:
            outlook.doubtful.add(self.name)
            return None
        try:
            read = _parsed(file, place)
        except errors.Problems as err:
            outlook.problems += err.problems
            outlook.doubtful.add(self.name)
            return None
        found = [*read.problems, *_missing(read.directives, place)]
        if read.problems:
            outlook.doubtful.add(self.name)
        elif given.options.locked:
            found += _lock_problems(call, file, read, place)
        outlook.problems += found
        outlook.remarks += read.remarks
        for directive in read.directives:
            if not kinds.makes_file(directive):
                outlook.charms[directive.destination] = (
                    local.path(directive, place.origin) if directive.kind == 'local' else None
                )
        return Job(options=given.options, remarks=read.remarks) if given.fine and not found else None


def _parsed(file: Path, place: base.Place) -> grammar.CollectFile:
    """The collect file.

    Raises:
        Problems: it is no text.
    """
    shown = place.view.shown(file)
    text = reading.read(file, shown=shown)
    build = place.workspace.build
    return grammar.parse(text, file=shown, exists=lambda folder: (build / folder).is_dir())


def _missing(directives: tuple[grammar.Directive, ...], place: base.Place) -> list[errors.Problem]:
    """What this machine lacks."""
    found: list[errors.Problem] = []
    for directive in directives:
        if directive.kind == 'local' and not os.path.exists(local.path(directive, place.origin)):
            hint = f'Relative sources start at {place.view.shown(place.origin)}/.'
            found.append(directive.problem(f'there is no "{directive.source}" to collect', hint=hint))
        elif directive.kind == 'git' and not git.available():
            found.append(
                directive.problem('git is not installed', hint='Install it, for example: apt install git')
            )
        elif directive.kind == 'bzr' and not bzr.program():
            found.append(directive.problem(bzr.MISSING, hint=bzr.INSTALL))
    return found


def _lock_problems(
    call: manifest.PhaseCall, file: Path, read: grammar.CollectFile, place: base.Place
) -> list[errors.Problem]:
    try:
        _pins(file, read, place)
    except errors.Problems as err:
        return list(err.problems)
    except errors.UsageFault as err:
        return [call.problem(err.message, hint=err.hint)]
    return []


def _pins(file: Path, read: grammar.CollectFile, place: base.Place) -> dict[str, lock.Pin]:
    """What the lock file says: the one beside the collect file, else what the workspace got the last time.

    Raises:
        Problems: it does not fit the collect file. UsageFault: there is none.
    """
    beside = file.with_name(file.name + lock.SUFFIX)
    path = next((one for one in (beside, _written(file, place)) if one.is_file()), None)
    if path is None:
        raise errors.UsageFault(
            f'there is no lock file {place.view.shown(beside)}',
            hint='Collect without locked=True, and copy the lock file that it names.',
        )
    shown = place.view.shown(path)
    pins = lock.read(path, shown=shown)
    if found := lock.compare(read.directives, pins, shown=shown):
        raise errors.Problems(f'the collect file does not fit {shown}', found)
    return pins


def _written(file: Path, place: base.Place) -> Path:
    """Where collect writes the lock file of a collect file."""
    return place.workspace.build / f'{file.name}{lock.SUFFIX}'


def _before(written: Path) -> dict[str, lock.Pin]:
    try:
        return lock.read(written, shown=str(written)) if written.is_file() else {}
    except errors.Problems:
        return {}  # only saves work


def _write(path: Path, read: grammar.CollectFile, got: list[orders.Got]) -> bool:
    """Write the lock file; tells whether it is another than before."""
    said = {one.destination: one.text for one in read.directives}
    text = lock.render(
        {
            one.destination: lock.Pin(source=said[one.destination], revision=one.revision, digest=one.digest)
            for one in got
            if one.kind != 'empty'
        }
    )
    if path.is_file() and path.read_text() == text:
        return False
    with trees.replacing(path) as new:
        new.write_text(text)
    return True


def _remarks(found: tuple[errors.Problem, ...]) -> Iterator[str]:
    for remark in found[:_REMARKS]:
        yield f'{remark.where}: {remark.message}. {remark.hint}'.rstrip()
    if len(found) > _REMARKS:
        yield f'and {len(found) - _REMARKS} more remarks of this kind on the collect file'


def _summary(got: list[orders.Got], changed: list[str]) -> str:
    count = Counter(one.state for one in got)
    states = ', '.join(
        f'{count[state]} {state}' for state in (orders.NEW, orders.UPDATED, orders.UNCHANGED) if count[state]
    )
    charms = f'{wording.counted(len(changed), "charm") if changed else "no charm"} changed'
    return f'{wording.counted(len(got), "source")}' + (f': {states}' if states else '') + f'; {charms}'
