"""The phase sleep: wait a number of seconds."""

from __future__ import annotations

from dataclasses import dataclass

from hoodoo.phases import base, common, countdown, options
from hoodoo.spec import manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a sleep line may say."""

    config: float = 0.0
    """How many seconds; must be given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How long."""

    seconds: float

    def run(self, context: base.Context) -> base.Outcome:
        """Sleep, counting down."""
        countdown.wait(self.seconds, context.told.progress, words='{} s left')
        return base.Outcome()


class Sleep:
    """See the module."""

    name = 'sleep'
    model_use = base.ModelUse.NONE
    repeatable = True
    own = Options
    shared = common.NONE

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        """Check the number of seconds."""
        given = options.read(Options, call, outlook.problems)
        if 'config' not in given.untold and not any(option.key == 'config' for option in call.options):
            outlook.problems.append(call.problem('sleep does not say how long', hint='Write config=SECONDS.'))
            return None
        return Job(seconds=given.options.config) if given.fine else None
