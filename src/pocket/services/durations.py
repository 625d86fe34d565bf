"""Durations as Go writes them: 5m, 10s, 1h30m, 1.5s."""

from __future__ import annotations

import re

_SECONDS = {'ns': 1e-9, 'us': 1e-6, 'µs': 1e-6, 'ms': 1e-3, 's': 1.0, 'm': 60.0, 'h': 3600.0}
_PART = re.compile(r'(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)')


def parse_s(text: str) -> float | None:
    """Return the seconds that *text* says, or None when it is no duration."""
    unsigned = text.removeprefix('-') if text.startswith('-') else text.removeprefix('+')
    if unsigned == '0':
        return 0.0
    total, position = 0.0, 0
    while position < len(unsigned):
        part = _PART.match(unsigned, position)
        if part is None:
            return None
        total += float(part[1]) * _SECONDS[part[2]]
        position = part.end()
    if not unsigned:
        return None
    return -total if text.startswith('-') else total
