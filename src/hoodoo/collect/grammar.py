"""The collect file's grammar, which is codetree's: ``destination source[;option=value,...]``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from bedrock import errors

_SCHEME = re.compile(r'([A-Za-z][A-Za-z0-9+.-]*)://|(lp|cs|ch|nosmart\+lp):')
_GIT = frozenset({'git', 'git+http', 'git+https', 'git+ssh', 'git+file'})
_METHODS = ('rsync', 'copy', 'link', 'hardlink')


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """One line: bring *source* to *destination*."""

    destination: str
    source: str
    """Without options; ``@`` asks for an empty directory."""
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    line: int = 0

    @property
    def kind(self) -> str:
        """git, local, empty, or the scheme that has no handler."""
        if self.source == '@':
            return 'empty'
        found = _SCHEME.match(self.source)
        scheme = (found[1] or found[2]) if found else 'file'
        return 'git' if scheme in _GIT else 'local' if scheme == 'file' else scheme

    @property
    def overwrite(self) -> bool:
        """Whether to start anew; by codetree's rule any text means yes, ``False`` too."""
        return bool(self.options.get('overwrite'))


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectFile:
    """The lines of a collect file, the last of a destination only, and what is wrong with the others."""

    directives: tuple[Directive, ...] = ()
    problems: tuple[errors.Problem, ...] = ()


def parse(text: str, *, file: str = 'collect') -> CollectFile:
    """Read a collect file; a line that cannot be read becomes a problem."""
    directives: dict[str, Directive] = {}
    problems: list[errors.Problem] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith('#'):
            continue
        read = _directive(line, number)
        if isinstance(read, str):
            problems.append(errors.Problem(file=file, line=number, message=read))
        else:
            directives[read.destination] = read
    for directive in directives.values():
        problems += (
            problem(directive, file, message, hint=hint) for message, hint in _wrong(directive, directives)
        )
    return CollectFile(directives=tuple(directives.values()), problems=tuple(problems))


def levels(directives: tuple[Directive, ...]) -> list[list[Directive]]:
    """Directives in the order to run: those of one level are independent, parents come before children."""
    by_depth: dict[int, list[Directive]] = {}
    for directive in directives:
        by_depth.setdefault(len(PurePosixPath(directive.destination).parts), []).append(directive)
    return [by_depth[depth] for depth in sorted(by_depth)]


def problem(directive: Directive, file: str, message: str, *, hint: str = '') -> errors.Problem:
    """A problem at the line of *directive*."""
    return errors.Problem(file=file, line=directive.line, message=message, hint=hint)


def _directive(line: str, number: int) -> Directive | str:
    destination, *rest = line.split(None, 1)
    if not rest:
        return f'"{destination}" has no source'
    source, semicolon, tail = rest[0].rpartition(';')
    if not semicolon:
        source, tail = rest[0], ''
    options: dict[str, str] = {}
    for item in tail.split(',') if semicolon else ():
        key, equals, value = item.strip().partition('=')
        if not key or not equals or '=' in value:
            return f'"{item.strip()}" is not an option of the form key=value'
        options[key] = value
    return Directive(destination=destination, source=source.strip(), options=options, line=number)


def _wrong(directive: Directive, known: Mapping[str, Directive]) -> Iterator[tuple[str, str]]:
    destination = PurePosixPath(directive.destination)
    if destination.is_absolute() or '..' in destination.parts or '://' in directive.destination:
        yield f'destination "{directive.destination}" leads out of the build directory', ''
    parent = str(destination.parent)
    if '..' not in destination.parts and parent not in ('.', '/', *known):
        yield (
            f'the parent of "{directive.destination}" is not collected',
            f'Add the line "{parent} @" before.',
        )
    if directive.source.startswith('git@'):
        yield f'"{directive.source}" is not a URL', 'Write git+ssh://git@host/path.'
    elif directive.kind in ('http', 'https') and directive.source.endswith('.git'):
        yield f'"{directive.source}" names a git repository', f'Write git+{directive.source}.'
    elif directive.kind not in ('git', 'local', 'empty'):
        yield (
            f'cannot collect from "{directive.source}": hoodoo knows no {directive.kind} sources',
            'Use a local directory or a git repository.',
        )
    method = directive.options.get('method', 'rsync')
    if method not in _METHODS:
        yield f'unknown method "{method}"', f'Known methods: {", ".join(_METHODS)}.'
    if not directive.options.get('depth', '1').isdigit():
        yield f'depth "{directive.options["depth"]}" is not a number', ''
    if directive.options.get('branch') and directive.options.get('revno'):
        yield 'branch and revno exclude each other', 'Keep one of them.'
