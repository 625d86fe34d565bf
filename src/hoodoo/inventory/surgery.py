"""Changes to the text of a YAML file that leave every other byte of it as it is. Pure.

Only what is changed is written; who asks reads the result and sees whether it says what it should.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import yaml

from bedrock import errors

_BREAK = re.compile(r'\r\n|[\n\r\x85\u2028\u2029]')
Step = str | int


def flow(value: object) -> str:
    """*value* in one line, as it can stand anywhere."""
    dumped: str = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=2**20
    )
    return dumped.removesuffix('\n').removesuffix('\n...')


def appended(text: str, path: tuple[Step, ...], entry: Mapping[str, object]) -> str:
    """*text* with *entry* at the end of the list at *path*, which is made when there is none.

    Only the last step of *path* may be missing.
    """
    document = _Document(text)
    holder, key = document.node(path[:-1]), path[-1]
    found = document.find(path)
    if found is None or _is_nothing(found):
        made = flow([dict(entry)])
        if path[:-1] or holder is None or holder.flow_style:
            return set_(text, path, [dict(entry)], as_text=made)
        return document.at_end(f'{key}:\n{_block(entry, 0)}', found)
    if not _is_list(found):
        raise _refused(path)
    if found.flow_style:
        at = (
            document.offset(found.value[-1].end_mark)
            if found.value
            else document.offset(found.start_mark) + 1
        )
        return text[:at] + (', ' if found.value else '') + flow(dict(entry)) + text[at:]
    column = found.start_mark.column
    return document.after(found, _block(entry, column))


def removed(text: str, path: tuple[Step, ...]) -> str:
    """*text* without the entry of a list at *path*; a block list that gets empty goes with its key."""
    document = _Document(text)
    found = document.node(path[:-1])
    if not _is_list(found) or not isinstance(path[-1], int):
        raise _refused(path)
    entries = cast('list[Any]', found.value)
    if found.flow_style:
        return _removed_inline(document, entries, path[-1])
    if len(entries) == 1:
        key = document.key(path[:-1])
        return document.without_lines(key.start_mark, document.end(found))
    # The dash stands before the entry, perhaps on the same line, perhaps on an earlier one.
    start = document.dash(entries[path[-1]], found.start_mark.column)
    return document.without_lines(start, document.end(entries[path[-1]]))


def set_(text: str, path: tuple[Step, ...], value: object, *, as_text: str = '') -> str:
    """*text* with *value* for the key at *path*, there already or not."""
    document = _Document(text)
    written = as_text or flow(value)
    found = document.find(path)
    if found is not None:
        start, end = document.offset(found.start_mark), document.offset(document.end(found))
        if _is_nothing(found) and start == end:  # "key:" and nothing behind it
            return f'{text[:start]} {written}{text[end:]}'
        if not _is_scalar(found) and not found.flow_style:
            start = document.offset(document.key(path).end_mark) + 1
            written = f' {written}'
        elif text[start:end].endswith('\n'):
            written += '\n'
        return text[:start] + written + text[end:]
    holder = document.node(path[:-1])
    if not _is_map(holder):
        raise _refused(path)
    line = f'{path[-1]}: {written}'
    if holder.flow_style:
        last = cast('list[tuple[Any, Any]]', holder.value)
        at = document.offset(last[-1][1].end_mark) if last else document.offset(holder.start_mark) + 1
        return text[:at] + (', ' if last else '') + line + text[at:]
    return document.after(holder, ' ' * holder.start_mark.column + line + '\n')


def unset(text: str, path: tuple[Step, ...]) -> str:
    """*text* without the key at *path*, which is there and not the only one."""
    document = _Document(text)
    holder = document.node(path[:-1])
    if not _is_map(holder):
        raise _refused(path)
    pairs = cast('list[tuple[Any, Any]]', holder.value)
    index = next(index for index, (key, _) in enumerate(pairs) if key.value == path[-1])
    if len(pairs) == 1:
        raise _refused(path)
    if holder.flow_style:
        if index:
            start = document.offset(pairs[index - 1][1].end_mark)
            return text[:start] + text[document.offset(pairs[index][1].end_mark) :]
        start = document.offset(pairs[0][0].start_mark)
        return text[:start] + text[document.offset(pairs[1][0].start_mark) :]
    key, value = pairs[index]
    if index == 0 and document.shares_line_before(key):  # "- cloud: aws": the next key takes its place
        start = document.offset(key.start_mark)
        return text[:start] + text[document.offset(pairs[1][0].start_mark) :]
    return document.without_lines(key.start_mark, document.end(value))


class _Mark(NamedTuple):
    line: int
    column: int


class _Document:
    def __init__(self, text: str) -> None:
        self.text = text
        breaks = _BREAK.search(text)
        self._newline = '\r\n' if breaks is not None and breaks[0] == '\r\n' else '\n'
        self._starts = [0, *(found.end() for found in _BREAK.finditer(text))]
        # The text was read before, so it is not nested too deeply for the composer in C.
        self.root: Any = yaml.compose(text, Loader=getattr(yaml, 'CSafeLoader', yaml.SafeLoader))

    def offset(self, mark: Any) -> int:
        line, column = int(mark.line), int(mark.column)
        return min(self._starts[min(line, len(self._starts) - 1)] + column, len(self.text))

    def find(self, path: tuple[Step, ...]) -> Any:
        """The node at *path*; None where there is none."""
        node = self.root
        for step in path:
            if _is_list(node) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
            elif _is_map(node):
                node = _value(node, step)
            else:
                return None
        return node

    def node(self, path: tuple[Step, ...]) -> Any:
        found = self.find(path)
        if found is None and path:
            raise _refused(path)
        return found

    def key(self, path: tuple[Step, ...]) -> Any:
        return next(key for key, _ in self.node(path[:-1]).value if key.value == path[-1])

    def end(self, node: Any) -> Any:
        """Where the last that *node* says ends; of blocks YAML itself only tells where the next begins."""
        while not _is_scalar(node) and not node.flow_style and node.value:
            last = node.value[-1]
            node = last[1] if _is_map(node) else last
        return node.end_mark

    def dash(self, entry: Any, column: int) -> Any:
        """Where the dash of an entry of a block list is."""
        line = int(entry.start_mark.line)
        while line >= 0 and self.text[self._starts[line] + column : self._starts[line] + column + 1] != '-':
            line -= 1
        return _Mark(max(line, 0), column)

    def shares_line_before(self, node: Any) -> bool:
        start = self._starts[int(node.start_mark.line)]
        return bool(self.text[start : self.offset(node.start_mark)].strip())

    def line_end(self, mark: Any) -> int:
        """Where the line of *mark* ends, its break included."""
        at = self.offset(mark)
        if mark.column == 0 and at and self.text[at - 1] in '\n\r' and mark.line:
            return at  # a text of several lines ends where the next line begins
        found = _BREAK.search(self.text, at)
        return found.end() if found else len(self.text)

    def after(self, node: Any, lines: str) -> str:
        """The text with *lines* behind the last line of *node*."""
        return self._inserted(self.line_end(self.end(node)), lines)

    def at_end(self, lines: str, instead: Any) -> str:
        """The text with *lines* as the last of its mapping, in place of a key without a value."""
        text = self.text
        if instead is not None:
            start = self._starts[int(instead.start_mark.line)]
            if start or not text:
                return self._spliced(start, self.line_end(instead.end_mark), lines)
        end = len(text)
        if self.root is not None:
            stripped = text.rstrip()
            if stripped.endswith('\n...') or stripped == '...':
                end = stripped.rindex('...')
        return self._inserted(end, lines)

    def _spliced(self, start: int, end: int, lines: str) -> str:
        return self.text[:start] + lines.replace('\n', self._newline) + self.text[end:]

    def _inserted(self, at: int, lines: str) -> str:
        before = self.text[:at]
        lines = lines.replace('\n', self._newline)
        if before and before[-1] not in '\n\r':  # a file whose last line does not end
            return before + self._newline + lines.removesuffix(self._newline) + self.text[at:]
        return before + lines + self.text[at:]

    def without_lines(self, start: Any, end: Any) -> str:
        """The text without the whole lines from *start* to *end*."""
        first, last = self._starts[int(start.line)], self.line_end(end)
        before, after = self.text[:first], self.text[last:]
        if last == len(self.text) and self.text[-1] not in '\n\r':
            before = before.removesuffix('\n').removesuffix('\r')
        return before + after


def _removed_inline(document: _Document, entries: list[Any], index: int) -> str:
    text = document.text
    if index:
        start, end = document.offset(entries[index - 1].end_mark), document.offset(entries[index].end_mark)
    elif len(entries) > 1:
        start, end = document.offset(entries[0].start_mark), document.offset(entries[1].start_mark)
    else:
        start, end = document.offset(entries[0].start_mark), document.offset(entries[0].end_mark)
    return text[:start] + text[end:]


def _block(entry: Mapping[str, object], column: int) -> str:
    """*entry* as an entry of a block list whose dashes are at *column*, a key a line."""
    lines = [f'{key}: {flow(value)}' for key, value in entry.items()]
    margin = ' ' * column
    return ''.join(f'{margin}{"- " if number == 0 else "  "}{line}\n' for number, line in enumerate(lines))


def _is_nothing(node: Any) -> bool:
    return _is_scalar(node) and node.tag == 'tag:yaml.org,2002:null'


def _value(node: Any, key: Step) -> Any:
    return next((value for name, value in node.value if name.value == key), None)


def _is_scalar(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode)


def _is_list(node: Any) -> bool:
    return isinstance(node, yaml.SequenceNode)


def _is_map(node: Any) -> bool:
    return isinstance(node, yaml.MappingNode)


def _refused(path: tuple[Step, ...]) -> errors.UsageFault:
    return errors.UsageFault(
        f'cannot change "{".".join(map(str, path))}": the file is not written as it could be changed here',
        hint='Change it with "hoodoo env edit NAME".',
    )
