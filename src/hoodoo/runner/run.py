"""Do a run: check all, prepare the workspace, connect, then one phase after the other."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors
from hoodoo import settings as settings_module
from hoodoo.journal import events, journal
from hoodoo.juju import connect, driver
from hoodoo.phases import base, registry
from hoodoo.runner import check, request, telling
from hoodoo.spec import layout, local, lookup, sources

Connect = Callable[[str, str, connect.Note], tuple[driver.Driver, Mapping[str, str]]]
"""From the model asked for, its default name and a listener: a driver, and variables for scripts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """What runs need from outside."""

    settings: settings_module.Settings
    journal: journal.Journal
    connect: Connect

    def check(self, asked: request.Request) -> tuple[check.Line, ...]:
        """Check every line of *asked* without changing anything; see `check.check`."""
        origin = asked.origin
        view = lookup.SpecView(root=origin.root, stage=asked.stage, label=origin.label)
        if _goes_on(asked):
            view = lookup.SpecView(root=asked.workspace.spec, stage=asked.stage)
        return check.check(asked, self._place(asked, view), registry.phases())

    def run(self, asked: request.Request) -> int:
        """Do *asked* and return the run's number.

        Raises:
            Problems: something is wrong with the spec; nothing was changed.
            Fault: a phase failed. KeyboardInterrupt: it was cancelled. The journal has both.
        """
        lines = self.check(asked)
        space = asked.workspace
        with _only_one(space):
            number = self.journal.begin(
                spec=asked.origin.url,
                stage=asked.stage,
                project=space.project.name,
                workspace=space.name,
                series=space.project.series,
                manifest=asked.manifest,
            )
            started = time.monotonic()
            self.journal.emit(number, _started(number, asked, lines))
            tellers: list[telling.Teller] = []
            outcome, error = 'failed', ''
            try:
                self._steps(number, asked, lines, tellers)
                outcome = 'done'
            except KeyboardInterrupt:
                outcome = 'cancelled'
                raise
            except BaseException as err:
                error = errors.render(err)
                raise
            finally:
                ended = events.RunEnded(
                    run=number,
                    outcome=outcome,
                    seconds=time.monotonic() - started,
                    changes=sum(teller.changes for teller in tellers),
                    error=error,
                )
                self.journal.emit(number, ended)
        return number

    def _steps(
        self,
        number: int,
        asked: request.Request,
        lines: tuple[check.Line, ...],
        tellers: list[telling.Teller],
    ) -> None:
        self._prepare_workspace(asked)
        here = self._place(asked, lookup.SpecView(root=asked.workspace.spec, stage=asked.stage))
        own = telling.Teller(self.journal, number, -1)
        juju: driver.Driver | None = None
        environment: dict[str, str] = dict(asked.variables)
        if any(line.phase.needs_model for line in lines):
            juju, extra = self.connect(asked.model, asked.default_model, own.note)
            environment.update(extra)
            self.journal.emit(number, events.ModelReady(model=juju.model))

        def connected() -> driver.Driver:
            if juju is None:
                raise AssertionError('a phase that did not ask for a model uses one')
            return juju

        try:
            for index, line in enumerate(lines):
                teller = telling.Teller(self.journal, number, index)
                tellers.append(teller)
                context = base.Context(
                    place=here,
                    juju=connected,
                    memory=self.journal,
                    told=teller,
                    script_environment=environment,
                )
                if self._phase(line, context, teller).stop:
                    self._skip(number, lines[index + 1 :], first=index + 1)
                    break
        finally:
            if isinstance(juju, driver.JujuDriver):
                juju.close()

    def _skip(self, number: int, lines: tuple[check.Line, ...], *, first: int) -> None:
        for index, line in enumerate(lines, first):
            ended = events.PhaseEnded(phase=index, title=line.title, outcome='skipped', seconds=0.0)
            self.journal.emit(number, ended)

    def _phase(self, line: check.Line, context: base.Context, teller: telling.Teller) -> base.Outcome:
        number, index = teller.run, teller.phase
        self.journal.emit(number, events.PhaseStarted(phase=index, title=line.title))
        started = time.monotonic()
        outcome, result = 'failed', base.Outcome()
        try:
            result = line.job.run(context)
            outcome = 'done'
        except KeyboardInterrupt:
            outcome = 'cancelled'
            raise
        finally:
            ended = events.PhaseEnded(
                phase=index,
                title=line.title,
                outcome=outcome,
                seconds=time.monotonic() - started,
                summary=result.summary,
                changes=teller.changes,
            )
            self.journal.emit(number, ended)
        return result

    def _prepare_workspace(self, asked: request.Request) -> None:
        space = asked.workspace
        space.ensure(spec=asked.origin.url, stage=asked.stage)
        if not _goes_on(asked):
            sources.refresh(asked.origin, space.spec)
        local.bring(space, asked.stage)

    def _place(self, asked: request.Request, view: lookup.SpecView) -> base.Place:
        return check.place(asked, view, cache=self.settings.cache)


def _goes_on(asked: request.Request) -> bool:
    """Whether *asked* is one line in a workspace that is there, whose spec a script may have edited."""
    return bool(asked.line) and asked.workspace.spec.is_dir()


def connect_juju(settings: settings_module.Settings) -> Connect:
    """The real `Connect`: a model of a Juju controller, and what makes scripts use the same one."""

    def connected(wanted: str, default: str, note: connect.Note) -> tuple[driver.Driver, Mapping[str, str]]:
        opened, target = connect.open_driver(settings, wanted=wanted, default=default, note=note)
        variables = {
            'JUJU_MODEL': opened.model,
            'JUJU_DATA': str(target.juju_data),
            'PATH': f'{_program_folder(settings, target)}:{settings.environ.get("PATH", os.defpath)}',
        }
        return opened, variables

    return connected


def _program_folder(settings: settings_module.Settings, target: connect.Target) -> Path:
    """A directory that holds the run's juju program as ``juju`` and nothing else."""
    folder = settings.cache / 'bin' / target.controller.name
    folder.mkdir(parents=True, exist_ok=True)
    program = target.program.resolve() if target.program.is_absolute() else target.program
    fresh = folder / f'.juju.{os.getpid()}'
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(program)
    fresh.replace(folder / 'juju')
    return folder


@contextlib.contextmanager
def _only_one(space: layout.Workspace) -> Generator[None]:
    """Hold the workspace's lock, which ends with the process."""
    space.path.mkdir(parents=True, exist_ok=True)
    with (space.path / '.lock').open('w') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise errors.Fault(
                f'cannot run in workspace {space.path}: another run is in it',
                hint='Wait for it, or name another workspace.',
            ) from None
        yield


def _started(number: int, asked: request.Request, lines: tuple[check.Line, ...]) -> events.RunStarted:
    return events.RunStarted(
        run=number,
        spec=asked.origin.url,
        stage=asked.stage,
        project=asked.workspace.project.name,
        workspace=asked.workspace.name,
        series=asked.workspace.project.series,
        manifest=asked.manifest,
        phases=tuple(line.title for line in lines),
    )
