"""Wait until a model is ready, woken by its changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from bedrock import errors
from hoodoo import model
from hoodoo.juju import driver
from hoodoo.readiness import hooklog, unready

_LOG_LINES = 2000
_LONGEST_WAIT_S = 10.0
_SHOWN = 12
_TOLD_EVERY_S = 0.5

DEFAULT_TIMEOUT_S = 1800.0
DEFAULT_SETTLE_S = 3.0
"""For how long all agents must have been idle. One idle moment may lie between two hooks."""


class NotReady(errors.Fault):
    """A model cannot become ready, or did not in time."""


def wait(
    juju: driver.Driver,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    settle_s: float = DEFAULT_SETTLE_S,
    accepted: Collection[str] = frozenset(),
    before: model.ModelSnapshot | None = None,
    told: Callable[[tuple[str, ...]], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> model.ModelSnapshot:
    """Return the first snapshot in which the model is ready and has been quiet for *settle_s*.

    Args:
        accepted: Workload states that count as ready in addition to active and unknown.
        before: The model before failed hooks were retried: an error that it shows has not been retried yet.
        told: Called with the reasons why it is not ready when they change. Hooks may take milliseconds, so
            changes that come soon after another are told as one.

    Raises:
        NotReady: a unit is in error (the message holds its hook's log), or *timeout_s* passed.
    """
    deadline = clock() + timeout_s
    pace = _Pace(told, clock)
    while True:
        seen = juju.snapshot()
        reasons = unready.unready(seen, accepted=accepted)
        still = {name for name, _ in _errors(seen) & _errors(before)} if before else set[str]()
        fatal = [reason for reason in reasons if reason.fatal and reason.subject not in still]
        if fatal:
            raise _failed(juju, fatal)
        texts = tuple(str(reason) for reason in reasons)
        pause_s = _LONGEST_WAIT_S
        if not reasons:
            quiet = unready.quiet_ms(seen)
            pause_s = settle_s - quiet / 1000 if quiet is not None else 0.0
            if pause_s <= 0:
                told(())
                return seen
            texts = (f'the model: ready, but not idle for {settle_s:g} s yet',)
        left_s = deadline - clock()
        if left_s <= 0:
            rest = ''.join(f'\n    {text}' for text in texts[:_SHOWN])
            raise NotReady(f'cannot wait any longer: the model is not ready after {timeout_s:g} s{rest}')
        juju.wait_change(min(pause_s, left_s, pace.tell(texts)))


class _Pace:
    """Tells reasons when they change, but not twice in a moment: a hook may take milliseconds."""

    def __init__(self, told: Callable[[tuple[str, ...]], None], clock: Callable[[], float]) -> None:
        self._told, self._clock = told, clock
        self._shown: tuple[str, ...] | None = None
        self._next = clock()

    def tell(self, reasons: tuple[str, ...]) -> float:
        """Tell *reasons* unless they are known or it is too early; returns how long that may wait."""
        if reasons == self._shown:
            return _LONGEST_WAIT_S
        left_s = self._next - self._clock()
        if left_s > 0:
            return left_s
        self._told(reasons)
        self._shown, self._next = reasons, self._clock() + _TOLD_EVERY_S
        return _LONGEST_WAIT_S


def _errors(seen: model.ModelSnapshot) -> set[tuple[str, int | None]]:
    """The units in error and since when."""
    return {(u.name, u.workload.since_ms) for u in seen.units() if u.workload.value == 'error'}


def _failed(juju: driver.Driver, fatal: list[unready.Reason]) -> NotReady:
    text, log = '', list[str]()
    try:
        log = juju.log_lines(_LOG_LINES)
    except errors.Fault as err:
        text = f'\n  (the log cannot be read: {err})'
    for reason in fatal:
        text += f'\n  {reason}'
        text += ''.join(f'\n    {line}' for line in hooklog.tail(log, reason.subject))
    return NotReady(
        f'cannot become ready: {len(fatal)} in error{text}', hint=_hint(fatal[0].subject, juju.model)
    )


def _hint(subject: str, model: str) -> str:
    if '/' not in subject:
        return f'Look closer: juju status --model {model}'
    tag = f'unit-{subject.replace("/", "-")}'
    return (
        'Mend the charm and run again, or look closer:'
        f' juju debug-log --model {model} --replay --include {tag} --limit 200'
    )
