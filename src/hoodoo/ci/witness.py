"""Sees whether a controller was there all the time: what failed while it was away says nothing of a spec.

It holds a connection of its own, which ends in the moment in which the controller dies, and within a minute
where the network is cut. A connection that ends and can be had again at once is no absence.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from bedrock import errors
from hoodoo.ci.reports import report

_REDIAL_S, _LONGEST_REDIAL_S = 1.0, 15.0
_SETTLED_S = 30.0
"""How long to wait for a connection that is just being made."""
_ANSWER_S = 15.0
_CLOSE_S = 1.0
_TRIES = 3


@dataclass(slots=True)
class _Absence:
    why: str
    until: float | None = None
    """A moment of the monotonic clock; None while it lasts."""


class Connection(Protocol):
    """What of a connection matters here; see `rpc.Connection`."""

    def close(self) -> None: ...
    def wait_ended(self) -> None: ...


C = TypeVar('C', bound=Connection)


class Witness(Generic[C]):
    """Watches in a thread until it is closed."""

    def __init__(
        self,
        dial: Callable[[], C],
        ask: Callable[[C, float], object],
        *,
        redial_s: float = _REDIAL_S,
    ) -> None:
        """Begin.

        Args:
            dial: Makes a connection.
            ask: Asks something over it that is answered at once, within so many seconds.
            redial_s: When a connection that cannot be had is tried for once more; then less and less often.
        """
        self._redial_s = redial_s
        self._dial, self._ask = dial, ask
        self._closed = threading.Event()
        self._change = threading.Condition()
        self._connection: C | None = None
        self._absences: list[_Absence] = []
        self._thread = threading.Thread(target=self._run, name='witness', daemon=True)
        self._thread.start()

    def away(self, since: float) -> str:
        """Why the controller could not be had at some moment since *since*; empty when it could.

        It is asked once more: a connection may be broken and nobody know of it yet.

        Args:
            since: A moment of the monotonic clock.
        """
        for _ in range(_TRIES):
            with self._change:
                self._change.wait_for(lambda: self._connection or self._is_away, _SETTLED_S)
                connection = self._connection
            if connection is None:
                break
            try:
                self._ask(connection, _ANSWER_S)
                break
            except errors.UnreachableFault:
                connection.close()
                connection.wait_ended()
                with self._change:
                    self._change.wait_for(lambda used=connection: self._connection is not used, _SETTLED_S)
            except errors.Fault:
                break  # it refuses, so it is there
        with self._change:
            met = [one.why for one in self._absences if one.until is None or one.until >= since]
            if not met and self._connection is None:
                return 'it did not answer'
        return met[-1] if met else ''

    def close(self) -> None:
        """End; may be called twice."""
        self._closed.set()
        with self._change:
            connection = self._connection
        if connection is not None:
            connection.close()
        self._thread.join(_CLOSE_S)

    @property
    def _is_away(self) -> bool:
        return bool(self._absences) and self._absences[-1].until is None

    def _run(self) -> None:
        rest_s = self._redial_s
        while not self._closed.is_set():
            try:
                connection = self._dial()
            except errors.Fault as err:
                self._gone(report.first_line(errors.render(err)))
                self._closed.wait(rest_s)
                rest_s = min(2 * rest_s, _LONGEST_REDIAL_S)
                continue
            rest_s = self._redial_s
            self._there(connection)
            if self._closed.is_set():
                connection.close()
            connection.wait_ended()
            connection.close()
            with self._change:
                self._connection = None
                self._change.notify_all()

    def _gone(self, why: str) -> None:
        with self._change:
            if not self._is_away:
                self._absences.append(_Absence(why))
            self._change.notify_all()

    def _there(self, connection: C) -> None:
        with self._change:
            if self._is_away:
                self._absences[-1].until = time.monotonic()
            self._connection = connection
            self._change.notify_all()


class Contact:
    """Whether the controller was there during what is under way."""

    def __init__(self) -> None:
        self._witness: Witness[Any] | None = None
        self._since = time.monotonic()

    def watch(self, witness: Witness[Any]) -> None:
        """From here on *witness* looks."""
        self._witness = witness

    def begin(self) -> None:
        """Something is begun; what came before it is no excuse for it."""
        self._since = time.monotonic()

    def lost(self, error: BaseException | None = None) -> str:
        """How the controller was lost during what was begun last, and ended with *error*; else empty."""
        if self._witness is None:
            return ''
        for link in errors.chain(error) if error is not None else ():
            if isinstance(link, errors.UnreachableFault):
                return link.message
        return self._witness.away(self._since)

    def close(self) -> None:
        """Hang up."""
        if self._witness is not None:
            self._witness.close()
