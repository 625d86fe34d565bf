"""Variable expansion in manifests: ``${NAME}`` and ``${NAME:-default}``.

A value is expanded after the line was split into words, so a variable that holds blanks stays one value.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping

from bedrock import errors
from hoodoo import wording
from hoodoo.spec import manifest

_REFERENCE = re.compile(r'\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^}]*)?\}')
_ANY = re.compile(r'\$\{[^}]*\}?')


def expand(read: manifest.Manifest, variables: Mapping[str, str]) -> manifest.Manifest:
    """Replace every reference in *read*; what cannot be replaced becomes a problem.

    A line whose phase cannot be told is left out.
    """
    problems: list[errors.Problem] = []
    calls: list[manifest.PhaseCall] = []
    misread = list(read.misread)
    for call in read.calls:
        untold = list(_wrong(call, None, variables))
        if untold:
            problems += untold
            misread.append(call.phase)
            continue
        options: list[manifest.Option] = []
        for option in call.options:
            wrong = list(_wrong(call, option, variables))
            problems += wrong
            key, value = (_text(part, variables) for part in (option.key, option.value))
            options.append(dataclasses.replace(option, key=key, value=value, known=not wrong))
        phase = _text(call.phase, variables)
        calls.append(dataclasses.replace(call, phase=phase, options=tuple(options)))
    return dataclasses.replace(
        read, calls=tuple(calls), problems=(*read.problems, *problems), misread=tuple(misread)
    )


def _text(text: str, variables: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        # As in a shell, the default also stands in for an empty value.
        return variables.get(found['name'], '') or (found['default'] or '').removeprefix(':-')

    return _REFERENCE.sub(value, text)


def _wrong(
    call: manifest.PhaseCall, option: manifest.Option | None, variables: Mapping[str, str]
) -> Iterator[errors.Problem]:
    """What is wrong with the references in *option*, or in the phase's name."""
    for found in _ANY.finditer(f'{option.key}={option.value}' if option else call.phase):
        reference = _REFERENCE.fullmatch(found[0])
        if reference is None:
            yield call.problem(
                f'cannot read the reference "{found[0]}"',
                option=option,
                hint='Write ${NAME} or ${NAME:-default}.',
            )
        elif reference['default'] is None and reference['name'] not in variables:
            name = reference['name']
            near = wording.guess(name, variables, near=wording.ALIKE)
            yield call.problem(
                f'variable {name} is not set and has no default',
                option=option,
                hint=f'{near} Set {name} in the environment or write ${{{name}:-default}}.'.strip(),
            )
