"""The steps of an attempt, each a case of its report: take, check, make the model, run, run again."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from bedrock import errors, process
from hoodoo import settings as settings_module
from hoodoo import wording
from hoodoo.ci import (
    asking,
    attempts,
    collecting,
    marks,
    naming,
    places,
    recording,
    revision,
    second,
    witness,
)
from hoodoo.ci.reports import cases, report
from hoodoo.journal import events, journal
from hoodoo.juju import connect, driver, jujudriver, models
from hoodoo.phases import base, common
from hoodoo.review import check, findings, request, survey
from hoodoo.runner import run
from hoodoo.secrets import masker
from hoodoo.spec import stages

_STAGE = 'ci'
_PREPARE, _FIRST, _SECOND = 'prepare', 'first run', 'second run'
_PROVES = ('verify', 'nagios-check')


class WrongSpec(errors.UsageFault):
    """The check found errors; the report has them."""


@dataclass(slots=True, kw_only=True)
class Trying:
    """One attempt, as far as it got."""

    settings: settings_module.Settings
    attempts: attempts.Attempts
    places: places.Places
    shown: Callable[[journal.Journal], AbstractContextManager[None]]
    told: Callable[[str], None]

    name: str = ''
    """Of the spec."""
    revision: str = ''
    commit: str = ''
    stage: str = ''
    controller: str = ''
    model: str = ''
    """Its name, from the moment at which it may be there."""
    uuid: str = ''
    known: models.Models | None = None
    contact: witness.Contact = field(default_factory=witness.Contact)
    """Whether the controller was there all the time."""
    refused: bool = False
    """Whether Juju said by itself that it does not make the model."""
    untried: bool = False
    """Whether there is no model to try it on, which says nothing of the spec."""
    record: recording.Record = field(default_factory=recording.Record)
    findings: tuple[report.Finding, ...] = ()
    changed: tuple[str, ...] = ()
    artifacts: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])

    _given: request.Given = field(default_factory=request.Given)
    _asked: request.Request | None = None
    _lines: Sequence[check.Line] = ()

    @property
    def title(self) -> str:
        """What is tried, in a few words."""
        revision = f' at {self.revision}' if self.revision else ''
        return f'{self.name}{revision}' + (f', stage {self.stage}' if self.stage else '')

    def take(self, asked: asking.Asked) -> None:
        """Bring the revision to this disk, and fill in defaults."""
        with self.record.case(_PREPARE, 'take the revision'):
            places.private(self.settings, self.places.root)
            taken = revision.take(
                asked.spec,
                below=asked.below,
                folder=self.places.source,
                mirrors=self.settings.root / '.specs' / '.mirrors',
            )
            origin = taken.origin
            self.name, self.revision, self.commit = origin.name, taken.revision, taken.commit
            # Of the environment this much would name a place that others share.
            self.settings = dataclasses.replace(
                self.settings, root=self.places.root, workspace='', model='', stage='', spec=''
            )
            manifest = asked.manifest or survey.MAIN
            usual = _STAGE if (origin.root / _STAGE).is_dir() or stages.find(origin.root, manifest) else ''
            given = request.Given(
                spec=asked.spec,
                stage=asked.stage or usual,
                project=asked.project,
                series=asked.series,
                manifest=manifest,
                cloud=asked.cloud,
            )
            self._asked = request.complete(given, self.settings, origin=origin)
            self.stage, self.controller = self._asked.stage, asked.controller
            self.attempts.took(
                self.places.token,
                spec=origin.name,
                revision=self.revision,
                commit=self.commit,
                stage=self.stage,
            )
            self._given = given if asked.manifest else dataclasses.replace(given, manifest='')

    def check(self) -> None:
        """Do what ``hoodoo check`` does.

        Raises:
            WrongSpec: it found errors.
        """
        with self.record.case(_PREPARE, 'check'):
            asked = self._request
            found = survey.check_stages(
                self._given, self.settings, asked.origin, (asked.stage,), tolerant=False
            )
            self.findings = tuple(recording.finding(each) for each in found.findings)
            if wrong := findings.errors_of(found.findings):
                said = '\n'.join(f'{each.problem.where}: {each.problem.message}' for each in wrong)
                count = wording.counted(len(wrong), 'error')
                raise WrongSpec(f'cannot run spec {asked.origin.label}: {count}\n{said}')
            with self._runner() as runner:
                self._lines = runner.check(asked)
        if not any(line.call.phase in _PROVES for line in self._lines):
            self.notes.append(f'The manifest proves nothing: it has neither {" nor ".join(_PROVES)}.')

    def reach(self) -> None:
        """Find the controller, and hear it answer. From here until there is a model nothing that fails says
        anything of the spec."""
        with self.record.case(_PREPARE, 'find a controller', bad=report.Outcome.ERROR):
            self.untried = True
            target = connect.find_target(self.settings, controller=self.controller, note=self.told)
            known = models.Models(target, self.settings.environ)
            known.listed()
            self.known, self.controller = known, known.controller
            self.contact.watch(witness.Witness(known.dial, known.ask))

    def make(self, *, expires_ms: int) -> None:
        """Make the model. What is about to be there is written down before, and on it afterwards."""
        self.contact.begin()
        with self.record.case(_PREPARE, 'add a model', bad=report.Outcome.ERROR):
            name = naming.model_name(self.name, self.revision, self.places.token)
            now_ms = time.time_ns() // 1_000_000
            self.attempts.intend(
                self.places.token,
                controller=self.controller,
                model=name,
                expires_ms=expires_ms,
                now_ms=now_ms,
            )
            self.model = name
            kubernetes = any(
                isinstance(job, base.Deploys) and job.foreseen.on_kubernetes
                for job in (common.bare(line.job) for line in self._lines)
            )
            making = connect.Making(cloud=self._request.cloud, on_kubernetes=kubernetes)
            try:
                with process.marked(*self.places.mark):
                    juju, _ = connect.open_driver(
                        self.settings, wanted=self._wanted, default=name, note=self.told, making=making
                    )
            except errors.UsageFault:  # there is no such cloud, say: it was not asked for
                self.model = ''
                self.attempts.gone(self.places.token)
                raise
            except driver.JujuFault as err:
                # One that was ended by a signal may have asked for it, and the request be on its way.
                self.refused = err.status is not None and err.status > 0
                raise
            with contextlib.closing(juju):
                self.uuid = juju.model_uuid
            self.attempts.made(self.places.token, self.uuid)
            self.mark(expires_ms=expires_ms)
            self.untried = False

    def mark(self, *, expires_ms: int, kept: bool = False) -> None:
        """Write on the model whose it is, and until when."""
        mark = marks.Mark(
            token=self.places.token,
            model_uuid=self.uuid,
            owner=marks.me(),
            expires_ms=expires_ms,
            kept=kept,
            spec=self.name,
            revision=self.revision,
        )
        assert self.known is not None, 'the model was made'
        self.known.annotate(self.uuid, marks.encode(mark))

    def first(self) -> None:
        """Run the spec.

        Raises:
            Fault: a phase failed.
        """
        self._run(_FIRST)

    def second(self) -> None:
        """Run it again and see that nothing changes.

        Raises:
            Fault: a phase failed, or something changed.
        """
        before = self._facts()
        said = self._run(_SECOND)
        self.contact.begin()
        with self.record.case(_SECOND, 'nothing changes'):
            done = [event.text for event in said if isinstance(event, events.Step) and event.state == 'done']
            self.changed = (*done, *second.differences(before, self._facts()))
            if self.changed:
                listed = ''.join(f'\n  {change}' for change in self.changed)
                count = wording.counted(len(self.changed), 'thing')
                raise errors.Fault(
                    f'a second run changed {count}{listed}', hint='A spec is to leave alone what is well.'
                )

    def collect(self, folder: Path) -> None:
        """Keep what explains a failure in *folder*."""
        if self._asked is None:
            return
        mask = masker.Masker()
        check.learn(mask, self._asked, self.settings.root)
        collecting.learn(mask, self._lines)
        kept = collecting.Collection(folder=folder, mask=mask)
        with contextlib.closing(journal.Journal(self.places.journal)) as opened:
            kept.runs(opened)
            if self.uuid and self.known is not None:
                with kept.noted('the model'), self._driver() as juju:
                    units = [unit.name for unit in juju.snapshot().units()]
                    kept.juju(self.known, self.model, units)
                    kept.plan(self._lines, juju, opened)
        self.artifacts, self.notes = kept.names, [*self.notes, *kept.notes]

    @property
    def _request(self) -> request.Request:
        assert self._asked is not None, 'the revision was taken'
        return dataclasses.replace(self._asked, model=self._wanted if self.model else '')

    @property
    def _wanted(self) -> str:
        return f'{self.controller}:{self.model}'

    def _run(self, suite: str) -> list[events.Event]:
        self.told(f'{suite}:')
        self.record.begin(suite, 'run')
        self.contact.begin()
        records: list[events.Record] = []

        def heard(record: events.Record) -> None:
            records.append(record)
            if isinstance(record.event, events.PhaseStarted):
                # What an earlier phase has lived through is no excuse for this one.
                self.contact.begin()

        with self._runner() as runner:
            runner.journal.listen(heard)
            try:
                with self.shown(runner.journal):
                    runner.run(self._request)
            finally:
                if records:
                    self.record.add(cases.cases(suite, records, recording.places(self._lines)))
        return [record.event for record in records]

    @contextlib.contextmanager
    def _runner(self) -> Generator[run.Runner]:
        """What does runs, with the attempt's own journal."""
        with contextlib.closing(journal.Journal(self.places.journal)) as opened:
            connected = run.connect_juju(self.settings)
            yield run.Runner(settings=self.settings, journal=opened, connect=connected)

    def _facts(self) -> second.Facts:
        with self._driver() as juju:
            seen = juju.snapshot()
            return second.facts(seen, juju.settings(list(seen.applications)))

    @contextlib.contextmanager
    def _driver(self) -> Generator[jujudriver.JujuDriver]:
        opened = connect.find_driver(self.settings, wanted=self._wanted, default=self.model)
        if opened is None:
            raise errors.Fault(f'model {self._wanted} is not there any more')
        with contextlib.closing(opened):
            yield opened
