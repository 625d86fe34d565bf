"""The collect file's grammar, which is codetree's: ``destination source[;option=value,...]``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from bedrock import errors, urls
from hoodoo.collect import kinds

_LINE = re.compile(r'\s*(\S+)(?:\s+(.*\S))?\s*')
_HOST = re.compile(r'[A-Za-z][A-Za-z0-9+.-]*://')
_TRUE = ('true', 't', '1', 'yes', 'y', 'on')


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """One line: bring *source* to *destination*."""

    destination: str
    """Relative to the build directory, in its simplest form."""
    source: str
    """Without options; ``@`` asks for an empty directory."""
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    file: str = ''
    line: int = 0
    column: int = 0
    """Where the source begins."""
    columns: Mapping[str, int] = field(default_factory=dict[str, int])
    """Where each option begins."""

    @property
    def kind(self) -> str:
        """One of the keys of `kinds.OPTIONS`; empty when no source of the scheme can be collected."""
        return kinds.kind(self.source)

    @property
    def overwrite(self) -> bool:
        """Whether to start anew. codetree took any text for yes, ``False`` too."""
        return self.asks('overwrite')

    def asks(self, option: str) -> bool:
        """Whether a yes-or-no option says yes."""
        return self.options.get(option, '').lower() in _TRUE

    @property
    def shown(self) -> str:
        """The source as messages may show it."""
        return urls.shown(self.source)

    @property
    def text(self) -> str:
        """Source and options in one form, however they were written; without a password."""
        rest = ','.join(f'{key}={value}' for key, value in sorted(self.options.items()))
        return f'{self.shown};{rest}' if rest else self.shown

    def problem(self, message: str, *, hint: str = '', option: str = '') -> errors.Problem:
        """A problem at this line: at *option* where it is about one, else at the source."""
        column = self.columns.get(option, self.column)
        return errors.Problem(file=self.file, line=self.line, column=column, message=message, hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectFile:
    """The lines of a collect file, the last of a destination only, and what is wrong with the others."""

    directives: tuple[Directive, ...] = ()
    problems: tuple[errors.Problem, ...] = ()
    remarks: tuple[errors.Problem, ...] = ()
    """What is odd but can be collected."""


def parse(
    text: str, *, file: str = 'collect', exists: Callable[[str], bool] = lambda folder: False
) -> CollectFile:
    """Read a collect file; whatever is wrong with a line becomes a problem.

    Args:
        file: What messages call it.
        exists: Whether a directory is below the build directory already: the parent of a destination need
            not be collected then.
    """
    directives: dict[str, Directive] = {}
    problems: list[errors.Problem] = []
    remarks: list[errors.Problem] = []
    for number, raw in enumerate(text.splitlines(), 1):
        if not raw.strip() or raw.strip().startswith('#'):
            continue
        read = _directive(raw, file, number)
        if isinstance(read, errors.Problem):
            problems.append(read)
            continue
        earlier = directives.pop(read.destination, None)
        if earlier is not None:
            remarks.append(
                earlier.problem(
                    f'"{read.destination}" is collected by line {read.line} too, and the last line counts'
                )
            )
        directives[read.destination] = read
    common: list[tuple[Directive, kinds.Finding]] = []
    for directive in directives.values():
        for found in (*_destination(directive, directives, exists), *kinds.judge(directive)):
            if found.common:
                common.append((directive, found))
                continue
            place = directive.problem(found.message, hint=found.hint, option=found.option)
            (problems if found.forbids else remarks).append(place)
    if common:
        directive, found = common[0]
        also = f' (and {len(common) - 1} more like it)' if common[1:] else ''
        remarks.append(directive.problem(f'{found.message}{also}', hint=found.hint))
    return CollectFile(
        directives=tuple(directives.values()),
        problems=tuple(sorted(problems)),
        remarks=tuple(sorted(remarks)),
    )


def parents(directives: tuple[Directive, ...]) -> dict[str, str]:
    """The destination that each directive has to wait for; those that wait for none are left out."""
    known = {directive.destination for directive in directives}
    found: dict[str, str] = {}
    for name in known:
        above = next((str(p) for p in PurePosixPath(name).parents if str(p) in known), None)
        if above is not None:
            found[name] = above
    return found


def render(directives: tuple[Directive, ...]) -> str:
    """The text of a collect file that reads as *directives*."""
    lines: list[str] = []
    for one in directives:
        tail = ','.join(f'{key}={value}' for key, value in one.options.items())
        lines.append(f'{one.destination} {one.source}{";" if tail else ""}{tail}\n')
    return ''.join(lines)


def _directive(raw: str, file: str, number: int) -> Directive | errors.Problem:
    match = _LINE.fullmatch(raw)
    if match is None:
        return errors.Problem(file=file, line=number, message='the line holds a character that no line can')
    destination, said = match[1], match[2]

    def problem(message: str, at: int, hint: str = '') -> errors.Problem:
        return errors.Problem(file=file, line=number, column=at + 1, message=message, hint=hint)

    if said is None:
        hint = f'Write "{destination} SOURCE", or "{destination} @" for an empty directory.'
        return problem(f'"{destination}" has no source', match.start(1), hint)
    start = match.start(2)
    source, semicolon, tail = said.rpartition(';')
    if not semicolon:
        source, tail = said, ''
    options: dict[str, str] = {}
    columns: dict[str, int] = {}
    at = start + len(source) + 1
    for item in tail.split(',') if semicolon else ():
        key, equals, value = item.strip().partition('=')
        column = at + len(item) - len(item.lstrip())
        at += len(item) + 1
        if not key or not equals or '=' in value:
            hint = 'Options come after the last ";" as key=value, parted by commas.'
            if not item.strip() and len(tail.split(',')) == 1:
                return problem('there is no option after ";"', start + len(source), hint)
            return problem(f'"{item.strip()}" is not an option of the form key=value', column, hint)
        options[key], columns[key] = value, column + 1
    if not source.strip():
        return problem(f'"{destination}" has no source before ";"', start)
    return Directive(
        destination=destination if _HOST.match(destination) else str(PurePosixPath(destination)),
        source=source.strip(),
        options=options,
        file=file,
        line=number,
        column=start + 1,
        columns=columns,
    )


def _destination(
    directive: Directive, known: Mapping[str, Directive], exists: Callable[[str], bool]
) -> list[kinds.Finding]:
    name = directive.destination
    if _HOST.match(name):
        return [
            kinds.wrong(f'destination "{name}" is a URL', 'The destination comes first, then the source.')
        ]
    path = PurePosixPath(name)
    if path.is_absolute() or '..' in path.parts:
        return [kinds.wrong(f'destination "{name}" leads out of the build directory')]
    if not path.parts:
        return [kinds.wrong('the destination is the build directory itself', 'Name a directory in it.')]
    for parent in reversed(path.parents[:-1]):
        above = known.get(str(parent))
        if above is not None and (above.options.get('method') == 'link' or kinds.makes_file(above)):
            return [kinds.wrong(f'"{name}" is to be in "{parent}", which is no directory of its own')]
    parent = str(path.parent)
    if parent == '.' or parent in known:
        return []
    if exists(parent):
        return [kinds.odd(f'the parent of "{name}" is not collected, but is there from an earlier run')]
    return [kinds.wrong(f'the parent of "{name}" is not collected', f'Add the line "{parent} @" before.')]
