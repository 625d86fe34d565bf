"""What phases and their options say about themselves, read from the code: for help and the reference."""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import itertools
import sys
import textwrap
from dataclasses import dataclass

from hoodoo.phases import base, common

_METAVARS = {
    'bool': 'True|False',
    'float': 'SECONDS',
    'float | None': 'SECONDS',
    'int': 'NUMBER',
    'str': 'TEXT',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a phase."""

    name: str
    """The field's."""
    metavar: str
    default: str
    """As a manifest writes it; empty when there is nothing to write."""
    text: str
    """Its docstring, on one line."""

    @property
    def key(self) -> str:
        """As it is written."""
        return self.name.replace('_', '-')

    @property
    def help(self) -> str:
        """Text and default."""
        return f'{self.text}  [default: {self.default}]' if self.default else self.text

    @classmethod
    def of(cls, field: dataclasses.Field[object], kind: type) -> Option:
        """The option that *field* of the dataclass *kind* stands for."""
        return cls(
            name=field.name,
            metavar=_METAVARS.get(str(field.type), 'NAME,...'),
            default=_written(field.default),
            text=_docstrings(kind).get(field.name, ''),
        )


def options(phase: base.Phase) -> list[Option]:
    """All options that a line of *phase* may have, its own first."""
    own = [Option.of(field, phase.own) for field in dataclasses.fields(phase.own)]
    return own + [Option.of(field, common.Common) for field in common.of(phase)]


def summary(phase: base.Phase) -> str:
    """The first line of the docstring of the phase's module, without the phase's name."""
    module = sys.modules[type(phase).__module__]
    first = inspect.cleandoc(module.__doc__ or '').partition('\n\n')[0].replace('\n', ' ')
    text = first.partition(': ')[2] if first.startswith('The phase') else first
    return f'{text[:1].upper()}{text[1:]}'


@functools.cache
def _docstrings(kind: type) -> dict[str, str]:
    """The string below each field of a dataclass; empty when its source cannot be read."""
    try:
        source = textwrap.dedent(inspect.getsource(kind))
    except (OSError, TypeError):
        return {}
    (made,) = ast.parse(source).body
    assert isinstance(made, ast.ClassDef)
    found: dict[str, str] = {}
    for pair in itertools.pairwise(made.body):
        match pair:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = ' '.join(text.split())
            case _:
                pass
    return found


def _written(value: object) -> str:
    if value in ('', (), None):
        return ''
    return f'{value:g}' if isinstance(value, float) else str(value)
