"""The phase nagios-check: run every machine's NRPE checks and fail on a bad result."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bedrock import errors
from hoodoo import wording
from hoodoo.juju import driver
from hoodoo.nagios import checks
from hoodoo.phases import base, options
from hoodoo.spec import manifest

_WORKERS = 8
_MACHINE_TIMEOUT_S = 600.0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to run and what not."""

    options: Options

    def run(self, context: base.Context) -> base.Outcome:
        """Run all checks; machines with bad ones again, as often as the line allows."""
        juju = context.juju()
        given = self.options
        skips = (
            *(checks.DEFAULT_SKIPS if given.skip_checks is None else given.skip_checks),
            *given.skip_checks_extra,
        )
        machines = checks.places(juju.snapshot(), given.services)
        results = _run(juju, machines, skips)
        for attempt in range(given.retry):
            bad_units = {result.unit for result in results if not result.good}
            if not bad_units:
                break
            context.told.progress(
                f'bad checks on {wording.counted(len(bad_units), "machine")}; try {attempt + 2} soon'
            )
            time.sleep(given.sleep)
            good = [result for result in results if result.unit not in bad_units]
            again = {machine: unit for machine, unit in machines.items() if unit in bad_units}
            results = [*good, *_run(juju, again, skips)]
        return _judged(results, context.told)


class NagiosCheck:
    """See the module."""

    name = 'nagios-check'
    needs_model = True
    repeatable = True

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        """Check the options; a skipped name need not be any check's."""
        given = options.read(Options, call, outlook.problems)
        return Job(options=given.options) if given.fine else None


def _run(juju: driver.Driver, machines: Mapping[str, str], skips: tuple[str, ...]) -> list[checks.Result]:
    script = checks.script(skips)

    def one(place: tuple[str, str]) -> list[checks.Result]:
        machine, unit = place
        done = juju.execute(machine, script, timeout_s=_MACHINE_TIMEOUT_S)
        if done.returncode != 0:
            raise errors.Fault(f'cannot run the checks on {unit}: {done.stderr.strip() or done.returncode}')
        return checks.read(unit, done.stdout)

    with ThreadPoolExecutor(_WORKERS, thread_name_prefix='nagios') as pool:
        return [result for results in pool.map(one, machines.items()) for result in results]


def _judged(results: list[checks.Result], told: base.Told) -> base.Outcome:
    for result in results:
        told.note(str(result))
    bad = [result for result in results if not result.good]
    ran = [result for result in results if result.status is not None]
    if bad:
        lines = ''.join(f'\n    {result}' for result in bad)
        count = wording.counted(len(ran), 'check')
        raise errors.Fault(f'cannot pass nagios-check: of {count}, {len(bad)} did not pass{lines}')
    if not ran:
        return base.Outcome(summary='no machine has a check')
    machines = wording.counted(len({result.unit for result in ran}), 'machine')
    return base.Outcome(summary=f'{wording.counted(len(ran), "check")} passed on {machines}')
