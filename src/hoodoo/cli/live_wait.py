"""The tree of reasons on a terminal, for ``hoodoo wait``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator

from rich import console, live, spinner, text


@contextlib.contextmanager
def shown(out: console.Console | None = None) -> Generator[Callable[[tuple[str, ...]], None]]:
    """Show lines until the end, then remove them; yields what changes them."""
    screen = out or console.Console()
    current: tuple[str, ...] = ()
    turning = spinner.Spinner('dots', 'looking at the model')

    def tell(lines: tuple[str, ...]) -> None:
        nonlocal current
        current = lines
        turning.update(text='waiting for' if lines else 'looking at the model')

    def render() -> console.RenderableType:
        room = max(1, screen.height - 3)
        below = [text.Text(f'    {line}', no_wrap=True, overflow='ellipsis') for line in current[:room]]
        if len(current) > room:
            below.append(text.Text(f'    and {len(current) - room} more', 'dim'))
        return console.Group(turning, *below)

    with live.Live(console=screen, refresh_per_second=8, get_renderable=render, transient=True):
        yield tell
