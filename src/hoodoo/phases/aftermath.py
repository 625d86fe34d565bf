"""What a failed phase leaves behind: logs for whoever looks into it; and a program of the spec is told."""

from __future__ import annotations

import contextlib
import datetime
import shlex
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock import errors, files
from hoodoo import model, wording
from hoodoo.phases import base, programs
from hoodoo.spec import lookup

if TYPE_CHECKING:
    from hoodoo.juju import driver

_PROGRAM_S = 600.0
"""For each program here: a failed run should end some day."""
_UNIT_S = 60.0
_MODEL_LINES = 1000
_UNIT_LINES = 500
_SHOWN_LINES = 20
_NO, _YES = 'false', 'true'


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What one line asks for. Nothing here fails: the phase's own error is what matters."""

    phase: str
    config: str = ''
    program: str = ''
    """What exec-on-failure names."""
    logs: tuple[str, ...] = ()
    """What debug-logs names."""

    def run(self, context: base.Context, error: errors.Fault, *, tries: int) -> None:
        """Keep the logs, then run the program."""
        if [name.lower() for name in self.logs] not in ([], [_NO]):
            with _never_failing('debug-logs', context.told):
                self._keep(context)
        if self.program:
            with _never_failing('exec-on-failure', context.told):
                self._execute(context, error, tries)

    def _execute(self, context: base.Context, error: errors.Fault, tries: int) -> None:
        context.told.note(f'exec-on-failure: running {self.program}')
        variables = {
            'MOJO_FAILED_PHASE': self.phase,
            'MOJO_FAILED_CONFIG': self.config,
            'MOJO_FAILED_ERROR': error.message,
            'MOJO_FAILED_TRIES': str(tries),
        }
        done = programs.run(
            context,
            context.place.view.get(self.program),
            what=f'"{self.program}"',
            variables=variables,
            timeout_s=_PROGRAM_S,
        )
        if done.returncode != 0:
            context.told.note(f'exec-on-failure: {self.program}: {programs.ending(done.returncode)}')

    def _keep(self, context: base.Context) -> None:
        """Each log for itself: the cause of the failure may be why some cannot be had."""
        moment = datetime.datetime.now(datetime.UTC).strftime('%Y%m%dT%H%M%S')
        folder = context.place.workspace.path / 'logs' / f'{moment}-{self.phase}'
        view, mask = context.place.view, context.place.masker
        own = scripts(self.logs, view)
        with _never_failing('debug-logs: model', context.told):
            lines = context.juju().log_lines(_MODEL_LINES)
            _write(folder / 'model.log', lines, mask)
            for line in lines[-_SHOWN_LINES:]:
                context.told.line(wording.as_left(line))
        with _never_failing('debug-logs: status', context.told):
            juju = context.juju()
            seen = juju.snapshot()
            _write(folder / 'status', list(status(seen)), mask)
            named = [name for name in self.logs if name not in own and name.lower() not in (_NO, _YES)]
            for name in named:
                if name not in seen.applications:
                    context.told.note(f'debug-logs: the model has no application {name}')
            for unit in (unit for unit in seen.units() if unit.application in named):
                with _never_failing(f'debug-logs: {unit.name}', context.told):
                    _write(folder / f'{unit.name.replace("/", "-")}.log', _unit_log(juju, unit), mask)
        for name in own:
            with _never_failing(f'debug-logs: {name}', context.told):
                done = programs.run(
                    context, view.get(name), what=f'"{name}"', variables={}, timeout_s=_PROGRAM_S
                )
                _write(folder / f'{Path(name).name}.log', (done.stdout + done.stderr).splitlines(), mask)
        context.told.note(f'debug-logs: kept in {folder}')


def scripts(names: Sequence[str], view: lookup.SpecView) -> tuple[str, ...]:
    """Those of the *names* for debug-logs that are files of the spec; others are applications."""
    return tuple(name for name in names if name.lower() not in (_NO, _YES) and view.find(name) is not None)


def status(seen: model.ModelSnapshot) -> Iterator[str]:
    """A line for each unit: how it is and what it says."""
    for unit in seen.units():
        yield f'{unit.name}: {unit.workload.value} ({unit.agent.value}) {unit.workload.message}'.rstrip()


def unit_script(unit: str) -> str:
    """What is run as root on a unit's machine: the end of the unit's log, and services that failed."""
    file = shlex.quote(f'/var/log/juju/unit-{unit.replace("/", "-")}.log')
    return f'tail -n {_UNIT_LINES} {file}; systemctl --failed --no-legend --plain'


def _unit_log(juju: driver.Driver, unit: model.Unit) -> list[str]:
    done = juju.execute(unit.machine, unit_script(unit.name), timeout_s=_UNIT_S)
    return (done.stdout + done.stderr).splitlines()


def _write(file: Path, lines: Sequence[str], mask: Callable[[str], str]) -> None:
    files.write_private(file, mask(''.join(f'{line}\n' for line in lines)))


@contextlib.contextmanager
def _never_failing(what: str, told: base.Told) -> Generator[None]:
    try:
        yield
    except (errors.Fault, OSError) as err:
        told.note(f'{what}: {str(err).splitlines()[0]}')
