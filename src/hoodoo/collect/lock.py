"""Lock files: what a collect file brought, exactly; and whether one still fits its collect file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from bedrock import errors
from hoodoo.collect import grammar

SUFFIX = '.lock'
_VERSION = 1
_HEAD = """\
# What collect brought. Beside the collect file in the spec, "collect locked=True" brings the same again.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """What one destination holds."""

    source: str
    """`grammar.Directive.text`."""
    revision: str = ''
    """The commit, revision id or charm revision; empty where there is no such thing."""
    digest: str = ''
    """``KIND:HASH`` of the content."""


def render(pins: Mapping[str, Pin]) -> str:
    """The text of a lock file."""
    sources = {
        name: {'source': pin.source, 'revision': pin.revision, 'digest': pin.digest}
        for name, pin in sorted(pins.items())
    }
    for entry in sources.values():
        for key in [key for key, value in entry.items() if not value]:
            del entry[key]
    return _HEAD + yaml.safe_dump({'version': _VERSION, 'sources': sources}, sort_keys=False, width=1000)


def read(path: Path, *, shown: str) -> dict[str, Pin]:
    """The pins in a lock file.

    Raises:
        Problems: it is none.
    """
    try:
        loaded: object = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        mark = getattr(err, 'problem_mark', None)
        line = mark.line + 1 if mark is not None else 0
        raise _no_lock(shown, line=line) from None
    if not isinstance(loaded, dict):
        raise _no_lock(shown)
    content = cast('dict[object, object]', loaded)
    if content.get('version') != _VERSION:
        raise _no_lock(shown, f'lock files of version {content.get("version")} cannot be read')
    sources: object = content.get('sources') or dict[object, object]()
    if not isinstance(sources, dict):
        raise _no_lock(shown)
    pins: dict[str, Pin] = {}
    for name, entry in cast('dict[object, object]', sources).items():
        if not isinstance(entry, dict):
            raise _no_lock(shown)
        said = {str(key): str(value) for key, value in cast('dict[object, object]', entry).items()}
        pins[str(name)] = Pin(
            source=said.get('source', ''), revision=said.get('revision', ''), digest=said.get('digest', '')
        )
    return pins


def compare(
    directives: Iterable[grammar.Directive], pins: Mapping[str, Pin], *, shown: str
) -> list[errors.Problem]:
    """Where a collect file asks for other things than its lock file *shown* has."""
    found: list[errors.Problem] = []
    wanted = {one.destination: one for one in directives if one.kind != 'empty'}
    hint = 'Collect without locked=True, and keep the new lock file.'
    for name, directive in wanted.items():
        pin = pins.get(name)
        if pin is None:
            found.append(directive.problem(f'"{name}" is not in {shown}', hint=hint))
        elif pin.source != directive.text:
            found.append(directive.problem(f'"{name}" is locked to "{pin.source}" in {shown}', hint=hint))
    found += (
        errors.Problem(file=shown, message=f'"{name}" is locked but not in the collect file', hint=hint)
        for name in pins
        if name not in wanted
    )
    return found


def _no_lock(shown: str, why: str = 'it is no lock file', *, line: int = 0) -> errors.Problems:
    problem = errors.Problem(file=shown, line=line, message=why, hint='Collect without locked=True anew.')
    return errors.Problems(f'cannot read {shown}', [problem])
