"""Read an archive's Release file: a pure function from the *signed* text to what it promises."""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timezone

from keeper import errors


@dataclass(frozen=True, slots=True)
class Entry:
    """One listed file."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What a Release file says; times are seconds since 1970."""

    suite: str
    codename: str
    date: int
    valid_until: int | None
    by_hash: bool
    components: tuple[str, ...]
    architectures: tuple[str, ...]
    packages_hold_all: bool
    """The archive puts packages for all architectures into each architecture's Packages."""
    files: Mapping[str, Entry]


def parse(text: bytes) -> Release:
    """Parse *text*.

    Raises:
        Refused: it has no usable Date, lists no SHA-256 sums, or names a file outside the suite.
    """
    fields: dict[str, str] = {}
    files: dict[str, Entry] = {}
    current = ''
    for line in text.decode('utf-8', 'replace').splitlines():
        if line[:1] in (' ', '\t'):
            if current == 'sha256':
                path, entry = _entry(line)
                files[path] = entry
        elif ':' in line:
            name, _, value = line.partition(':')
            current = name.lower()
            fields[current] = value.strip()
    date = _seconds(fields.get('date', ''))
    if date is None:
        raise errors.Refused('cannot use Release: it has no valid Date', cause='release')
    if not files:
        raise errors.Refused('cannot use Release: it lists no SHA256 sums', cause='release')
    return Release(
        suite=fields.get('suite', ''),
        codename=fields.get('codename', ''),
        date=date,
        valid_until=_seconds(fields.get('valid-until', '')),
        by_hash=fields.get('acquire-by-hash', '').lower() == 'yes',
        # A security archive may list "updates/main" while its folders are called "main".
        components=tuple(name.rpartition('/')[2] for name in fields.get('components', '').split()),
        architectures=tuple(fields.get('architectures', '').split()),
        packages_hold_all='packages' in fields.get('no-support-for-architecture-all', '').lower().split(),
        files=files,
    )


def _entry(line: str) -> tuple[str, Entry]:
    parts = line.split()
    if len(parts) != 3 or len(parts[0]) != 64 or not parts[1].isdigit():
        raise errors.Refused(f'cannot use Release: bad line "{line.strip()}"', cause='release')
    sha256, size, path = parts
    if path.startswith('/') or '..' in path.split('/'):
        raise errors.Refused(f'cannot use Release: "{path}" leads out of the suite', cause='release')
    return path, Entry(int(size), sha256.lower())


def _seconds(text: str) -> int | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return int(moment.timestamp())
