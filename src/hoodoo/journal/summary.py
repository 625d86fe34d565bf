"""What a run came to, in a few lines: how long its phases took, what changed, how to go on."""

from __future__ import annotations

from collections.abc import Iterator

from hoodoo import wording
from hoodoo.journal import events

_CHANGES = 10


class Summary:
    """Takes in the events of a run, or of a part of one."""

    def __init__(self) -> None:
        self._ended: list[events.PhaseEnded] = []
        self._changes: list[str] = []

    def take(self, event: events.Event) -> None:
        """Take in one event."""
        if isinstance(event, events.PhaseEnded):
            self._ended.append(event)
        elif isinstance(event, events.Step) and event.state == 'done':
            self._changes.append(event.text)

    def phases(self) -> Iterator[str]:
        """A line for each phase, when there are several."""
        if len(self._ended) < 2:
            return
        width = max(len(phase.title) for phase in self._ended)
        for phase in self._ended:
            seconds = f'{phase.seconds:.1f} s'
            yield f'  {phase.title:<{width}} {seconds:>9}  {phase.outcome:<9} {phase.summary}'.rstrip()

    def changes(self) -> Iterator[str]:
        """What was changed in the model."""
        if self._changes:
            yield 'changed:'
            yield from (f'  {change}' for change in self._changes[:_CHANGES])
            if len(self._changes) > _CHANGES:
                yield f'  and {len(self._changes) - _CHANGES} more'


def ways_on(event: events.RunEnded) -> Iterator[str]:
    """Commands that carry on after a run that did not get to its end."""
    if event.again:
        yield 'to go on:'
        yield from (f'  {command}' for command in event.again)


def ended(event: events.RunEnded) -> str:
    """How a run ended, in one line."""
    text = f'run {event.run} {event.outcome} in {event.seconds:.1f} s'
    changes = wording.counted(event.changes, 'change') if event.changes else ''
    if event.outcome == 'done':
        return f'{text}: {changes or "nothing had to change"}'
    return f'{text}, after {changes}' if changes else text
