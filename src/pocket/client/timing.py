"""Times as Juju's client shows them. The API gives RFC 3339 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo


def parsed(text: str) -> datetime:
    """An API time; it may have nanoseconds, which are cut to microseconds."""
    # Python 3.11 reads any number of fractional digits and the Z.
    return datetime.fromisoformat(text)


def since(text: str, *, utc: bool, zone: tzinfo | None = None) -> str:
    """A status's time: ``22 Nov 2026 09:20:00Z``, or ``2026-11-22 09:20:00Z`` with *utc*.

    Args:
        zone: The zone to show it in; None is the machine's own.
    """
    if utc:
        return parsed(text).astimezone(UTC).strftime('%Y-%m-%d %H:%M:%SZ')
    local = parsed(text).astimezone(zone)
    return local.strftime('%d %b %Y %H:%M:%S') + offset(local)


def clock(text: str, *, utc: bool, zone: tzinfo | None = None) -> str:
    """The time of day: ``09:20:00Z``, or ``09:20:00`` with *utc*."""
    if utc:
        return parsed(text).astimezone(UTC).strftime('%H:%M:%S')
    local = parsed(text).astimezone(zone)
    return local.strftime('%H:%M:%S') + offset(local)


def offset(when: datetime) -> str:
    """The zone of *when*: ``Z`` or ``+02:00``."""
    name = when.strftime('%z')
    return 'Z' if name in ('', '+0000') else f'{name[:3]}:{name[3:5]}'


def friendly(text: str | None, *, now: datetime, never: str = 'never connected') -> str:
    """How long ago: ``just now``, ``5 minutes ago``, ``yesterday``, or the date."""
    if not text:
        return never
    when = parsed(text)
    seconds = (now - when).total_seconds()
    if seconds < 60:
        return 'just now'
    for limit, size, word in ((3600, 60, 'minute'), (86400, 3600, 'hour')):
        if seconds < limit:
            count = int(seconds // size)
            return f'{count} {word}{"" if count == 1 else "s"} ago'
    return 'yesterday' if seconds < 2 * 86400 else when.strftime('%Y-%m-%d')


def task_time(text: str) -> str:
    """A task's time: ``2026-11-22 09:20:00 +0000 UTC``."""
    return parsed(text).astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S +0000 UTC')
