"""The phase stop-on: a program of the spec says whether the rest of the manifest is needed."""

from __future__ import annotations

from dataclasses import dataclass

from hoodoo.phases import base, common, programs
from hoodoo.spec import manifest

_CANNOT_RUN = (126, 127)
"""What a shell ends with when it cannot start something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a stop-on line may say, next to variables for the program."""

    config: str = 'stop-on'
    """The program."""
    return_code: int = 0
    """The exit status that ends the run here, successfully; with another one it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A line whose program is there."""

    options: Options
    variables: dict[str, str]

    def run(self, context: base.Context) -> base.Outcome:
        """Ask the program.

        One that was killed, or could not start something, has not answered: that is a failure.
        """
        file, wanted = self.options.config, self.options.return_code
        program, what = context.place.view.get(file), f'stop-on "{file}"'
        done = programs.run(context, program, what=what, variables=self.variables)
        code = done.returncode
        if code == wanted:
            return base.Outcome(summary=f'exit status {code}: the run ends here', stop=True)
        if code < 0 or code in _CANNOT_RUN:
            raise programs.failed(what, program, done, self.variables)
        return base.Outcome(summary=f'exit status {code}: the run goes on')


class StopOn:
    """See the module."""

    name = 'stop-on'
    model_use = base.ModelUse.USES
    repeatable = True
    own = Options
    shared = common.PROGRAM

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        """Check that the program is there and may be run."""
        given = programs.read(Options, call, outlook)
        if given is None:
            return None
        found = base.find_file(call, given.options.config, place, outlook, executable=True)
        return Job(options=given.options, variables=given.variables) if found and given.fine else None
