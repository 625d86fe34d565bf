"""What a unit left in the model's log: the traceback of its failed hook, or its last lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LINE = re.compile(r'(?P<entity>\S+): (?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\S* [A-Z]+ \S+ ?(?P<message>.*)')
_KEPT = 40
_WITHOUT_TRACEBACK = 12


def tail(lines: Sequence[str], unit: str) -> list[str]:
    """Return the lines of *unit*'s last failure out of ``juju debug-log`` *lines*, prefixes cut off."""
    said = _said(lines, unit)
    starts = [index for index, text in enumerate(said) if 'Traceback (most recent call last)' in text]
    start = starts[-1] if starts else max(0, len(said) - _WITHOUT_TRACEBACK)
    kept = said[start:]
    return kept if len(kept) <= _KEPT else [*kept[: _KEPT // 2], '...', *kept[-_KEPT // 2 :]]


def last(lines: Sequence[str], unit: str, *, count: int) -> list[str]:
    """Return the last *count* lines of *unit* out of ``juju debug-log`` *lines*, prefixes cut off."""
    return _said(lines, unit)[-count:]


def _said(lines: Sequence[str], unit: str) -> list[str]:
    entity = f'unit-{unit.replace("/", "-")}'
    said: list[str] = []
    ours = False
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is not None:
            ours = found['entity'] == entity
        if ours:
            # A line without a prefix continues the message before it.
            said.append(found['message'] if found is not None else line)
    return said
