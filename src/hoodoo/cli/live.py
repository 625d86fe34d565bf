"""The live list of phases on a terminal: what is done, what runs and for how long, what is waited for."""

from __future__ import annotations

import time
from types import TracebackType

from rich import console, live, markup, spinner, table, text

from hoodoo.journal import events, summary

_FEWEST_REASONS = 8
_SYMBOLS = {
    'done': ('✓', 'green'),
    'failed': ('✗', 'red'),
    'cancelled': ('■', 'yellow'),
    'skipped': ('-', 'yellow'),
}


class Live:
    """A listener of the journal that keeps a list of phases at the bottom of the terminal."""

    def __init__(self, out: console.Console | None = None, *, logs: tuple[str, ...] = ()) -> None:
        self._console = out or console.Console()
        self._logs = logs
        self._whole = summary.Summary()
        self._first = 0
        self._titles: tuple[str, ...] = ()
        self._ended: dict[int, events.PhaseEnded] = {}
        self._current = -1
        self._since = time.monotonic()
        self._below: tuple[str, ...] = ()
        self._steps: dict[str, None] = {}
        self._summary: tuple[str, ...] = ()
        self._spinner = spinner.Spinner('dots')
        self._live = live.Live(
            console=self._console, refresh_per_second=8, get_renderable=self._list, transient=False
        )

    def __enter__(self) -> Live:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        # Below the list and never broken: a command that is to be copied must stay one line.
        last = len(self._summary) - 1
        for index, line in enumerate(self._summary):
            shown = text.Text(line, 'bold' if index == last else '')
            self._console.print(shown, highlight=False, soft_wrap=True)

    def __call__(self, record: events.Record) -> None:
        """Take in one event."""
        self._whole.take(record.event)
        match record.event:
            case events.RunStarted() as event:
                self._titles = event.phases
                self._say(
                    f'run {event.run}: {event.spec}' + (f', stage {event.stage}' if event.stage else '')
                )
            case events.RunResumed() as event:
                self._titles, self._first = event.phases, event.first
                self._say(f'run {event.run} goes on: {event.spec}')
            case events.SpecReady():
                pass
            case events.ModelReady(model=model):
                self._say(f'model {model}')
            case events.PhaseStarted(phase=phase):
                self._current, self._since, self._below = phase, time.monotonic(), ()
                self._steps.clear()
            case events.Note(text=said) | events.Line(text=said):
                self._say(f'  {said}')
            case events.Step(text=said, state=state):
                if state == 'started':
                    self._steps[said] = None
                else:
                    self._steps.pop(said, None)
                    self._say(f'  {said}' + (' FAILED' if state == 'failed' else ''))
                self._below = tuple(f'{step} ...' for step in self._steps)
            case events.Waiting(reasons=reasons):
                self._below = reasons
            case events.Progress(text=said):
                self._below = (said,)
            case events.PhaseEnded() as event:
                self._ended[event.phase] = event
                self._current, self._below = -1, ()
            case events.RunEnded() as event:
                self._current, self._below = -1, ()
                log = f'log: hoodoo log {event.run}' + ''.join(f', {log}' for log in self._logs if log)
                changes = self._whole.changes()
                ways = summary.ways_on(event)
                self._summary = (*changes, *((log,) if self._logs else ()), *ways, summary.ended(event))

    def _say(self, said: str) -> None:
        self._console.print(markup.escape(said), highlight=False, soft_wrap=True)

    def _list(self) -> console.RenderableType:
        rows = table.Table.grid(padding=(0, 1))
        # On a narrow terminal columns that could wrap give way first: the summaries, which are cut instead.
        for justify in ('left', 'left', 'right'):
            rows.add_column(no_wrap=True, justify=justify)
        rows.add_column()
        for index, title in enumerate(self._titles):
            ended = self._ended.get(index)
            if ended is not None:
                symbol, colour = _SYMBOLS.get(ended.outcome, (' ', ''))
                row = (text.Text(symbol, colour), text.Text(title), f'{ended.seconds:.1f} s')
                rows.add_row(*row, text.Text(ended.summary, no_wrap=True, overflow='ellipsis'))
            elif index == self._current:
                seconds = time.monotonic() - self._since
                rows.add_row(self._spinner, text.Text(title, 'bold'), f'{seconds:.1f} s', '')
            elif index < self._first:
                rows.add_row(text.Text('✓', 'dim'), text.Text(title, 'dim'), '', text.Text('before', 'dim'))
            else:
                rows.add_row(' ', text.Text(title, 'dim'), '', '')
        # As much as the terminal has room for, below the phases and with a few lines above them.
        room = max(_FEWEST_REASONS, self._console.height - len(self._titles) - 4)
        below = list(self._below[:room])
        if len(self._below) > room:
            below.append(f'and {len(self._below) - room} more')
        # One line each, cut where the terminal ends: lines that come and go would make the list jump.
        lines = [text.Text(f'    {line}', 'dim', no_wrap=True, overflow='ellipsis') for line in below]
        return console.Group(rows, *lines)
