"""Names in braces: ``{cloud}-{region}`` is filled in for each environment; ``{{`` is a brace."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

from hoodoo import wording

NAMES = ('service', 'cloud', 'region', 'stage', 'name', 'controller', 'model', 'revision')
"""What may be named, in the order in which they are filled in: each may use those before it."""

_PART = re.compile(r'\{\{|\}\}|\{(?P<name>[^{}]*)\}|[{}]')


class TemplateError(ValueError):
    """A text whose braces make no sense: what is wrong, and what to do."""

    def __init__(self, message: str, hint: str = '') -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return *text* with each name in braces replaced by its value.

    Raises:
        TemplateError: a name is not among *values*, or a brace has no partner.
    """
    if '{' not in text and '}' not in text:
        return text
    for name in names(text):
        if name not in values:
            raise _unknown(name, tuple(values))
    return text.format_map(values)


@functools.lru_cache(maxsize=4096)
def names(text: str) -> tuple[str, ...]:
    """The names in braces in *text*.

    Raises:
        TemplateError: as in `fill`; here a name is only compared with `NAMES`.
    """
    found: list[str] = []
    for part in _PART.finditer(text):
        name = part['name']
        if name is not None:
            if name not in NAMES:
                raise _unknown(name, NAMES)
            found.append(name)
        elif part[0] in ('{', '}'):
            raise TemplateError(
                f'there is a single "{part[0]}" in "{text}"',
                f'Write {{name}} for a value and "{part[0] * 2}" for the character itself.',
            )
    return tuple(found)


def _unknown(name: str, known: Sequence[str]) -> TemplateError:
    if name in NAMES:
        return TemplateError(
            f'"{{{name}}}" is not known here yet', f'Known here: {", ".join(known)}; the others depend on it.'
        )
    guess = wording.guess(name, known)
    return TemplateError(f'nothing is named "{{{name}}}"', f'{guess} Known: {", ".join(known)}.'.strip())
