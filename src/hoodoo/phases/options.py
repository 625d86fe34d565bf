"""A manifest line's options as a phase's frozen dataclass: every key known, every value of its type."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bedrock import errors
from hoodoo.bundle import words
from hoodoo.spec import manifest

T = TypeVar('T')


def read(
    kind: type[T], call: manifest.PhaseCall, problems: list[errors.Problem], *, environment: bool = False
) -> tuple[T | None, dict[str, str]]:
    """Return *kind* filled from *call*'s options, and the options that are environment variables.

    A field ``max_wait`` is the option ``max-wait``. Of a key that is given twice the last counts.

    Args:
        problems: Gets what is wrong; the first result is None then.
        environment: Unknown keys are variables for the script that the phase runs.
    """
    fields = {field.name.replace('_', '-'): field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    extra: dict[str, str] = {}
    count = len(problems)
    for option in call.options:
        field = fields.get(option.key)
        if field is not None:
            try:
                values[field.name] = _READERS[str(field.type)](option.value)
            except ValueError as err:
                problems.append(
                    call.problem(f'option {option.key} takes {err}, not "{option.value}"', option=option)
                )
        elif environment and option.key.replace('_', 'a').isalnum():
            extra[option.key] = option.value
        else:
            problems.append(_unknown(call, option, fields))
    return (kind(**values) if len(problems) == count else None), extra


def _unknown(
    call: manifest.PhaseCall, option: manifest.Option, fields: Mapping[str, object]
) -> errors.Problem:
    bare = option.key.lstrip('-')
    hint = f'Write {bare}={option.value}.' if bare in fields else words.guess(option.key, fields)
    known = ', '.join(fields) or 'none'
    return call.problem(
        f'phase "{call.phase}" has no option "{option.key}"',
        option=option,
        hint=hint or f'Known options: {known}.',
    )


def _boolean(text: str) -> bool:
    if text.lower() not in ('true', 'false'):
        raise ValueError('True or False')
    return text.lower() == 'true'


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < float('inf'):
        raise ValueError('a number that is not negative')
    return found


def _count(text: str) -> int:
    if not text.isdigit():
        raise ValueError('a whole number')
    return int(text)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(',') if part.strip())


_READERS: Mapping[str, Callable[[str], object]] = {
    'str': str,
    'bool': _boolean,
    'float': _seconds,
    'int': _count,
    'tuple[str, ...]': _list,
    'tuple[str, ...] | None': _list,
}
