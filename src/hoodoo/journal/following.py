"""The events of a run of another process, as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hoodoo.journal import events, journal, rows

_LOOK_S = 0.1
_ALIVE_LOOKS = 10
"""After how many looks at an unchanged journal the process is looked at: one that was killed says nothing."""


def follow(
    opened: journal.Journal, number: int, *, after: int, sleep: Callable[[float], None]
) -> Iterator[events.Record]:
    """Yield the events of run *number* after the one numbered *after*, until the run has ended.

    SQLite tells nobody that another process wrote; asking it for its data version takes microseconds and
    reads no table.
    """
    version, idle = -1, 0
    while True:
        now = opened.changed()
        idle = 0 if now != version else idle + 1
        if now != version or idle % _ALIVE_LOOKS == 0:
            version = now
            # The state first: what is written between the two looks is then read with the next.
            running = opened.get(number).outcome == rows.RUNNING
            for record in opened.records(number, after=after):
                after = record.seq
                yield record
            if not running:
                return
        sleep(_LOOK_S)
