"""The phase repo: make the charm repository from what was collected. Collect does so by itself, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bedrock import errors
from hoodoo import wording
from hoodoo.collect import copying, sources
from hoodoo.phases import base, common, options
from hoodoo.spec import manifest, reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a repo line may say."""

    config: str = 'repo'
    """A file with the name of one directory of the build directory a line. Where there is no such file, all
    directories that hold a charm are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A line whose file is fine; an empty name means all charms."""

    file: str

    def run(self, context: base.Context) -> base.Outcome:
        """Copy what differs."""
        space = context.place.workspace
        folder = space.repo / context.place.series
        if not self.file:
            changed = sources.stock(space.build, folder)
        else:
            wanted = [name for _, name in names(context.place.view.get(self.file).read_text())]
            changed = _copy(wanted, space.build, folder)
        if changed:
            context.told.note(f'charm repository: {", ".join(changed)}')
        count = len(list(folder.iterdir())) if folder.is_dir() else 0
        return base.Outcome(summary=f'{wording.counted(count, "charm")}, {len(changed)} changed')


class Repo:
    """See the module."""

    name = 'repo'
    model_use = base.ModelUse.NONE
    repeatable = True
    own = Options
    shared = common.AFTERMATH

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        """Check that the file is there, and that what it names is collected or made by a program."""
        given = options.read(Options, call, outlook.problems)
        if 'config' in given.untold:
            return None
        name = given.options.config
        if place.view.find(name) is None and all(option.key != 'config' for option in call.options):
            return Job(file='') if given.fine else None
        file = base.find_file(call, name, place, outlook)
        if file is None:
            return None
        try:
            problems = list(_missing(file, place, outlook))
        except errors.Problems as err:
            problems = list(err.problems)
        outlook.problems += problems
        return Job(file=name) if given.fine and not problems else None


def names(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a repo file, by number; blank ones and comments are left out."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith('#'):
            yield number, line.strip()


def _missing(file: Path, place: base.Place, outlook: base.Outlook) -> Iterator[errors.Problem]:
    """Names that no line before brings; when that cannot be told, none."""
    told = 'collect' not in outlook.doubtful and not outlook.made_by_programs
    for number, name in names(reading.read(file, shown=place.view.shown(file))):
        outside = Path(name).is_absolute() or '..' in Path(name).parts
        there = _collected(name, outlook.charms) or (place.workspace.build / name).is_dir()
        if outside or (told and not there):
            yield errors.Problem(
                file=place.view.shown(file),
                line=number,
                column=1,
                message=f'"{name}" leads out of the build directory'
                if outside
                else f'nothing collects "{name}"',
                hint='' if outside else wording.guess(name, outlook.charms),
            )


def _collected(name: str, charms: Mapping[str, Path | None]) -> bool:
    """Whether a directory is collected, or is in one that is."""
    path = PurePosixPath(name)
    for above in (path, *path.parents):
        if str(above) in charms:
            source = charms[str(above)]
            # That a source is not there is told where it is collected.
            return source is None or not source.is_dir() or (source / path.relative_to(above)).is_dir()
    return any(PurePosixPath(other).is_relative_to(path) for other in charms)


def _copy(wanted: list[str], build: Path, repo: Path) -> list[str]:
    absent = [name for name in wanted if not (build / name).is_dir()]
    if absent:
        there = ', '.join(sorted(entry.name for entry in build.iterdir() if entry.is_dir())) or 'none'
        raise errors.Fault(
            f'cannot make the charm repository: {build} has no directory {", ".join(absent)}',
            hint=f'Directories there: {there}.',
        )
    changed: list[str] = []
    for name in wanted:
        target = repo / Path(name).name
        new = not target.is_dir()
        if copying.mirror((build / name).resolve(), target) or new:
            changed.append(target.name)
    return changed
