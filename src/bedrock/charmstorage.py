"""What a charm's metadata says of its storage, read from the ``storage`` section."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOUNTS = '/var/lib/juju/storage'
"""Where storage is mounted whose location the charm does not choose."""

_RANGE = re.compile(r'(\d+)(?:(\+)|-(\d+)?)?')
_SIZE = re.compile(r'(\d+(?:\.\d+)?)([MGTPEZY]?)(?:i?B)?')
_FACTORS = {unit: 1024**power for power, unit in enumerate('MGTPEZY')}


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSpec:
    """One storage that a charm declares."""

    name: str
    kind: str
    """``filesystem`` or ``block``."""
    description: str = ''
    shared: bool = False
    read_only: bool = False
    location: str = ''
    count_min: int = 1
    count_max: int = 1
    """-1: as many as anybody asks for."""
    minimum_mib: int = 0
    properties: tuple[str, ...] = ()

    @property
    def singleton(self) -> bool:
        """Whether a unit has at most one of it."""
        return self.count_max == 1

    def mount_point(self, storage_id: str) -> str:
        """Where the instance *storage_id* (``data/0``) is mounted."""
        if self.singleton and self.location:
            return self.location
        return f'{self.location.rstrip("/") or MOUNTS}/{storage_id}'


def parse(name: str, raw: Mapping[str, Any]) -> StorageSpec:
    """Read one entry of the section.

    Raises:
        ValueError: it makes no sense; the text says why.
    """
    kind = raw.get('type')
    if kind not in ('filesystem', 'block'):
        raise ValueError(f'storage "{name}" has unknown type "{kind}"')
    location = str(raw.get('location') or '')
    if location and (not location.startswith('/') or '..' in location.split('/')):
        raise ValueError(f'storage "{name}" has invalid location "{location}": not an absolute path')
    if f'{location.rstrip("/")}/'.startswith(f'{MOUNTS}/'):
        raise ValueError(
            f'storage "{name}" has invalid location "{location}": must not fall within "{MOUNTS}"'
        )
    least, most = _count(name, raw.get('multiple'))
    properties: object = raw.get('properties') or ()
    return StorageSpec(
        name=name,
        kind=str(kind),
        description=str(raw.get('description') or ''),
        shared=bool(raw.get('shared')),
        read_only=bool(raw.get('read-only')),
        location=location,
        count_min=least,
        count_max=most,
        minimum_mib=_size(name, raw.get('minimum-size')),
        properties=tuple(str(word) for word in properties) if isinstance(properties, list | tuple) else (),  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    )


def parse_all(section: Mapping[str, Mapping[str, Any]]) -> dict[str, StorageSpec]:
    """Read the whole section.

    Raises:
        ValueError: an entry makes no sense.
    """
    return {name: parse(name, raw) for name, raw in section.items()}


def size_mib(text: str) -> int:
    """``1.5G`` -> 1536; a number alone is MiB.

    Raises:
        ValueError: it is no size.
    """
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f'"{text}" is not a size')
    return -int(-float(found[1]) * _FACTORS[found[2] or 'M'] // 1)


def _count(name: str, multiple: object) -> tuple[int, int]:
    if multiple is None:
        return 1, 1
    text = str(multiple.get('range', '') if isinstance(multiple, dict) else multiple)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    found = _RANGE.fullmatch(text)
    if found is None:
        raise ValueError(f'storage "{name}" has invalid range "{text}"')
    least = int(found[1])
    if text.isdecimal():
        return least, least
    most = int(found[3]) if found[3] else -1
    if 0 <= most < least:
        raise ValueError(f'storage "{name}" has invalid range "{text}"')
    return least, most


def _size(name: str, value: object) -> int:
    try:
        return size_mib(str(value)) if value else 0
    except ValueError:
        raise ValueError(f'storage "{name}" has invalid minimum-size "{value}"') from None
