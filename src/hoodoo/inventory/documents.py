"""Files of an inventory as values that know on which line each of their keys and entries was written.

A value without quotes stays as it is written, so that a revision ``0123456`` is no number; only what is
nothing is None, and only ``production`` may be a truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import yaml

from bedrock.errors import Problem

_NOTHING = frozenset({'', '~', 'null', 'Null', 'NULL'})
_YES = frozenset({'true', 'yes', 'on'})
_NO = frozenset({'false', 'no', 'off'})
_TRUTHS = frozenset({'production'})
_MERGE = '<<'
_DEPTH = 30
_CONFLICT = '<<<<<<< '
"""As git and others mark where two have changed the same."""


class Table(dict[str, Any]):
    """A mapping that knows the lines of its keys."""

    __slots__ = ('line', 'lines')

    def __init__(self, line: int = 0) -> None:
        """Begin a mapping on *line*."""
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}

    def put(self, key: str, value: object, line: int) -> None:
        """Set an entry."""
        self[key] = value
        self.lines[key] = line


class Row(list[Any]):
    """A list that knows the lines of its entries."""

    __slots__ = ('line', 'lines')

    def __init__(self, line: int = 0) -> None:
        """Begin a list on *line*."""
        super().__init__()
        self.line = line
        self.lines: list[int] = []


def parse(text: str, file: str) -> tuple[Table | None, list[Problem]]:
    """Read the one mapping of *text*; None where there is none, which an empty file is too.

    Args:
        file: Its name, for problems.
    """
    problems: list[Problem] = []
    try:
        value = _Builder(file, problems).build(_events(text))
    except yaml.MarkedYAMLError as err:
        for number, said in enumerate(text.splitlines(), 1):
            if said.startswith(_CONFLICT):
                message, hint = 'a merge was left unfinished here', 'Choose what is right, without its marks.'
                return None, [Problem(file=file, line=number, message=message, hint=hint)]
        mark = err.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        return None, [Problem(file=file, line=line, column=column, message=f'not valid YAML: {err.problem}')]
    except (yaml.YAMLError, ValueError, LookupError) as err:
        said = ' '.join(str(err).split())
        return None, [Problem(file=file, message=f'not valid YAML: {said}')]
    if value is not None and not isinstance(value, Table):
        message, hint = 'this is not a mapping', 'Write "service: NAME" and so on, a key a line.'
        return None, [*problems, Problem(file=file, line=1, message=message, hint=hint)]
    return value, problems


def _events(text: str) -> Iterator[Any]:
    """What the parser meets, of which only the one in C is quick; neither recurses, as composing does."""
    # The loader reads the first bytes at once, so it may raise too.
    loader: Any = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


class _Builder:
    """Events as values; an alias gives the value of its anchor once more."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self._file, self._problems = file, problems
        self._anchors: dict[str, Any] = {}
        self._open: list[tuple[Table | Row, str | None, int]] = []
        """What is being filled, for a mapping with the key that waits for its value and its line."""
        self._whole: Any = None
        self._merges: list[tuple[Table, Any, int]] = []

    def build(self, events: Iterator[Any]) -> Any:
        documents = 0
        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                self._take(event.value, event)
            elif isinstance(event, yaml.MappingStartEvent):
                self._begin(Table(_line(event)), event)
            elif isinstance(event, yaml.SequenceStartEvent):
                self._begin(Row(_line(event)), event)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                self._end()
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _marked('there is more than one document', event)
        for table, value, line in self._merges:
            self._merge(table, value, line)
        return self._whole

    def _take(self, text: str, event: Any) -> None:
        """A scalar: a key, or a value."""
        line = _line(event)
        plain = event.implicit[0] and event.tag is None
        if self._open and isinstance(self._open[-1][0], Table) and self._open[-1][1] is None:
            self._key(text, line)
            return
        value: object = text
        if plain and text in _NOTHING:
            value = None
        elif plain and self._open and self._open[-1][1] in _TRUTHS and text.lower() in _YES | _NO:
            value = text.lower() in _YES
        if event.anchor:
            self._anchors[event.anchor] = value
        self._put(value, line)

    def _key(self, key: str, line: int) -> None:
        table = cast('Table', self._open[-1][0])
        if key in table and key != _MERGE:
            hint = f'It is on line {table.lines[key]}, too.'
            self._problems.append(
                Problem(file=self._file, line=line, message=f'"{key}" is there twice', hint=hint)
            )
        self._open[-1] = (table, key, line)

    def _put(self, value: object, line: int) -> None:
        if not self._open:
            self._whole = value
            return
        holder, key, key_line = self._open[-1]
        if isinstance(holder, Row):
            holder.append(value)
            holder.lines.append(line)
        elif key == _MERGE:
            self._merges.append((holder, value, key_line))
            self._open[-1] = (holder, None, 0)
        else:
            holder.put(cast('str', key), value, key_line)
            self._open[-1] = (holder, None, 0)

    def _begin(self, made: Table | Row, event: Any) -> None:
        if self._open and isinstance(self._open[-1][0], Table) and self._open[-1][1] is None:
            raise _marked('a key is not a text', event)
        if len(self._open) >= _DEPTH:
            raise _marked('it is nested too deeply', event)
        self._put(made, made.line)
        self._open.append((made, None, 0))
        if event.anchor:
            self._anchors[event.anchor] = made

    def _end(self) -> None:
        self._open.pop()

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise _marked(f'nothing is called "{event.anchor}"', event)
        value = self._anchors[event.anchor]
        if any(holder is value for holder, _, _ in self._open):
            raise _marked('it contains itself', event)
        if self._open and isinstance(self._open[-1][0], Table) and self._open[-1][1] is None:
            raise _marked('a key is an alias', event)
        self._put(value, _line(event))

    def _merge(self, table: Table, value: Any, line: int) -> None:
        """What ``<<`` brings: a mapping, or some of which the first wins."""
        for other in cast('list[Any]', value) if isinstance(value, list) else [value]:
            if not isinstance(other, Table):
                message = 'what "<<" names is not a mapping'
                self._problems.append(Problem(file=self._file, line=line, message=message))
                return
            for name, entry in other.items():
                if name not in table:
                    table.put(name, entry, other.lines[name])


def _line(event: Any) -> int:
    return event.start_mark.line + 1


def _marked(problem: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
