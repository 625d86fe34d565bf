"""One phase after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hoodoo.journal import events, journal
from hoodoo.juju import driver
from hoodoo.phases import base, common
from hoodoo.review import check
from hoodoo.runner import leftovers, telling


@dataclass(slots=True, kw_only=True)
class Steps:
    """The lines of one run, and how far they got."""

    journal: journal.Journal
    root: Path
    run: int
    lines: tuple[check.Line, ...]
    first: int = 0
    """The line to begin with; those before it are done."""
    current: int = -1
    """The line that is under way, or that ended the run."""
    tellers: list[telling.Teller] = field(default_factory=list[telling.Teller])

    @property
    def changes(self) -> int:
        """How many changes to the model were done so far."""
        return sum(teller.changes for teller in self.tellers)

    @property
    def model_use(self) -> base.ModelUse:
        """What the lines that are still to be done do with the model."""
        uses = {line.phase.model_use for line in self.lines[self.first :]}
        ways = (base.ModelUse.MAKES, base.ModelUse.USES)
        return next((use for use in ways if use in uses), base.ModelUse.NONE)

    @property
    def on_kubernetes(self) -> bool:
        """Whether a line deploys a bundle for Kubernetes."""
        jobs = [common.bare(line.job) for line in self.lines]
        return any(isinstance(job, base.Deploys) and job.foreseen.on_kubernetes for job in jobs)

    def step(
        self, here: base.Place, juju: Callable[[], driver.Driver], environment: Mapping[str, str]
    ) -> None:
        """Do the lines in order; the first that fails ends it."""
        for index in range(self.first, len(self.lines)):
            self.current = index
            # What an earlier phase put there is secret, too.
            here.masker.learn_folder(here.workspace.local)
            teller = telling.Teller(self.journal, self.run, index)
            self.tellers.append(teller)
            context = base.Context(
                place=here,
                juju=juju,
                memory=self.journal,
                told=teller,
                script_environment=environment,
            )
            with leftovers.mark(self.root, self.run, index):
                stopped = self._phase(self.lines[index], context, teller)
            if stopped:
                self._skip(index + 1)
                break
        self.current = -1

    def _skip(self, first: int) -> None:
        for index, line in enumerate(self.lines[first:], first):
            ended = events.PhaseEnded(phase=index, title=line.title, outcome='skipped', seconds=0.0)
            self.journal.emit(self.run, ended)

    def _phase(self, line: check.Line, context: base.Context, teller: telling.Teller) -> bool:
        """Do one line; True when the run is done with it."""
        self.journal.emit(self.run, events.PhaseStarted(phase=teller.phase, title=line.title))
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
                phase=teller.phase,
                title=line.title,
                outcome=outcome,
                seconds=time.monotonic() - started,
                summary=result.summary,
                changes=teller.changes,
                stop=result.stop,
            )
            self.journal.emit(self.run, ended)
        return result.stop
