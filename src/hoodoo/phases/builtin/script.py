"""The phase script: run a program of the spec, with extra options as its environment."""

from __future__ import annotations

from dataclasses import dataclass

from hoodoo.containers import container
from hoodoo.phases import base, common, inside, programs
from hoodoo.spec import manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a script line may say, next to variables for the program."""

    config: str = 'script'
    """The program."""
    lxc: bool = True
    """Run it in the project's container, where there is one. It has the network and the variables there, but
    no juju."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A line whose program is there."""

    file: str
    variables: dict[str, str]
    inside: container.Container | None = None
    unasked: bool = False
    """The line does not say where it is to run."""

    def run(self, context: base.Context) -> base.Outcome:
        """Run the program."""
        if self.inside is not None and self.unasked:
            context.told.note('runs in the container, where there is no juju; lxc=False runs it outside')
        programs.succeed(context, self.file, phase='script', variables=self.variables, inside=self.inside)
        return base.Outcome(summary='exit status 0')


class Script:
    """See the module."""

    name = 'script'
    model_use = base.ModelUse.USES
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
        asked = given.options.lxc and not given.untold & {'lxc'}
        box = inside.find(call, place, outlook) if asked else None
        if found is None or not given.fine:
            return None
        unasked = all(option.key != 'lxc' for option in call.options)
        return Job(file=file, variables=given.variables, inside=box, unasked=unasked)
