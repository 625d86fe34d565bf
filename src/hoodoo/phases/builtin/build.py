"""The phase build: a program of the spec makes things from what was collected, without the network."""

from __future__ import annotations

from dataclasses import dataclass

from hoodoo.containers import container
from hoodoo.phases import base, common, inside, programs
from hoodoo.spec import manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a build line may say, next to variables for the program."""

    config: str = 'build'
    """The program. In a project with a container it runs there, with the network cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A line whose program is there."""

    file: str
    variables: dict[str, str]
    inside: container.Container | None = None

    def run(self, context: base.Context) -> base.Outcome:
        """Run the program."""
        programs.succeed(
            context,
            self.file,
            phase='build',
            variables=self.variables,
            inside=self.inside,
            network=False,
        )
        where = '' if self.inside is None else ', in the container without network'
        return base.Outcome(summary=f'exit status 0{where}')


class Build:
    """See the module."""

    name = 'build'
    model_use = base.ModelUse.NONE
    repeatable = True
    own = Options
    shared = common.PROGRAM

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        """Check that the program is there and may be run."""
        given = programs.read(Options, call, outlook)
        if given is None:
            return None
        file = given.options.config
        found = base.find_file(call, file, place, outlook, executable=True)
        box = inside.find(call, place, outlook)
        if found is None or not given.fine:
            return None
        return Job(file=file, variables=given.variables, inside=box)
