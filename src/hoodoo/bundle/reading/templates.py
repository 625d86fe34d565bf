"""Bundles as Jinja2 templates: rendered text that knows where in the templates its lines were written.

Where a template only puts values in, a line of the text is the same line of the template. Otherwise it is
rendered a second time with a mark at each piece of plain text; the marks that come out say where the pieces
come from, through loops, macros and includes alike. Should a template treat the marks as if they were text
(by measuring or comparing it), then the two results differ and only the file is known.
"""

from __future__ import annotations

import inspect
import re
import types
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import jinja2

from bedrock import errors
from hoodoo import wording
from hoodoo.bundle.reading import tree
from hoodoo.spec import reading

Shown = Callable[[Path], str]
"""How messages name a file."""

# Characters for private use: no bundle has them, and no filter changes them.
_MARK = re.compile('\ue0f0([0-9]+),([0-9]+),([0-9]+)\ue0f1')
_STATEMENT = re.compile(r'\{[%#]')
_LINE = re.compile(r'[^\n]*\n|[^\n]+')
_CODE = re.compile(r'\{[%#{]')
_ERRORS = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What an expression in a template can raise."""
_DEEPEST = 20
"""How often a template may include itself; some end by a condition, none of them soon after this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A rendered template."""

    text: str
    locate: tree.Locate
    """Where a line and a column of the text were written."""
    remarks: tuple[errors.Problem, ...] = ()
    """Variables that are not set: they render as nothing, as in Mojo."""


def render(file: Path, variables: Mapping[str, str], *, folders: Sequence[Path], shown: Shown) -> Rendered:
    """Render *file*.

    Args:
        variables: What the template sees.
        folders: Where templates that it includes or imports are sought, after the file's own directory.

    Raises:
        Problems: it cannot be read or rendered.
    """
    renderer = _Renderer(file, variables, [file.parent, *folders], shown)
    source = renderer.source()
    if not _CODE.search(source):
        return Rendered(text=source, locate=_Straight(shown(file), source, source))
    text, unset = renderer.rendered(marked=False)
    remarks = tuple(_remark(one, variables) for one in dict.fromkeys(unset))
    name = shown(file)
    if not _STATEMENT.search(source) and source.count('\n') == text.count('\n'):
        return Rendered(text=text, locate=_Straight(name, source, text), remarks=remarks)
    marks = _Marks(renderer.rendered(marked=True)[0], renderer.names)
    if marks.text == text:
        return Rendered(text=text, locate=marks, remarks=remarks)
    return Rendered(text=text, locate=lambda line, column: tree.Place(name), remarks=remarks)


class _Unset(NamedTuple):
    """What a template asked for in vain."""

    name: str
    place: tree.Place
    part: bool
    """Whether it is a part of a value, not a variable."""


def _remark(unset: _Unset, variables: Iterable[str]) -> errors.Problem:
    if unset.part:
        return tree.problem(unset.place, f'no value has a part "{unset.name}" here; it renders as nothing')
    near = wording.guess(unset.name, variables, near=wording.ALIKE)
    hint = f'{near} Set {unset.name} in the environment, or write {{{{ {unset.name} | default("VALUE") }}}}.'
    message = f'variable "{unset.name}" is not set and renders as nothing'
    return tree.problem(unset.place, message, hint=hint.strip())


class _Straight:
    """Each line of a text stands where it stands in the template; columns move when values are put in."""

    def __init__(self, name: str, source: str, text: str) -> None:
        self._name = name
        self._pure = source == text
        self._source = [] if self._pure else source.split('\n')

    def __call__(self, line: int, column: int) -> tree.Place:
        # YAML knows more line ends than a template: a line may be beyond the last.
        if not self._pure and '{{' in ''.join(self._source[line - 1 : line])[: column - 1]:
            return tree.Place(self._name, line)
        return tree.Place(self._name, line, column)


class _Marks:
    """The text of a marked rendering, and where its pieces are from."""

    def __init__(self, marked: str, names: Sequence[str]) -> None:
        self._starts: list[int] = []
        self._origins: list[tree.Place] = []
        pieces: list[str] = []
        end = size = 0
        for mark in _MARK.finditer(marked):
            pieces.append(marked[end : mark.start()])
            size += mark.start() - end
            self._starts.append(size)
            self._origins.append(tree.Place(names[int(mark[1])], int(mark[2]), int(mark[3])))
            end = mark.end()
        pieces.append(marked[end:])
        self.text = ''.join(pieces)
        self._lines = [0, *(found.end() for found in re.finditer('\n', self.text))]
        self._first = tree.Place(names[0], 1, 1)

    def __call__(self, line: int, column: int) -> tree.Place:
        offset = self._lines[min(line, len(self._lines)) - 1] + column - 1
        index = bisect_right(self._starts, offset) - 1
        if index < 0:
            return self._first
        place = self._origins[index]
        return place._replace(column=place.column + offset - self._starts[index])


class _Loader(jinja2.FileSystemLoader):
    """Templates of some directories, with marks put in when asked; their names are noted."""

    def __init__(self, folders: Sequence[Path], shown: Shown) -> None:
        super().__init__([str(folder) for folder in folders])
        self.names: list[str] = []
        self.sources: dict[str, str] = {}
        self.marked = False
        self._shown = shown

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        if sum(found.name == template for _, found in _rendering()) >= _DEEPEST:
            raise jinja2.TemplateRuntimeError(f'template "{template}" includes itself without end')
        source, file, fresh = super().get_source(environment, template)
        source = source.replace('\r\n', '\n').replace('\r', '\n')
        self.sources[file] = source
        name = self._shown(Path(file))
        if name not in self.names:
            self.names.append(name)
        if self.marked:
            source = _marked(environment, source, self.names.index(name))
        return source, file, fresh


class _Renderer:
    def __init__(
        self, file: Path, variables: Mapping[str, str], folders: Sequence[Path], shown: Shown
    ) -> None:
        self._file, self._variables, self._shown = file, variables, shown
        self._loader = _Loader(folders, shown)
        self._unset: list[_Unset] = []
        unset, place_of = self._unset, self._place_in

        class Noticed(jinja2.Undefined):
            """Renders as nothing, but is remembered."""

            def __str__(self) -> str:
                name = self._undefined_name or '?'
                part = self._undefined_obj is not jinja2.utils.missing
                unset.append(_Unset(name, place_of(name), part))
                return ''

        # Bundles are YAML, where HTML's escapes would be damage.
        self._environment = jinja2.Environment(
            undefined=Noticed,
            autoescape=False,  # noqa: S701
            keep_trailing_newline=True,
            loader=self._loader,
            cache_size=0,
        )

    @property
    def names(self) -> Sequence[str]:
        """The templates that were read, as messages name them; the number of one is in its marks."""
        return self._loader.names

    def source(self) -> str:
        """The template's text."""
        text = reading.read(self._file, shown=self._shown(self._file))
        return text.replace('\r\n', '\n').replace('\r', '\n')

    def rendered(self, *, marked: bool) -> tuple[str, list[_Unset]]:
        """The text, and the variables that were not set."""
        self._loader.marked = marked
        self._unset.clear()
        try:
            template = self._environment.get_template(self._file.name)
            text = template.render(cast('dict[str, Any]', dict(self._variables)))
        except jinja2.TemplateSyntaxError as err:
            place = tree.Place(self._named(err.filename), err.lineno)
            raise self._refused(place, f'cannot read the template: {err.message}') from None
        except jinja2.TemplatesNotFound as err:
            place = self._raised_at(err.__traceback__)
            raise self._refused(place, f'there is no template "{err.message}" to include') from None
        except jinja2.TemplateNotFound as err:
            place = self._raised_at(err.__traceback__)
            raise self._refused(place, f'there is no template "{err.name}" to include') from None
        except _ERRORS as err:
            place = self._raised_at(err.__traceback__)
            raise self._refused(place, f'cannot render the template: {err}') from None
        return text, list(self._unset)

    def _raised_at(self, trace: types.TracebackType | None) -> tree.Place:
        """The deepest template line of *trace*: Jinja writes its own lines into it."""
        place = tree.Place(self._shown(self._file))
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if '__jinja_template__' in trace.tb_frame.f_globals or self._named(file) in self._loader.names:
                place = tree.Place(self._named(file), trace.tb_lineno)
            trace = trace.tb_next
        return place

    def _place_in(self, name: str) -> tree.Place:
        """Where variable *name* stands in the line that is being rendered: the next frame of a template's."""
        for frame, template in _rendering():
            line = template.get_corresponding_lineno(frame.f_lineno)
            return tree.Place(
                self._named(template.filename), line, self._column(template.filename, line, name)
            )
        return tree.Place(self._shown(self._file))

    def _column(self, file: str | None, line: int, name: str) -> int:
        """The column of the first *name* in a line of a template; 0 when it is not there."""
        lines = self._loader.sources.get(file or '', '').split('\n')
        found = re.search(rf'\b{re.escape(name)}\b', lines[line - 1]) if line <= len(lines) else None
        return found.start() + 1 if found else 0

    def _named(self, file: str | None) -> str:
        return self._shown(Path(file) if file and not file.startswith('<') else self._file)

    def _refused(self, place: tree.Place, message: str) -> errors.Problems:
        name = self._shown(self._file)
        problem = tree.problem(place._replace(column=self._start(place)), message)
        return errors.Problems(f'cannot read {name}', [problem])

    def _start(self, place: tree.Place) -> int:
        """The column of the first code in a line of a template, or of its text; Jinja knows lines alone."""
        for file, source in self._loader.sources.items():
            line = ''.join(source.split('\n')[place.line - 1 : place.line]) if place.line else ''
            if line and self._shown(Path(file)) == place.file:
                code = _CODE.search(line)
                return (code.start() if code else len(line) - len(line.lstrip())) + 1
        return place.column


def _rendering() -> Iterator[tuple[types.FrameType, jinja2.Template]]:
    """The templates that are being rendered, the innermost first, and where in their code that is."""
    frame: types.FrameType | None = inspect.currentframe()
    while frame is not None:
        template = frame.f_globals.get('__jinja_template__')
        if isinstance(template, jinja2.Template):
            yield frame, template
        frame = frame.f_back


def _marked(environment: jinja2.Environment, source: str, number: int) -> str:
    """*source* with a mark before each piece of plain text, and after each of its line ends."""
    pieces: list[str] = []
    end, line, column = 0, 1, 1
    for start, kind, text in _tokens(environment, source):
        gap = source[end:start]
        line, column = _after(gap, line, column)
        pieces.append(gap)
        if kind == 'data':
            for part in _LINE.findall(text):
                pieces.append(f'\ue0f0{number},{line},{column}\ue0f1{part}')
                line, column = _after(part, line, column)
            if text.endswith('\n'):
                pieces.append(f'\ue0f0{number},{line},1\ue0f1')
        else:
            line, column = _after(text, line, column)
            pieces.append(text)
        end = start + len(text)
    return ''.join((*pieces, source[end:]))


def _tokens(environment: jinja2.Environment, source: str) -> Iterator[tuple[int, str, str]]:
    """The template's tokens with their offsets; what lies between them is blanks that Jinja dropped."""
    offset = 0
    for _, kind, text in environment.lexer.tokeniter(source, None):
        start = source.find(text, offset)
        if start < 0:
            return  # a text that Jinja changed: from here on there are no marks
        yield start, kind, text
        offset = start + len(text)


def _after(text: str, line: int, column: int) -> tuple[int, int]:
    count = text.count('\n')
    return (line + count, len(text) - text.rfind('\n')) if count else (line, column + len(text))
