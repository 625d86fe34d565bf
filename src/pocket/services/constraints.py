"""Constraints as Juju shows them: ``arch=amd64 cores=2 mem=2048M`` (core/constraints)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

_ORDER = (
    'arch',
    'container',
    'cores',
    'cpu-power',
    'mem',
    'root-disk',
    'root-disk-source',
    'instance-role',
    'instance-type',
    'spaces',
    'tags',
    'virt-type',
    'zones',
    'allocate-public-ip',
    'image-id',
)
_MEGABYTES = frozenset({'mem', 'root-disk'})


def present(constraints: Mapping[str, Any]) -> dict[str, Any]:
    """Return *constraints* without the keys that say nothing (clients send explicit nulls)."""
    return {key: value for key, value in constraints.items() if value is not None}


def merge(fallback: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an application's *own* constraints make of its model's."""
    return {**present(fallback), **present(own)}


def render(constraints: Mapping[str, Any]) -> str:
    """Return *constraints* in the order and form of Juju."""
    return ' '.join(
        f'{key}={_shown(constraints[key])}' + ('M' if key in _MEGABYTES else '')
        for key in _ORDER
        if constraints.get(key) is not None
    )


def whole(constraints: Mapping[str, Any], key: str) -> int | None:
    """Return a whole-number constraint, None when it is absent, zero or no number."""
    value = constraints.get(key)
    return int(value) if isinstance(value, int | float) and value >= 1 else None


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ','.join(str(item) for item in cast('Sequence[object]', value))
    return str(value).lower() if isinstance(value, bool) else str(value)
