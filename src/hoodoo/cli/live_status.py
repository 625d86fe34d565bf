"""How environments are, on a terminal, while answers come in: what is not ready, the worst first."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator

from rich import console, live, table, text

from hoodoo.fleet import health
from hoodoo.inventory.environment import Environment
from hoodoo.inventory.state import Health, State

Told = Callable[[Environment, State], None]

COLOURS = {
    Health.READY: 'green',
    Health.WAITING: 'yellow',
    Health.BLOCKED: 'red',
    Health.ERROR: 'red',
    Health.ABSENT: 'magenta',
    Health.UNREACHABLE: 'magenta',
    Health.UNKNOWN: 'dim',
}
_BESIDE_ROWS = 3
"""Lines of the terminal that are not for environments."""


class Board:
    """What is known so far, as something that rich can draw."""

    def __init__(self, total: int, out: console.Console) -> None:
        self._total = total
        self._console = out
        self._states: dict[str, State] = {}
        self._began = time.monotonic()

    def tell(self, environment: Environment, state: State) -> None:
        """Take in one answer."""
        self._states[environment.name] = state

    def __rich__(self) -> console.RenderableType:
        # Answers come while this is drawn, in another thread.
        states = dict(self._states)
        ordered = sorted(states.items(), key=lambda item: (health.WORST_FIRST.index(item[1].health), item[0]))
        room = max(1, self._console.height - _BESIDE_ROWS)
        rows = table.Table.grid(padding=(0, 2))
        rows.add_column(no_wrap=True)
        rows.add_column(no_wrap=True)
        rows.add_column(no_wrap=True, overflow='ellipsis')
        for name, state in ordered[:room]:
            shown = text.Text(state.health.value, COLOURS[state.health])
            rows.add_row(text.Text(name), shown, text.Text(state.why, no_wrap=True, overflow='ellipsis'))
        if len(ordered) > room:
            rows.add_row(text.Text(f'and {len(ordered) - room} more', 'dim'), '', '')
        counts = health.summary(states.values())
        line = f'{len(states)} of {self._total}' + (f': {counts}' if counts else '')
        seconds = f'{time.monotonic() - self._began:.0f} s'
        return console.Group(rows, text.Text(f'{line}, {seconds}', 'bold'))


@contextlib.contextmanager
def shown(total: int, *, stays: bool = False) -> Generator[Told]:
    """Draw what is told until the block ends; then it goes away, unless it *stays*."""
    out = console.Console()
    board = Board(total, out)
    with live.Live(console=out, get_renderable=board.__rich__, refresh_per_second=8, transient=not stays):
        yield board.tell
