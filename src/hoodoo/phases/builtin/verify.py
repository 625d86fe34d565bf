"""The phase verify: programs of the spec prove that the service works; all of them are run and reported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, process
from hoodoo import wording
from hoodoo.containers import container
from hoodoo.phases import base, common, inside, programs
from hoodoo.spec import lookup, manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a verify line may say, next to variables for the programs."""

    config: str = 'verify'
    """A program, or a directory: every executable in it is run, in the order of their names, and those after
    a failed one too."""
    lxc: bool = False
    """Run in the project's container, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A line whose programs are there."""

    file: str
    variables: dict[str, str]
    inside: container.Container | None = None

    def run(self, context: base.Context) -> base.Outcome:
        """Run the programs; fail when any did not exit with 0."""
        found = find(context.place.view, self.file)
        if found is None:
            raise errors.Fault(f'cannot find file "{self.file}" of the spec any more')
        if found.is_dir():
            return self._all(context, found)
        done = self._one(context, found)
        if done.returncode != 0:
            raise programs.failed(f'verify "{self.file}"', found, done, self.variables)
        return base.Outcome(summary='exit status 0')

    def _all(self, context: base.Context, folder: Path) -> base.Outcome:
        failed: dict[str, errors.Fault] = {}
        members = programs_in(folder)
        for program in members:
            try:
                done = self._one(context, program)
            except errors.Fault as err:
                failed[program.name] = err
                context.told.note(f'{program.name}: {err.message.splitlines()[0]}')
                continue
            context.told.note(f'{program.name}: {programs.ending(done.returncode)}')
            if done.returncode != 0:
                what = f'"{program.name}"'
                failed[program.name] = programs.failed(what, program, done, self.variables)
        if failed:
            count = wording.counted(len(members), 'program')
            raise errors.Fault(
                f'cannot finish verify "{self.file}": of {count}, {len(failed)} failed: {", ".join(failed)}'
            ) from next(iter(failed.values()))
        return base.Outcome(summary=f'{wording.counted(len(members), "program")} passed')

    def _one(self, context: base.Context, program: Path) -> process.Completed:
        what = f'verify "{self.file}"'
        return programs.run(context, program, what=what, variables=self.variables, inside=self.inside)


class Verify:
    """See the module."""

    name = 'verify'
    model_use = base.ModelUse.USES
    repeatable = True
    own = Options
    shared = common.PROGRAM

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        """Check that the program, or at least one in the directory, is there and may be run."""
        given = programs.read(Options, call, outlook)
        if given is None:
            return None
        file = given.options.config
        fine = self._check(call, file, place, outlook)
        box = inside.find(call, place, outlook) if given.options.lxc else None
        return Job(file=file, variables=given.variables, inside=box) if fine and given.fine else None

    def _check(self, call: manifest.PhaseCall, file: str, place: base.Place, outlook: base.Outlook) -> bool:
        found = find(place.view, file)
        if found is None or not found.is_dir():
            return base.find_file(call, file, place, outlook, executable=True) is not None
        if programs_in(found):
            return True
        option = next((option for option in reversed(call.options) if option.key == 'config'), None)
        message = f'directory "{place.view.shown(found)}" holds no executable file'
        outlook.problems.append(call.problem(message, option=option, hint='Run chmod +x on its programs.'))
        return False


def find(view: lookup.SpecView, name: str) -> Path | None:
    """The nearest file or directory of the spec called *name*."""
    places = (folder / name for folder in view.folders())
    return next((place for place in places if place.is_file() or place.is_dir()), None)


def programs_in(folder: Path) -> list[Path]:
    """The executable files directly in *folder*, by name; hidden ones and those of editors are left out."""
    entries = sorted(folder.iterdir())
    shown = [entry for entry in entries if not entry.name.startswith('.') and not entry.name.endswith('~')]
    return [entry for entry in shown if entry.is_file() and lookup.is_executable(entry)]
