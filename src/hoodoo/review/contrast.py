"""Stages side by side: which of their values differ. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from string import ascii_uppercase
from typing import TypeVar

from hoodoo.review import ingredients

Value = ingredients.Value
Key = TypeVar('Key', bound=Hashable)

_SECRET = re.compile(r'passw(or)?d|passphrase|secret|token|credential|private|(^|[-_.])key$', re.IGNORECASE)
# These say where a secret is, and not what it is.
_REFERENCES = ('include-file://', 'include-base64://', 'secret:')


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One path and its value in each stage; None where a stage does not have it."""

    path: str
    values: Mapping[str, Value | None]

    @property
    def differs(self) -> bool:
        """Whether it is not the same in all stages."""
        return len({exact(value) for value in self.values.values()}) > 1


def rows(stages: Mapping[str, Mapping[str, Value]], *, mask: Callable[[str], str] = str) -> tuple[Row, ...]:
    """Every path of any stage, those of one file together, in the order of the first stage that has them.

    Args:
        mask: Takes known secrets out of a text; values that hold one are hidden, wherever they stand.
    """
    order: dict[str, dict[str, None]] = {}
    for values in stages.values():
        for path in values:
            file, colon, _ = path.partition(':')
            order.setdefault(file if colon else '', {})[path] = None
    return tuple(
        _veiled(Row(path=path, values={stage: values.get(path) for stage, values in stages.items()}), mask)
        for paths in order.values()
        for path in paths
    )


def _veiled(row: Row, mask: Callable[[str], str]) -> Row:
    """*row* without what is or looks like a secret; the same letter stands for the same value."""
    named = _SECRET.search(row.path) is not None

    def secret(value: Value | None) -> bool:
        return (named and _is_secret(value)) or (isinstance(value, str) and mask(value) != value)

    letters = lettered([exact(value) for value in row.values.values() if secret(value)])
    values = {
        stage: f'(hidden {letters[exact(value)]})' if secret(value) else value
        for stage, value in row.values.items()
    }
    return Row(path=mask(row.path), values=values)


def _is_secret(value: Value | None) -> bool:
    return (
        isinstance(value, str | int | float) and str(value) != '' and not str(value).startswith(_REFERENCES)
    )


def exact(value: Value | None) -> tuple[type, Value | None]:
    """*value* as what can be compared: 1, 1.0 and True are equal in Python and different in YAML."""
    return type(value), value


def lettered(values: Iterable[Key]) -> Mapping[Key, str]:
    """A letter for each distinct one of *values*, and numbers when these run out."""
    names: dict[Key, str] = {}
    for value in values:
        number = len(names)
        names.setdefault(value, ascii_uppercase[number] if number < len(ascii_uppercase) else str(number + 1))
    return names
