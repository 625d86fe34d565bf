"""Jobs side by side in threads, which an interrupt ends together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent import futures
from typing import TypeVar

from bedrock import process

T = TypeVar('T')

_AT_ONCE, _AGAIN_S = 4, 1.0


def do(jobs: Sequence[Callable[[], T]], stopped: threading.Event) -> list[T]:
    """Do *jobs*, several at once, and return what they came to, in their order.

    Raises:
        KeyboardInterrupt: one came. Then *stopped* is set, programs that run for them are told to end,
            and no other job begins.
    """
    with futures.ThreadPoolExecutor(_AT_ONCE, thread_name_prefix='together') as pool:
        begun: list[futures.Future[T]] = []
        try:
            begun += [pool.submit(job) for job in jobs]
            # Again and again: a wait that begins just after a signal came is not ended by it.
            while futures.wait(begun, timeout=_AGAIN_S).not_done:
                pass
            return [one.result() for one in begun]
        except KeyboardInterrupt:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            left = [one for one in begun if not one.cancelled()]
            while futures.wait(left, timeout=_AGAIN_S).not_done:
                # One was about to start a program when the others were told to end.
                process.terminate_children()
            raise
