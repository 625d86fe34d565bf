"""The manifest's grammar: one phase a line, then ``key=value`` options; nothing is expanded or judged."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from bedrock import errors
from hoodoo import wording

_QUOTES = '\'"'
_MEANT = f'{_QUOTES}$\\\ufeff'


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One ``key=value`` word, quotes removed."""

    key: str
    value: str
    line: int = 0
    column: int = 0
    known: bool = True
    """False when the value refers to something that is not there, so that nothing can be said about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseCall:
    """One line: the phase's name and its options in the order written."""

    phase: str
    options: tuple[Option, ...] = ()
    file: str = ''
    line: int = 0
    column: int = 0
    elsewhere: frozenset[str] = frozenset()
    """Keys of options that are not the phase's own: what every phase may have is read in another place."""

    def problem(self, message: str, *, option: Option | None = None, hint: str = '') -> errors.Problem:
        """A problem at this line, or at *option* of it."""
        return errors.Problem(
            file=self.file,
            line=option.line if option else self.line,
            column=option.column if option else self.column,
            message=message,
            hint=hint,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The lines of one manifest, and what is wrong with those that are left out."""

    file: str
    calls: tuple[PhaseCall, ...] = ()
    problems: tuple[errors.Problem, ...] = ()
    misread: tuple[str, ...] = ()
    """The first words of the lines that are left out."""


def parse(text: str, *, file: str = 'manifest', phases: Collection[str] = ()) -> Manifest:
    """Read a manifest; a line that cannot be read becomes a problem and the rest is read all the same.

    Args:
        phases: What a line may begin with, for guesses at what a mistaken one means.
    """
    calls: list[PhaseCall] = []
    problems: list[errors.Problem] = []
    misread: list[str] = []
    for cells in _logical_lines(text):
        try:
            call = _call(cells, file, phases)
        except _Misread as err:
            misread.append(''.join(cell.char for cell in cells).split()[0])
            problems.append(
                errors.Problem(
                    file=file, line=err.line, column=err.column, message=err.message, hint=err.hint
                )
            )
        else:
            if call is not None:
                calls.append(call)
    return Manifest(file=file, calls=tuple(calls), problems=tuple(problems), misread=tuple(misread))


def render(read: Manifest) -> str:
    """Write the lines of *read* so that `parse` reads the same phases and options back.

    Raises:
        ValueError: a word holds a line break, or a phase or key is empty; no manifest can say that.
    """
    return ''.join(f'{_rendered(call)}\n' for call in read.calls)


def _rendered(call: PhaseCall) -> str:
    for word in (call.phase, *(option.key for option in call.options)):
        if not word:
            raise ValueError('a phase or a key is empty')
    options = (f'{_quoted(option.key)}={_quoted(option.value, _MEANT)}' for option in call.options)
    return ' '.join([_quoted(call.phase), *options])


def _quoted(word: str, meant: str = f'{_MEANT}=#') -> str:
    """*word* in quotes that `parse` removes, where it needs them; both kinds when it holds both.

    Args:
        meant: Characters that would not stand for themselves without quotes.
    """
    if '\n' in word:
        raise ValueError(f'a manifest cannot hold the line break in {word!r}')
    if word and not any(char.isspace() or char in meant for char in word):
        return word
    pieces = (f"'{piece}'" if piece else '' for piece in word.split("'"))
    return '"\'"'.join(pieces) or "''"


@dataclass(frozen=True, slots=True)
class _Cell:
    """One character and where it stands."""

    char: str
    line: int
    column: int


class _Misread(Exception):
    def __init__(self, message: str, cell: _Cell, hint: str = '') -> None:
        super().__init__(message)
        self.message, self.line, self.column, self.hint = message, cell.line, cell.column, hint


def _logical_lines(text: str) -> Iterator[list[_Cell]]:
    """Lines as cells, without comments and blank ones; a backslash at the end joins the next line."""
    pending: list[_Cell] = []
    for number, line in enumerate(text.removeprefix('\ufeff').split('\n'), 1):
        if not pending and line.lstrip().startswith('#'):
            continue
        cells = [_Cell(char, number, column) for column, char in enumerate(line.rstrip(), 1)]
        if cells and cells[-1].char == '\\':
            pending += [*cells[:-1], _Cell(' ', number, len(cells))]
            continue
        pending += cells
        if pending:
            yield pending
        pending = []
    if pending:
        yield pending


def _call(cells: list[_Cell], file: str, phases: Collection[str]) -> PhaseCall | None:
    words = list(_words(cells))
    if not words:
        return None
    (phase, first, equals), *rest = words
    if equals >= 0:
        raise _Misread(
            f'the line starts with an option, "{phase}", not with a phase', first, 'Write the phase first.'
        )
    if not phase:
        raise _Misread(
            'the line starts with an empty word, not with a phase', first, 'Write the phase first.'
        )
    options: list[Option] = []
    for word, cell, equals in rest:
        if equals < 1:
            hint = '' if options or phase in phases else _joined(phase, word, phases)
            raise _Misread(
                f'"{word}" is not an option of the form key=value',
                cell,
                hint or 'Quote values that hold blanks.',
            )
        options.append(
            Option(key=word[:equals], value=word[equals + 1 :], line=cell.line, column=cell.column)
        )
    return PhaseCall(phase=phase, options=tuple(options), file=file, line=first.line, column=first.column)


def _joined(phase: str, word: str, phases: Collection[str]) -> str:
    """The guess that a blank was meant to be a hyphen, as in ``juju check-wait``."""
    return wording.guess(f'{phase}-{word}', [name for name in phases if name.startswith(f'{phase}-')])


def _words(cells: list[_Cell]) -> Iterator[tuple[str, _Cell, int]]:
    """Words without their quotes: text, first cell, and the index of the first ``=`` outside quotes or -1."""
    at, end = 0, len(cells)
    while at < end:
        if cells[at].char.isspace():
            at += 1
            continue
        start, text, equals = at, '', -1
        while at < end and not cells[at].char.isspace():
            char = cells[at].char
            if char in _QUOTES:
                close = _find(cells, char, at + 1)
                if close < 0:
                    raise _Misread(
                        f'the quote {char} is not closed', cells[at], f'Write {char} behind the value too.'
                    )
                text += ''.join(cell.char for cell in cells[at + 1 : close])
                at = close + 1
            elif char == '$' and at + 1 < end and cells[at + 1].char == '{':
                # A reference is one piece even when its default holds blanks.
                close = _find(cells, '}', at)
                if close < 0:
                    raise _Misread('"${" has no "}"', cells[at], 'Write ${NAME} or ${NAME:-default}.')
                text += ''.join(cell.char for cell in cells[at : close + 1])
                at = close + 1
            else:
                if char == '=' and equals < 0:
                    equals = len(text)
                text += char
                at += 1
        yield text, cells[start], equals


def _find(cells: list[_Cell], char: str, start: int) -> int:
    return next((index for index in range(start, len(cells)) if cells[index].char == char), -1)
