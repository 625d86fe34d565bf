"""Events as plain lines, for logs and wherever there is no terminal."""

from __future__ import annotations

from collections.abc import Iterator

from hoodoo import wording
from hoodoo.journal import events


class Plain:
    """Turns events into lines ``[ 12.3s] deploy services: text``."""

    def __init__(self) -> None:
        self._started_ms = 0
        self._titles: tuple[str, ...] = ()
        self._waited_for: frozenset[str] = frozenset()

    def lines(self, record: events.Record) -> Iterator[str]:
        """Yield the lines for one event."""
        event = record.event
        if isinstance(event, events.RunStarted):
            self._started_ms, self._titles = record.at_ms, event.phases
        stamp = f'[{(record.at_ms - self._started_ms) / 1000:6.1f}s]'
        for text in self._texts(event):
            yield f'{stamp} {text}'

    def _texts(self, event: events.Event) -> Iterator[str]:
        match event:
            case events.RunStarted(run=run, spec=spec, stage=stage):
                yield f'run {run}: {spec}' + (f', stage {stage}' if stage else '')
            case events.ModelReady(model=model):
                yield f'model {model}'
            case events.PhaseStarted(title=title):
                yield f'{title}: started'
            case events.Note(phase=phase, text=text) | events.Line(phase=phase, text=text):
                yield f'{self._title(phase)}{text}'.rstrip()
            case events.Step(phase=phase, text=text, state=state):
                if state != 'done':
                    yield f'{self._title(phase)}{text}' + (' FAILED' if state == 'failed' else '')
            case events.Waiting(phase=phase, reasons=reasons):
                # Only what is new, wherever in the tree it stands: each change would repeat everything else.
                for reason in reasons:
                    if reason.strip() not in self._waited_for:
                        yield f'{self._title(phase)}waiting: {reason}'
                self._waited_for = frozenset(reason.strip() for reason in reasons)
            case events.Progress():
                pass
            case events.PhaseEnded(title=title, outcome='skipped'):
                yield f'{title}: skipped'
            case events.PhaseEnded(title=title, outcome=outcome, seconds=seconds, summary=summary):
                yield f'{title}: {outcome} in {seconds:.1f} s' + (f' ({summary})' if summary else '')
            case events.RunEnded():
                yield ended(event)

    def _title(self, phase: int) -> str:
        return f'{self._titles[phase]}: ' if 0 <= phase < len(self._titles) else ''


def ended(event: events.RunEnded) -> str:
    """How a run ended, in one line."""
    text = f'run {event.run} {event.outcome} in {event.seconds:.1f} s'
    changes = wording.counted(event.changes, 'change') if event.changes else ''
    if event.outcome == 'done':
        return f'{text}: {changes or "nothing had to change"}'
    return f'{text}, after {changes}' if changes else text
