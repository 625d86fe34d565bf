"""Values of a file, each read as what it is to be; whatever is wrong is noted, and reading goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from bedrock.errors import Problem
from hoodoo import wording
from hoodoo.inventory import documents

T = TypeVar('T')

_DURATION = re.compile(r'(\d+(?:\.\d+)?)\s*([smhd]?)')
_UNITS = {'': 1.0, 's': 1.0, 'm': 60.0, 'h': 3600.0, 'd': 86400.0}
_TRUTHS = {'true': True, 'yes': True, 'on': True, 'false': False, 'no': False, 'off': False}


class Fields:
    """Reads values, and goes on with some default where one is wrong."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.problems: list[Problem] = []

    def _tables(
        self, table: documents.Table, key: str, *, needed: bool = False
    ) -> list[tuple[documents.Table, int]]:
        given: Any = table.get(key)
        if given is None or given == []:
            if needed or key in table:
                how = 'is empty' if key in table else 'is missing'
                self._problem(line_of(table, key) or 1, f'"{key}" {how}')
            return []
        if not isinstance(given, documents.Row):
            self._problem(line_of(table, key), f'"{key}" is not a list', 'Write a line "- ..." for each.')
            return []
        found: list[tuple[documents.Table, int]] = []
        for one, line in zip(given, given.lines, strict=True):
            if isinstance(one, documents.Table):
                found.append((one, line))
            else:
                self._problem(line, f'this entry of "{key}" is not a mapping')
        return found

    def _table(self, table: documents.Table | None, key: str) -> documents.Table | None:
        given: Any = table.get(key) if table is not None else None
        if given is None or isinstance(given, documents.Table):
            return given
        self._problem(line_of(table, key), f'"{key}" is not a mapping')
        return None

    def _text(self, table: documents.Table | None, key: str, default: str = '') -> str:
        given: Any = table.get(key, default) if table is not None else default
        if isinstance(given, str):
            return given
        if given is not None:
            self._problem(line_of(table, key), f'"{key}" is not a text')
        return default

    def _texts(self, table: documents.Table, key: str) -> tuple[str, ...]:
        given: Any = table.get(key)
        entries: list[Any] = [given] if isinstance(given, str) else []
        if isinstance(given, documents.Row):
            entries = given
        if given is not None and (not entries or not all(isinstance(one, str) and one for one in entries)):
            self._problem(line_of(table, key), f'"{key}" is not a list of texts', f'Write "{key}: [...]".')
            return ()
        return tuple(entries)

    def _truth(self, table: documents.Table, key: str) -> bool:
        text = self._text(table, key, 'false')
        if text.lower() not in _TRUTHS:
            self._problem(line_of(table, key), f'"{key}" is neither true nor false: "{text}"')
        return _TRUTHS.get(text.lower(), False)

    def _count(self, table: documents.Table, key: str, default: int) -> int:
        text = self._text(table, key, str(default))
        if not re.fullmatch('0*[1-9][0-9]{0,8}', text):
            self._problem(line_of(table, key), f'"{key}" is no number from 1: "{text}"')
            return default
        return int(text)

    def _duration(self, table: documents.Table, key: str, default: float, *, least: float = 0) -> float:
        text = self._text(table, key)
        if not text:
            return default
        found = _DURATION.fullmatch(text)
        if found is None:
            hint = 'Write seconds, or "90s", "5m", "2h", "7d".'
            self._problem(line_of(table, key), f'"{key}" is no duration: "{text}"', hint)
            return default
        seconds = float(found[1]) * _UNITS[found[2]]
        if seconds < least:
            self._problem(line_of(table, key), f'"{key}" is shorter than {least:g} s')
        return seconds

    def _known(self, table: documents.Table, known: Sequence[str]) -> None:
        for key in table:
            if key not in known:
                hint = wording.guess(key, known) or f'Known: {", ".join(known)}.'
                self._problem(line_of(table, key), f'"{key}" is unknown here', hint)

    def _unlike(
        self, found: Sequence[T], name: Callable[[T], str], table: documents.Table, key: str, what: str
    ) -> None:
        """See that no two are called the same."""
        first = set[str]()
        for one, line in zip(found, getattr(table.get(key), 'lines', ()), strict=False):
            if name(one) and name(one) in first:
                hint = 'Give one a "name".'
                self._problem(line, f'there are two of {what} "{name(one)}"', hint)
            first.add(name(one))

    def _problem(self, line: int, message: str, hint: str = '') -> None:
        problem = Problem(file=str(self._file), line=line, message=message, hint=hint)
        if problem not in self.problems:
            self.problems.append(problem)


def line_of(table: documents.Table | None, key: str) -> int:
    """The line of *key*; 0 when it is not there."""
    return table.lines.get(key, 0) if table is not None else 0
