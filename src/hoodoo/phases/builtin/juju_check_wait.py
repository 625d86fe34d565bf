"""The phase juju-check-wait: wait until every unit of the model is ready."""

from __future__ import annotations

from dataclasses import dataclass

from hoodoo import wording
from hoodoo.phases import base, common, options
from hoodoo.phases.builtin import waiting
from hoodoo.readiness import oracle, wait
from hoodoo.spec import manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a juju-check-wait line may say."""

    timeout: float = wait.DEFAULT_TIMEOUT_S
    """Longest wait, in seconds."""
    max_wait: float | None = None
    """The same, by the name that the phase bundle has for it; it wins."""
    settle: float = wait.DEFAULT_SETTLE_S
    """Seconds for which no agent may change before the model counts as ready."""
    additional_ready_states: tuple[str, ...] = ()
    """Workload states that count as ready, next to active and unknown."""
    retry_errors: int = 0
    """How often a unit may fail before the wait ends; Juju retries failed hooks by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How long to wait for what."""

    options: Options

    def run(self, context: base.Context) -> base.Outcome:
        """Wait."""
        given = self.options
        seen = wait.wait(
            context.juju(),
            oracle.Rules(
                settle_s=given.settle,
                accepted=frozenset(given.additional_ready_states),
                retry_errors=given.retry_errors,
            ),
            timeout_s=given.timeout if given.max_wait is None else given.max_wait,
            told=context.told.waiting,
        )
        return base.Outcome(summary=f'{wording.counted(len(list(seen.units())), "unit")} ready')


class JujuCheckWait:
    """See the module."""

    name = 'juju-check-wait'
    model_use = base.ModelUse.USES
    repeatable = True
    own = Options
    shared = common.STEP

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        """Check the numbers and the states."""
        given = options.read(Options, call, outlook.problems)
        fine = waiting.check_states(call, given.options.additional_ready_states, outlook.problems)
        return Job(options=given.options) if given.fine and fine else None
