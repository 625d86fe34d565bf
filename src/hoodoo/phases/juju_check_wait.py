"""The phase juju-check-wait: wait until every unit of the model is ready."""

from __future__ import annotations

from dataclasses import dataclass

from hoodoo import wording
from hoodoo.phases import base, options
from hoodoo.readiness import wait
from hoodoo.spec import manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a juju-check-wait line may say."""

    timeout: float = wait.DEFAULT_TIMEOUT_S
    settle: float = wait.DEFAULT_SETTLE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How long to wait."""

    options: Options

    def run(self, context: base.Context) -> base.Outcome:
        """Wait."""
        seen = wait.wait(
            context.juju(),
            timeout_s=self.options.timeout,
            settle_s=self.options.settle,
            told=context.told.waiting,
        )
        return base.Outcome(summary=f'{wording.counted(len(list(seen.units())), "unit")} ready')


class JujuCheckWait:
    """See the module."""

    name = 'juju-check-wait'
    needs_model = True
    repeatable = True

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        """Check the numbers."""
        given = options.read(Options, call, outlook.problems)
        return Job(options=given.options) if given.fine else None
