"""Options that many phases share: trying again, a longest time, what happens after a failure.

They are read here once, and the phase's job is wrapped in one that honours them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from bedrock import errors
from hoodoo.phases import aftermath, base, countdown, options
from hoodoo.spec import manifest

NONE: frozenset[str] = frozenset()
AFTERMATH = frozenset({'exec_on_failure', 'debug_logs'})
STEP = AFTERMATH | {'retry', 'sleep'}
"""For what may be tried again."""
PROGRAM = STEP | {'timeout'}
"""For what runs a program of the spec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What a line of many phases may say, next to the phase's own options."""

    retry: int = 0
    """How often to try again what failed."""
    sleep: float = 10.0
    """Seconds before each of those tries."""
    timeout: float = 0.0
    """Seconds after which a program that still runs is ended, with all that it started; 0 for no limit."""
    exec_on_failure: str = ''
    """A program of the spec that is run when the phase has failed; it finds MOJO_FAILED_PHASE,
    MOJO_FAILED_CONFIG, MOJO_FAILED_ERROR and MOJO_FAILED_TRIES in its environment."""
    debug_logs: tuple[str, ...] = ()
    """What to keep in the workspace's logs directory when the phase failed, parted by commas: True for the
    model's status and log; names of applications for the logs of their units too; programs of the spec for
    what they print."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A phase's job that is tried as often as its line says, and whose failure has consequences."""

    inner: base.Job
    given: Common
    failure: aftermath.Aftermath

    def run(self, context: base.Context) -> base.Outcome:
        """Try; fail as the last try did."""
        bounded = dataclasses.replace(context, timeout_s=self.given.timeout or None)
        tries = self.given.retry + 1
        for number in range(1, tries + 1):
            try:
                return self.inner.run(bounded)
            except errors.Fault as err:
                if number == tries or isinstance(err, errors.UsageFault):
                    self.failure.run(context, err, tries=number)
                    raise
                context.told.note(again(err, number=number, tries=tries, seconds=self.given.sleep))
            countdown.wait(self.given.sleep, context.told.progress, words='next try in {} s')
        raise AssertionError('the last try returns or raises')


def of(phase: base.Phase) -> tuple[dataclasses.Field[object], ...]:
    """The shared options of *phase*: those that its own do not replace, and that mean something to it."""
    own = {field.name for field in dataclasses.fields(phase.own)}
    wanted = phase.shared - own - ({'debug_logs'} if phase.model_use is base.ModelUse.NONE else set[str]())
    return tuple(field for field in dataclasses.fields(Common) if field.name in wanted)


def prepare(
    phase: base.Phase, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook
) -> base.Job | None:
    """`Phase.prepare` for a whole line, shared options included."""
    keys = frozenset(field.name.replace('_', '-') for field in of(phase))
    mine = tuple(option for option in call.options if option.key in keys)
    given = options.read(Common, dataclasses.replace(call, options=mine), outlook.problems)
    programs = {'debug-logs': aftermath.scripts(given.options.debug_logs, place.view)}
    if given.options.exec_on_failure:
        programs['exec-on-failure'] = (given.options.exec_on_failure,)
    fine = given.fine
    for key, names in programs.items():
        for name in names:
            fine &= base.find_file(call, name, place, outlook, executable=True, key=key) is not None
    job = phase.prepare(dataclasses.replace(call, elsewhere=keys), place, outlook)
    if job is None or not fine:
        return None
    if not mine:
        return job
    config = next((option.value for option in reversed(call.options) if option.key == 'config'), '')
    failure = aftermath.Aftermath(
        phase=call.phase,
        config=config,
        program=given.options.exec_on_failure,
        logs=given.options.debug_logs,
    )
    return Job(inner=job, given=given.options, failure=failure)


def bare(job: base.Job) -> base.Job:
    """What the phase itself prepared, for whoever asks what it will do."""
    return job.inner if isinstance(job, Job) else job


def again(err: errors.Fault, *, number: int, tries: int, seconds: float) -> str:
    """What is said between two tries."""
    return f'try {number} of {tries} failed, next in {seconds:g} s: {err.message.splitlines()[0]}'
