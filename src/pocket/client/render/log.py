"""One record of a model's log -> one line of ``juju debug-log``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from pocket.client import timing

_COLORS = {'DEBUG': '32', 'INFO': '34', 'WARNING': '33', 'ERROR': '31', 'CRITICAL': '31'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What a line shows."""

    utc: bool = False
    date: bool = False
    milliseconds: bool = False
    location: bool = False
    color: bool = False
    zone: tzinfo | None = None
    """None is the machine's own."""


def line(record: dict[str, Any], style: Style) -> str:
    """``unit-app-0: 09:20:00 INFO juju.worker message``."""
    when = timing.parsed(record['ts']).astimezone(UTC if style.utc else style.zone)
    stamp = when.strftime('%Y-%m-%d %H:%M:%S' if style.date else '%H:%M:%S')
    if style.milliseconds:
        stamp += f'.{when.microsecond // 1000:03d}'
    level = record['sev']
    if style.color:
        level = f'\033[{_COLORS.get(level, "0")}m{level}\033[0m'
    words = [f'{record["tag"]}:', stamp, level, record['mod']]
    if style.location and record.get('loc'):
        words.append(record['loc'])
    if record.get('lab'):
        words.append(','.join(record['lab']))
    return ' '.join([*words, record['msg']])
