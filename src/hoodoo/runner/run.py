"""Do a run, or go on with one: check all, prepare the workspace, connect, then phase after phase."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator
from dataclasses import dataclass

from bedrock import errors
from hoodoo import settings as settings_module
from hoodoo.journal import events, journal, rows
from hoodoo.juju import clouds, connect, driver, jujudriver
from hoodoo.phases import base, registry
from hoodoo.review import check, request
from hoodoo.runner import again, leftovers, locks, resuming, steps, telling, workspace
from hoodoo.runner.connecting import Connect, connect_juju
from hoodoo.secrets import logs, masker
from hoodoo.spec import lookup

__all__ = ['Connect', 'Runner', 'connect_juju']

_RECENT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """What runs need from outside."""

    settings: settings_module.Settings
    journal: journal.Journal
    connect: Connect

    def check(self, asked: request.Request) -> tuple[check.Line, ...]:
        """Check every line of *asked* without changing anything; see `check.check`."""
        with self._masking(asked) as mask:
            return self._checked(asked, mask, copied=bool(asked.line))

    def run(self, asked: request.Request) -> int:
        """Do *asked* and return the run's number.

        Raises:
            Problems: something is wrong with the spec; nothing was changed.
            BusyFault: another run is in the workspace or works on the model.
            Fault: a phase failed. KeyboardInterrupt: it was cancelled. The journal has both.
        """
        self.settings.refuse_read_only('run')
        space = asked.workspace
        with self._masking(asked) as mask:
            lines = self._checked(asked, mask, copied=bool(asked.line))
            with locks.held(locks.workspace_lock(space.path), f'workspace {space.path}') as lock:
                self._stop_leftovers(_same_workspace(asked))
                new = rows.New(
                    spec=asked.origin.url,
                    stage=asked.stage,
                    project=space.project.name,
                    workspace=space.name,
                    series=space.project.series,
                    manifest=asked.manifest,
                    line=asked.line,
                    request=request.stored(asked, mask),
                )
                number = self.journal.begin(new, [line.title for line in lines])
                lock.sign(number)
                work = steps.Steps(journal=self.journal, root=self.settings.root, run=number, lines=lines)
                # A line by itself works with what an earlier run or person left in the workspace.
                fresh = not (asked.line and space.spec.is_dir())
                self._perform(asked, work, mask, fresh=fresh)
        return number

    def resume(self, number: int, how: resuming.How = resuming.How.ASK) -> bool:
        """Go on with run *number* from the first phase that it did not complete; False when it is done.

        Raises:
            UsageFault: it cannot go on as it is; nothing was changed.
            Problems, BusyFault, Fault, KeyboardInterrupt: see `run`.
        """
        self.settings.refuse_read_only('run')
        asked = request.restored(self.journal.get(number).request, self.settings)
        space = asked.workspace
        with (
            self._masking(asked) as mask,
            locks.held(locks.workspace_lock(space.path), f'workspace {space.path}') as lock,
        ):
            lock.sign(number)
            # Nobody else can change it from here on.
            run = self.journal.get(number)
            past = resuming.past(self.journal.records(number))
            if run.outcome == rows.DONE:
                return False
            recent = self.journal.runs(limit=_RECENT, only=_same_workspace(asked))
            resuming.check_latest(run, [other for other in recent if resuming.arrived(self.journal, other)])
            copied = bool(past.digest or asked.line) and space.spec.is_dir()
            lines = self._checked(asked, mask, copied=copied)
            resuming.check_same(run, past, [mask(line.title) for line in lines])
            skip = past.begun >= 0 and how is resuming.How.SKIP
            if past.begun >= 0 and how is resuming.How.ASK:
                resuming.check_repeatable(run, past, lines[past.begun].phase.repeatable)
            self._stop_leftovers(_same_workspace(asked))
            self.journal.take_up(number)
            first = past.begun + 1 if skip else past.first
            self.journal.emit(number, _resumed(number, asked, lines, first))
            if skip:
                self.journal.emit(number, _skipped(past))
            if copied and past.digest and not resuming.unchanged(asked.origin.root, past.digest):
                text = (
                    f'the spec {asked.origin.label} has changed since: this run goes on with its copy of it'
                )
                self.journal.emit(number, events.Note(phase=-1, text=text))
            work = steps.Steps(
                journal=self.journal, root=self.settings.root, run=number, lines=lines, first=first
            )
            self._perform(asked, work, mask, fresh=not copied, before=past.changes)
        return True

    def _perform(
        self,
        asked: request.Request,
        work: steps.Steps,
        mask: masker.Masker,
        *,
        fresh: bool,
        before: int = 0,
    ) -> None:
        """Do the lines of a run that has begun, and keep how it ended."""
        started = time.monotonic()
        outcome, error = rows.FAILED, ''
        try:
            self._steps(asked, work, mask, fresh=fresh)
            outcome = rows.DONE
        except KeyboardInterrupt:
            outcome = 'cancelled'
            raise
        except BaseException as err:
            mask.mask_error(err)
            error = errors.render(err)
            raise
        finally:
            failed = work.lines[work.current].call if work.current >= 0 else None
            ways = again.commands(work.run, asked, failed, self.settings)
            ended = events.RunEnded(
                run=work.run,
                outcome=outcome,
                seconds=time.monotonic() - started,
                changes=before + work.changes,
                error=error,
                again=() if outcome == rows.DONE else ways,
            )
            self.journal.emit(work.run, ended)

    def _steps(self, asked: request.Request, work: steps.Steps, mask: masker.Masker, *, fresh: bool) -> None:
        environment: dict[str, str] = dict(asked.variables)
        with contextlib.ExitStack() as stack:
            note = telling.Teller(self.journal, work.run, -1).note

            def opened(note: connect.Note, making: connect.Making | None = None) -> driver.Driver | None:
                juju, extra = self.connect(asked.model, asked.default_model, note, making)
                environment.update(extra)
                if isinstance(juju, jujudriver.JujuDriver):
                    stack.callback(juju.close)
                    if asked.cloud and making is None:  # whoever makes one looks where it is by itself
                        clouds.check_home(*juju.home(), asked=asked.cloud, model=juju.model)
                if juju is not None:
                    self._occupy(juju, work.run, stack)
                return juju

            use = work.model_use
            making = connect.Making(cloud=asked.cloud, on_kubernetes=work.on_kubernetes)
            juju = (
                None
                if use is base.ModelUse.NONE
                else opened(note, making if use is base.ModelUse.MAKES else None)
            )

            def connected() -> driver.Driver:
                nonlocal juju
                # A script may have made it in the meantime.
                juju = juju or opened(lambda _: None)
                if juju is None:
                    raise errors.Fault(
                        f'there is no model "{asked.model or asked.default_model}"',
                        hint='A deploy or bundle line makes it.',
                    )
                return juju

            # Not before: a run that is refused its model leaves the workspace to those that can go on in it.
            self._prepare(asked, work.run, fresh=fresh)
            mask.learn_folder(asked.workspace.local)
            work.step(self._place(asked, _copy(asked), mask), connected, environment)

    def _prepare(self, asked: request.Request, number: int, *, fresh: bool) -> None:
        digest = workspace.digest(asked.origin.root) if fresh else ''
        workspace.prepare(asked, fresh=fresh)
        if fresh:
            self.journal.emit(number, events.SpecReady(digest=digest))

    def _occupy(self, juju: driver.Driver, number: int, stack: contextlib.ExitStack) -> None:
        """Hold the model's lock until *stack* ends."""
        path = locks.model_lock(self.settings.root, juju.model_uuid)
        lock = stack.enter_context(locks.held(path, f'model {juju.model}'))
        lock.sign(number)
        self._stop_leftovers(rows.Filter(model_uuid=juju.model_uuid))
        self.journal.found_model(number, juju.model_uuid)
        self.journal.emit(number, events.ModelReady(model=juju.model))

    def _stop_leftovers(self, environment: rows.Filter) -> None:
        """Stop what killed runs of *environment* left running, since whatever run was last there."""
        found: list[tuple[int, int]] = []
        for run in self.journal.runs(limit=_RECENT, only=environment):
            if run.outcome == rows.INTERRUPTED:
                found.append((run.id, resuming.past(self.journal.records(run.id)).begun))
            elif run.outcome != rows.RUNNING:
                break
        leftovers.stop(self.settings.root, found)

    @contextlib.contextmanager
    def _masking(self, asked: request.Request) -> Generator[masker.Masker]:
        """Know the secrets of *asked*, and let none out: neither into the journal nor by an error."""
        mask = masker.Masker()
        check.learn(mask, asked, self.settings.root)
        self.journal.mask_with(mask)
        try:
            with logs.hidden(mask):
                yield mask
        except BaseException as err:
            mask.mask_error(err)
            raise

    def _checked(
        self, asked: request.Request, mask: masker.Masker, *, copied: bool
    ) -> tuple[check.Line, ...]:
        """Check all lines against the author's spec, or against the workspace's copy of it."""
        origin = asked.origin
        view = (
            _copy(asked)
            if copied and asked.workspace.spec.is_dir()
            else lookup.SpecView(root=origin.root, stage=asked.stage, label=origin.label)
        )
        return check.check(asked, self._place(asked, view, mask), registry.phases())

    def _place(self, asked: request.Request, view: lookup.SpecView, mask: masker.Masker) -> base.Place:
        return check.place(asked, view, cache=self.settings.cache, mask=mask)


def _copy(asked: request.Request) -> lookup.SpecView:
    return lookup.SpecView(root=asked.workspace.spec, stage=asked.stage)


def _same_workspace(asked: request.Request) -> rows.Filter:
    project = asked.workspace.project
    return rows.Filter(project=project.name, series=project.series, workspace=asked.workspace.name)


def _resumed(
    number: int, asked: request.Request, lines: tuple[check.Line, ...], first: int
) -> events.RunResumed:
    return events.RunResumed(
        run=number,
        spec=asked.origin.url,
        stage=asked.stage,
        phases=tuple(line.title for line in lines),
        first=first,
    )


def _skipped(past: resuming.Past) -> events.PhaseEnded:
    title = past.titles[past.begun]
    return events.PhaseEnded(phase=past.begun, title=title, outcome='skipped', seconds=0.0)
