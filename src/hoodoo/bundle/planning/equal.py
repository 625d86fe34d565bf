"""When two ways to write a constraint mean the same."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SIZES = frozenset(('mem', 'root-disk'))
_MIB = {'': 1, **{suffix: 1024**power for power, suffix in enumerate('MGTPEZY')}}


def differing(wanted: Mapping[str, str], live: Mapping[str, str]) -> tuple[str, ...]:
    """The constraints of *wanted* whose value is not the one of *live*.

    What *wanted* does not name may have any value: Juju itself adds the architecture.
    """
    return tuple(
        key for key, value in wanted.items() if constraint(key, value) != constraint(key, live.get(key, ''))
    )


def constraint(key: str, value: str) -> str:
    """One text for every way to write a value: sizes in MiB, rounded up as Juju does, lists sorted."""
    if key in _SIZES:
        found = re.fullmatch(r'(\d+(?:\.\d+)?)([MGTPEZY]?)(?:i?B)?', value)
        return f'{-int(-float(found[1]) * _MIB[found[2]] // 1)}M' if found else value
    return ','.join(sorted(part for part in value.split(',') if part))
