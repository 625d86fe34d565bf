"""Wakes who waits for a model's changes: by the controller's own watcher where it has one, else by the clock.

The clock is rationed: a look at a whole model costs the controller much, and hours may pass in one wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from bedrock import errors
from hoodoo.juju import login, rpc

_SHORTEST_S = 1.0
"""Between two looks when nothing says that the model changed."""
_LONGEST_S = 10.0
"""How long those pauses become: each is half as long again as the one before, until a change is seen."""
_GAP_S = 0.1
_REDIAL_S, _LONGEST_REDIAL_S = 1.0, 30.0


class Waker:
    """Follows the model's AllWatcher in a thread; while there is none, wakes now and then."""

    def __init__(self, dial: Callable[[], rpc.Connection]) -> None:
        self._dial = dial
        self._changed = threading.Event()
        self._follows = threading.Event()
        self._closed = threading.Event()
        self._connection: rpc.Connection | None = None
        self._pause_s = _SHORTEST_S
        self._thread = threading.Thread(target=self._run, name='watcher', daemon=True)
        self._thread.start()

    def wait(self, timeout_s: float, *, cost_s: float = 0.0) -> None:
        """Return after a change, or after *timeout_s*; changes within a moment count as one.

        Args:
            cost_s: How long a look at the model takes: no more than half of the time goes into that.
        """
        if self._follows.is_set():
            self._closed.wait(min(timeout_s, max(_GAP_S, cost_s)))
            self._changed.wait(max(0.0, timeout_s - max(_GAP_S, cost_s)))
        else:
            pause_s = max(min(timeout_s, self._pause_s), _SHORTEST_S, cost_s)
            self._pause_s = min(self._pause_s * 1.5, _LONGEST_S)
            self._changed.wait(pause_s)
        self._changed.clear()

    def moved(self) -> None:
        """The model was seen to have changed: the next change may come soon."""
        self._pause_s = _SHORTEST_S

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        connection = self._connection
        if connection is not None:
            connection.close()
        self._thread.join(5.0)

    def _run(self) -> None:
        """Follow again and again; a controller that has no watchers is not asked twice."""
        rest_s = _REDIAL_S
        while not self._closed.is_set():
            began = time.monotonic()
            if not self._follow():
                return
            self._follows.clear()
            self._changed.set()
            if time.monotonic() - began > _LONGEST_REDIAL_S:
                rest_s = _REDIAL_S
            self._closed.wait(rest_s)
            rest_s = min(2 * rest_s, _LONGEST_REDIAL_S)

    def _follow(self) -> bool:
        """Follow until the connection breaks or the watcher ends; False when there is no watcher to have."""
        connection: rpc.Connection | None = None
        try:
            connection = self._connection = self._dial()
            try:
                watcher = str(connection.call('Client', 'WatchAll', {}).get('watcher-id', ''))
            except login.RpcFault as err:
                return err.transient
            self._follows.set()
            while not self._closed.is_set():
                connection.call('AllWatcher', 'Next', {}, id_=watcher, timeout_s=None)
                self._changed.set()
        except errors.Fault:
            pass  # a broken connection, or a watcher that the controller ended: another may come
        finally:
            self._connection = None
            if connection is not None:
                connection.close()
        return True
