"""The phase nagios-check: run every machine's NRPE checks and fail on a bad result."""

from __future__ import annotations

from dataclasses import dataclass

from bedrock import errors
from hoodoo import model, wording
from hoodoo.nagios import checks, rounds
from hoodoo.phases import base, common, options
from hoodoo.spec import manifest

_JUDGEMENTS = ('fail', 'ok')


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a nagios-check line may say."""

    skip_checks: tuple[str, ...] | None = None
    """Instead of the default skips."""
    skip_checks_extra: tuple[str, ...] = ()
    """In addition to them."""
    services: tuple[str, ...] = ()
    """Only these applications' machines."""
    retry: int = 0
    """How often to run again what was bad."""
    sleep: float = 10.0
    """Seconds before each of those."""
    warning: str = 'fail'
    """What a check in state warning means: fail or ok."""
    unknown: str = 'fail'
    """What a check in state unknown means: fail or ok."""

    def rules(self) -> rounds.Rules:
        """The same, as the rounds take it."""
        skips = checks.DEFAULT_SKIPS if self.skip_checks is None else self.skip_checks
        judged = {'warning': self.warning, 'unknown': self.unknown}
        return rounds.Rules(
            skips=(*skips, *self.skip_checks_extra),
            fine=frozenset(state for state, judgement in judged.items() if judgement == 'ok'),
            retry=self.retry,
            sleep_s=self.sleep,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to run and what not."""

    options: Options

    def run(self, context: base.Context) -> base.Outcome:
        """Run all checks; the bad ones again, as often as the line allows."""
        juju, rules, services = context.juju(), self.options.rules(), self.options.services
        seen = juju.snapshot()
        _demand(services, seen)
        machines = checks.places(seen, services)
        down = rounds.down(seen)
        results = rounds.run(juju, machines, rules, down=down, told=context.told.progress)
        return _judged(results, rules, context.told)


class NagiosCheck:
    """See the module."""

    name = 'nagios-check'
    model_use = base.ModelUse.USES
    repeatable = True
    own = Options
    shared = common.STEP

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        """Check the options; a skipped name need not be any check's."""
        given = options.read(Options, call, outlook.problems)
        wrong = [option for option in call.options if _is_misjudged(option)]
        for option in wrong:
            text = f'option {option.key} takes {" or ".join(_JUDGEMENTS)}, not "{option.value}"'
            outlook.problems.append(call.problem(text, option=option))
        return Job(options=given.options) if given.fine and not wrong else None


def _is_misjudged(option: manifest.Option) -> bool:
    return option.key in ('warning', 'unknown') and option.known and option.value not in _JUDGEMENTS


def _demand(services: tuple[str, ...], seen: model.ModelSnapshot) -> None:
    """Refuse names of applications that the model does not have: they would pass without a check."""
    for name in services:
        if name not in seen.applications:
            raise errors.Fault(
                f'cannot check the units of "{name}": the model has no such application',
                hint=f'{wording.guess(name, seen.applications)} Change services=.'.strip(),
            )


def _judged(results: list[checks.Result], rules: rounds.Rules, told: base.Told) -> base.Outcome:
    for line in checks.table(results) if results else ():
        told.note(line)
    bad = [result for result in results if not result.is_good(rules.fine)]
    ran = [result for result in results if result.status is not None]
    if bad:
        lines = ''.join(f'\n    {result}' for result in bad)
        count = wording.counted(len([result for result in results if result.state != 'skipped']), 'check')
        raise errors.Fault(f'cannot pass nagios-check: of {count}, {len(bad)} did not pass{lines}')
    if not ran:
        return base.Outcome(summary='no machine has a check')
    machines = wording.counted(len({result.unit for result in ran}), 'machine')
    again = sum(result.tries > 1 for result in ran)
    retried = f', {again} of them retried' if again else ''
    return base.Outcome(summary=f'{wording.counted(len(ran), "check")} passed on {machines}{retried}')
