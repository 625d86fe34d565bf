"""Events as plain lines, for logs and wherever there is no terminal."""

from __future__ import annotations

from collections.abc import Iterator

from hoodoo import wording
from hoodoo.journal import events, summary


class Plain:
    """Turns events into lines ``[ 12.3s] deploy services: text``."""

    def __init__(self, logs: tuple[str, ...] = ()) -> None:
        """Write lines that end with where the whole log is: a file, or several."""
        self._logs = logs
        self._summary = summary.Summary()
        self._started_ms = 0
        self._titles: tuple[str, ...] = ()
        self._waited_for: frozenset[str] = frozenset()

    def lines(self, record: events.Record) -> Iterator[str]:
        """Yield the lines for one event."""
        event = record.event
        if isinstance(event, events.RunStarted):
            self._started_ms, self._titles = record.at_ms, event.phases
        elif isinstance(event, events.RunResumed):
            self._started_ms, self._titles = record.at_ms, event.phases
            self._waited_for = frozenset()
        self._summary.take(event)
        stamp = f'[{(record.at_ms - self._started_ms) / 1000:6.1f}s]'
        for text in self._texts(event):
            yield f'{stamp} {text}'

    def _texts(self, event: events.Event) -> Iterator[str]:
        match event:
            case events.RunStarted(run=run, spec=spec, stage=stage):
                yield f'run {run}: {spec}' + (f', stage {stage}' if stage else '')
            case events.RunResumed(run=run, spec=spec, stage=stage, phases=phases, first=first):
                title = phases[first] if first < len(phases) else 'its end'
                yield f'run {run}: {spec}' + (f', stage {stage}' if stage else '')
                yield f'goes on with {title}, after {wording.counted(first, "completed phase")}'
            case events.SpecReady():
                pass
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
            case events.PhaseEnded(title=title, outcome=outcome, seconds=seconds, summary=came_to):
                yield f'{title}: {outcome} in {seconds:.1f} s' + (f' ({came_to})' if came_to else '')
            case events.RunEnded(run=run):
                yield from self._summary.phases()
                yield from self._summary.changes()
                if self._logs:
                    yield f'log: hoodoo log {run}' + ''.join(f', {log}' for log in self._logs if log)
                yield from summary.ways_on(event)
                yield summary.ended(event)

    def _title(self, phase: int) -> str:
        return f'{self._titles[phase]}: ' if 0 <= phase < len(self._titles) else ''
