"""The phases script and verify: run a program of the spec, with extra options as its environment."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, process
from hoodoo import wording
from hoodoo.phases import base, options
from hoodoo.spec import manifest

_KEPT_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a script or verify line may say, next to variables for the program."""

    config: str = ''
    lxc: bool = True
    """Accepted for the sake of old specs: there is no container to stay out of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A line whose program is there."""

    phase: str
    file: str
    variables: dict[str, str]

    def run(self, context: base.Context) -> base.Outcome:
        """Run the program in the spec's directory; its output is shown as it comes."""
        view = context.place.view
        program = view.get(self.file)
        done = process.run(
            [program],
            env={**context.script_environment, **self.variables},
            cwd=view.root,
            check=False,
            on_line=lambda stream, text: context.told.line(wording.as_left(text), stream),
        )
        if done.returncode != 0:
            raise self._failed(program, done)
        return base.Outcome(summary='exit status 0')

    def _failed(self, program: Path, done: process.Completed) -> errors.Fault:
        code = done.returncode
        how = f'exit status {code}' if code > 0 else f'ended by signal {-code}'
        last = (done.stderr.strip() or done.stdout.strip()).split('\n')[-_KEPT_LINES:]
        words = ' '.join(f'{key}={shlex.quote(value)}' for key, value in self.variables.items())
        text = ''.join(f'\n    {wording.as_left(line)}' for line in last)
        return errors.Fault(
            f'cannot finish {self.phase} "{self.file}": {how}{text}',
            hint=f'The program is {program}' + (f', run with {words}.' if words else '.'),
        )


class Script:
    """See the module."""

    needs_model = True
    repeatable = True

    def __init__(self, name: str) -> None:
        self.name = name

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        """Check that the program is there and may be run."""
        given = options.read(Options, call, outlook.problems, environment=True)
        if 'config' in given.untold:
            return None
        name = given.options.config or self.name
        if base.find_file(call, name, place, outlook, executable=True) is None or not given.fine:
            return None
        return Job(phase=self.name, file=name, variables=given.variables)
