"""A manifest line's options as a phase's frozen dataclass: every key known, every value of its type."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

from bedrock import errors
from hoodoo import wording
from hoodoo.spec import manifest

T = TypeVar('T')


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Given(Generic[T]):
    """What a line's options say."""

    options: T
    """Defaults stand in for what is wrong."""
    variables: dict[str, str]
    """Options that are variables for a script."""
    fine: bool
    """Whether the line may run."""
    untold: frozenset[str]
    """Fields whose value cannot be told, so that nothing more can be said about them."""


def read(
    kind: Callable[..., T],
    call: manifest.PhaseCall,
    problems: list[errors.Problem],
    *,
    environment: bool = False,
) -> Given[T]:
    """Return *call*'s options as *kind*, a dataclass with a default for every field.

    A field ``max_wait`` is the option ``max-wait``. Of a key that is given twice the last counts.

    Args:
        problems: Gets what is wrong.
        environment: Unknown keys are variables for the script that the phase runs.
    """
    fields = {field.name.replace('_', '-'): field for field in dataclasses.fields(cast('Any', kind))}
    values: dict[str, Any] = {}
    variables: dict[str, str] = {}
    untold: set[str] = set()
    count = len(problems)
    for option in call.options:
        field = fields.get(option.key)
        if field is None and option.key in call.elsewhere:
            continue
        if field is not None and not option.known:
            untold.add(field.name)
        elif field is not None:
            try:
                values[field.name] = _READERS[str(field.type)](option.value)
            except ValueError as err:
                untold.add(field.name)
                problems.append(
                    call.problem(f'option {option.key} takes {err}, not "{option.value}"', option=option)
                )
        elif environment and option.key.replace('_', 'a').isalnum():
            variables[option.key] = option.value
        else:
            meant, problem = _unknown(call, option, (*fields, *sorted(call.elsewhere)))
            untold |= {meant.replace('-', '_')} - {''}
            problems.append(problem)
    fine = len(problems) == count and not untold
    return Given(options=kind(**values), variables=variables, fine=fine, untold=frozenset(untold))


def _unknown(
    call: manifest.PhaseCall, option: manifest.Option, fields: Sequence[str]
) -> tuple[str, errors.Problem]:
    """What an unknown option probably means, and the problem."""
    bare = option.key.lstrip('-')
    if bare in fields:
        # What the value comes to is not known when it refers to something that is not there.
        meant, hint = bare, f'Write {bare}={option.value if option.known else "VALUE"}.'
    else:
        meant, hint = wording.nearest(option.key, fields), wording.guess(option.key, fields)
    known = ', '.join(fields) or 'none'
    problem = call.problem(
        f'phase "{call.phase}" has no option "{option.key}"',
        option=option,
        hint=hint or f'Known options: {known}.',
    )
    return meant, problem


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
    if not text.isdecimal():
        raise ValueError('a whole number')
    return int(text)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(',') if part.strip())


_READERS: Mapping[str, Callable[[str], object]] = {
    'str': str,
    'bool': _boolean,
    'float': _seconds,
    'float | None': _seconds,
    'int': _count,
    'tuple[str, ...]': _list,
    'tuple[str, ...] | None': _list,
}
