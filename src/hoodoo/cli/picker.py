"""A list on a terminal that gets shorter while one types: what keys do and what is shown are pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from hoodoo import wording

_FEWEST = 3
"""So many lines of the list are left, whatever else there is to show."""
_HELP = 'enter: connect   tab: details   ctrl-u: all   esc: leave'


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One entry, as it is shown."""

    name: str
    note: str
    """Behind the name, where there is room."""
    warn: bool
    """Whether to be careful with it; it has an exclamation mark then."""
    details: tuple[tuple[str, str], ...]
    """What they are, and their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What was typed, and where one is."""

    text: str = ''
    at: int = 0
    """Which entry is chosen."""
    top: int = 0
    """Which entry is the first that is shown."""
    details: bool = False
    ended: str = ''
    """``pick`` or ``leave``, at the end."""


class Source(Protocol):
    """Where the entries come from."""

    total: int

    def find(self, text: str) -> Sequence[str]:
        """Names of entries for *text*, the likeliest first."""
        ...

    def describe(self, name: str) -> Shown:
        """One entry."""
        ...


class Screen(Protocol):
    """What a terminal has to do."""

    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        ...

    def draw(self, text: str) -> None:
        """Write to it."""
        ...

    def keys(self) -> list[str]:
        """Wait for keys."""
        ...


def pick(
    screen: Screen, source: Source, text: str = '', *, colour: bool = True, action: str = ''
) -> str | None:
    """Let somebody choose one entry; None where they leave without.

    Args:
        text: What is typed already.
        action: What enter does, in a word.
    """
    state = State(text=text)
    names, found = source.find(state.text), state.text
    while True:
        columns, lines = screen.size()
        state = scrolled(state, room(state, lines), len(names))
        screen.draw(frame(state, names, source, columns, lines, colour=colour, action=action))
        try:
            keys = screen.keys()
        except EOFError:
            return None
        for key in keys:
            # Several keys may come at once; only those that move need to know where to.
            if len(key) > 1 and state.text != found:
                names, found = source.find(state.text), state.text
            state = press(state, key, len(names), room(state, lines))
            if state.ended == 'leave':
                return None
            if state.ended and names:
                return names[state.at]
            state = dataclasses.replace(state, ended='')
        if state.text != found:
            names, found = source.find(state.text), state.text


def press(state: State, key: str, entries: int, page: int) -> State:
    """What a key does to the list of that many *entries*, *page* of which are seen at once."""
    change = dataclasses.replace
    last = max(0, entries - 1)
    match key:
        case 'up' | 'ctrl-p':
            return change(state, at=max(0, state.at - 1))
        case 'down' | 'ctrl-n':
            return change(state, at=min(last, state.at + 1))
        case 'page-up':
            return change(state, at=max(0, state.at - page))
        case 'page-down':
            return change(state, at=min(last, state.at + page))
        case 'home':
            return change(state, at=0)
        case 'end':
            return change(state, at=last)
        case 'tab':
            return change(state, details=not state.details)
        case 'enter':
            return change(state, ended='pick')
        case 'escape' | 'ctrl-c' | 'ctrl-g' | 'ctrl-d':
            return change(state, ended='leave')
        case 'backspace':
            return change(state, text=state.text[:-1], at=0)
        case 'ctrl-w':
            before = state.text.rstrip().rpartition(' ')[0]
            return change(state, text=f'{before} ' if before else '', at=0)
        case 'ctrl-u':
            return change(state, text='', at=0)
        case _:
            return change(state, text=state.text + key, at=0) if len(key) == 1 else state


def room(state: State, lines: int) -> int:
    """How many lines the list has on a screen of that many."""
    free = max(1, lines - 2)
    return max(min(free, _FEWEST), free - _below(state, lines)) if state.details else free


def scrolled(state: State, page: int, entries: int) -> State:
    """The list moved as little as it takes to see the chosen entry."""
    at = min(state.at, max(0, entries - 1))
    top = min(max(state.top, at - page + 1), at)
    return dataclasses.replace(state, at=at, top=max(0, min(top, entries - page)))


def frame(
    state: State,
    names: Sequence[str],
    source: Source,
    columns: int,
    lines: int,
    *,
    colour: bool = True,
    action: str = '',
) -> str:
    """All that is drawn, from the upper left corner on; the cursor ends behind what was typed."""
    from rich import cells  # a list that is not shown does without

    def fitted(text: str, width: int = columns) -> str:
        return cells.set_cell_size(text, max(0, width))

    def styled(text: str, style: str) -> str:
        return f'\x1b[{style}m{text}\x1b[0m' if colour and style else text

    page = room(state, lines)
    seen = [source.describe(name) for name in names[state.top : state.top + page]]
    count = f'{len(names):,} of {source.total:,}'
    asked = '> ' + _end(_plain(state.text), columns - 3, cells.cell_len)
    used = cells.cell_len(asked)
    shown = [
        asked
        + (fitted(' ' * columns, columns - used - len(count)) + count if used + len(count) < columns else '')
    ]
    widest = min(max((cells.cell_len(one.name) for one in seen), default=0), max(0, columns - 3))
    for index, one in enumerate(seen, state.top):
        chosen = index == state.at
        marks = ('>' if chosen else ' ') + ('!' if one.warn else ' ')
        name = _plain(one.name)
        if cells.cell_len(name) > widest:  # of many the beginnings are the same, and the stage is at the end
            name = fitted(name, widest // 3) + '~' + _end(name, widest - widest // 3 - 1, cells.cell_len)
        text = fitted(f'{marks} {fitted(name, widest)}  {_plain(one.note)}')
        shown.append(styled(text, ';'.join(filter(None, ('7' if chosen else '', '31' if one.warn else '')))))
    if not seen:
        shown.append(fitted('   nothing is called so'))
    shown += [''] * (1 + page - len(shown))
    if state.details and seen:
        below = lines - 2 - page
        about = seen[state.at - state.top].details
        width = max((len(label) for label, _ in about), default=0)
        told = [fitted(f'   {label.ljust(width)}  {_plain(value)}') for label, value in about]
        shown += [styled(text, '2') for text in told[:below]]
        shown += [''] * (lines - 1 - len(shown))
    if lines > 2:
        shown.append(styled(fitted(_HELP.replace('connect', action) if action else _HELP), '2'))
    body = '\r\n'.join(f'{line}\x1b[K' for line in shown[:lines])
    return f'\x1b[?25l\x1b[H{body}\x1b[J\x1b[1;{min(used + 1, columns)}H\x1b[?25h'


def _plain(text: str) -> str:
    """*text* without what would act on the terminal; blanks at its end stay."""
    return wording.as_left(text.replace('\t', ' ') + '.')[:-1]


def _below(state: State, lines: int) -> int:
    """Lines for details: up to a half of the screen."""
    return min(14, lines // 2)


def _end(text: str, width: int, measure: Callable[[str], int]) -> str:
    """As much of the end of *text* as fits."""
    while text and measure(text) > max(0, width):
        text = text[1:]
    return text
