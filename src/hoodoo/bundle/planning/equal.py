"""When two ways to write a constraint or an exposure, mean the same."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hoodoo import model

EVERYWHERE = model.Exposure(cidrs=('0.0.0.0/0', '::/0'))
"""What an exposure to everyone is to Juju."""
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


def exposure(given: model.Exposure | None) -> model.Exposure | None:
    """One form for every way to write an exposure."""
    if given is None:
        return None
    if not given.spaces and not given.cidrs:
        return EVERYWHERE
    return model.Exposure(spaces=tuple(sorted(given.spaces)), cidrs=tuple(sorted(given.cidrs)))


def exposed(to: Mapping[str, model.Exposure]) -> str:
    """Which endpoints are exposed to whom, in words."""
    return '; '.join(f'{name or "all endpoints"} to {_whom(each)}' for name, each in sorted(to.items()))


def _whom(given: model.Exposure) -> str:
    named = (*sorted(given.spaces), *sorted(given.cidrs))
    return ', '.join(named) if named and given != EVERYWHERE else 'everyone'
