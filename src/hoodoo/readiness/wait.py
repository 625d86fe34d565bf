"""Wait until a model is ready: looks when it may have changed, asks the oracle, tells the reasons."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from bedrock import errors
from hoodoo import model
from hoodoo.readiness import causes, hooklog, oracle
from hoodoo.readiness.unready import Reason

if TYPE_CHECKING:
    from hoodoo.juju import driver

DEFAULT_TIMEOUT_S = 1800.0
DEFAULT_SETTLE_S = 3.0
"""For how long all agents must have been idle. One idle moment may lie between two hooks."""

_LOG_LINES = 2000
_SHOWN_LINES = 40
_LAST_LINES = 5
_UNITS_WITH_LOG = 6
_TOLD_EVERY_S = 0.5
_OUTAGE_S = 600.0
"""After so long without a controller waiting ends: it does not come back by itself."""
_LONGEST_REST_S = 30.0

Told = Callable[[tuple[str, ...]], None]
T = TypeVar('T')


class NotReady(errors.Fault):
    """A model cannot become ready, or did not in time."""

    def __init__(self, message: str, *, nodes: tuple[causes.Node, ...], hint: str = '') -> None:
        super().__init__(message, hint=hint)
        self.nodes = nodes
        """What was not ready; only what is in error, when waiting ended for that."""


class NotInTime(NotReady):
    """A model did not become ready in time."""


def wait(
    juju: driver.Driver,
    rules: oracle.Rules | None = None,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    told: Told = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
    rest: Callable[[float], None] = time.sleep,
) -> model.ModelSnapshot:
    """Return the first snapshot in which the model is ready by *rules* (default: with `DEFAULT_SETTLE_S`).

    A controller that goes away is waited for, but not longer than ten minutes.

    Args:
        told: Called with the tree of reasons, as indented lines, when it changes, and with an empty tuple at
            the end. Hooks may take milliseconds, so changes that come soon after another are told as one.

    Raises:
        NotReady: a unit is in error; the message holds its hook's log. NotInTime: *timeout_s* passed; the
            message holds the tree and the waiting units' last log lines.
        UnreachableFault: the controller stayed away.
    """
    state = oracle.State(rules=rules or oracle.Rules(settle_s=DEFAULT_SETTLE_S))
    deadline = clock() + timeout_s
    pace = _Pace(told, clock)
    outage = _Outage(deadline, told=told, clock=clock, rest=rest)
    while True:
        seen = outage.survive(juju.snapshot)
        state, verdict = oracle.step(state, seen, clock())
        if verdict.kind == 'ready':
            told(())
            return seen
        if verdict.kind == 'failed':
            raise _failed(juju, seen, verdict.reasons)
        left_s = deadline - clock()
        if left_s <= 0:
            raise _late(juju, seen, verdict.reasons, timeout_s)
        shown = tuple(causes.lines(causes.tree(seen, verdict.reasons), causes.moment))
        juju.wait_change(min(verdict.look_again_s, left_s, pace.tell(shown)))


class _Pace:
    """Tells lines when they change, but not twice in a moment: a hook may take milliseconds."""

    def __init__(self, told: Told, clock: Callable[[], float]) -> None:
        self._told, self._clock = told, clock
        self._shown: tuple[str, ...] | None = None
        self._next = clock()

    def tell(self, shown: tuple[str, ...]) -> float:
        """Tell *shown* unless it is known or too early; returns how long that may wait."""
        if shown == self._shown:
            return oracle.LONGEST_PAUSE_S
        left_s = self._next - self._clock()
        if left_s > 0:
            return left_s
        self._told(shown)
        self._shown, self._next = shown, self._clock() + _TOLD_EVERY_S
        return oracle.LONGEST_PAUSE_S


class _Outage:
    """Tries again, with growing rests, while the controller does not answer."""

    def __init__(
        self, deadline: float, *, told: Told, clock: Callable[[], float], rest: Callable[[float], None]
    ) -> None:
        self._deadline, self._told, self._clock, self._rest = deadline, told, clock, rest

    def survive(self, look: Callable[[], T]) -> T:
        """Return what *look* returns, as soon as it can."""
        began, rest_s = self._clock(), 1.0
        while True:
            try:
                return look()
            except errors.UnreachableFault as err:
                now = self._clock()
                left_s = min(self._deadline, began + _OUTAGE_S) - now
                if left_s <= 0:
                    raise
                self._told((f'the controller does not answer, trying again: {err.message}',))
                self._rest(min(rest_s, left_s))
                rest_s = min(2 * rest_s, _LONGEST_REST_S)


def _failed(juju: driver.Driver, seen: model.ModelSnapshot, fatal: tuple[Reason, ...]) -> NotReady:
    log, text = _log(juju)
    for reason in fatal:
        text += f'\n  {reason}'
        text += ''.join(f'\n    {line}' for line in hooklog.tail(log, reason.subject))
    return NotReady(
        f'cannot become ready: {len(fatal)} in error{text}',
        nodes=causes.tree(seen, fatal),
        hint=_hint(fatal[0].subject, juju.model),
    )


def _late(
    juju: driver.Driver, seen: model.ModelSnapshot, reasons: tuple[Reason, ...], timeout_s: float
) -> NotInTime:
    nodes = causes.tree(seen, reasons)
    shown = list(causes.lines(nodes, causes.age(seen.now_ms)))
    text = ''.join(f'\n  {line}' for line in shown[:_SHOWN_LINES])
    if len(shown) > _SHOWN_LINES:
        text += f'\n  and {len(shown) - _SHOWN_LINES} more lines'
    log, complaint = _log(juju)
    names = {unit.name for unit in seen.units()}
    waiting = list(dict.fromkeys(reason.subject for reason in reasons if reason.subject in names))
    for name in waiting[:_UNITS_WITH_LOG]:
        said = hooklog.last(log, name, count=_LAST_LINES)
        if said:
            text += f'\n  last of the log of {name}:' + ''.join(f'\n    {line}' for line in said)
    return NotInTime(
        f'cannot wait any longer: the model is not ready after {timeout_s:g} s{text}{complaint}',
        nodes=nodes,
        hint=f'Look closer: juju status --model {juju.model}, or allow more time.',
    )


def _log(juju: driver.Driver) -> tuple[list[str], str]:
    """The model's last log lines; or why there are none, in words."""
    try:
        return juju.log_lines(_LOG_LINES), ''
    except errors.Fault as err:
        return [], f'\n  (the log cannot be read: {err})'


def _hint(subject: str, model: str) -> str:
    if '/' not in subject:
        return f'Look closer: juju status --model {model}'
    tag = f'unit-{subject.replace("/", "-")}'
    return (
        'Mend the charm and run again, or look closer:'
        f' juju debug-log --model {model} --replay --include {tag} --limit 200'
    )
