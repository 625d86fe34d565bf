"""Attempts that were made by hand, and their reports, go when they are old or too many.

First what is known of an attempt goes, then its folder, which the next look finds if we are killed between
the two. Those of a watcher are its own to remove; a folder that somebody named for reports is never touched.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bedrock import errors, trees
from hoodoo.ci import attempts, naming, places

_ALL = 'all'
_COUNT = re.compile('[1-9][0-9]{0,8}')
_AGE = re.compile('([0-9]{1,6})([hd])')
_HOURS = {'h': 1, 'd': 24}
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How much is kept; None is no bound."""

    count: int | None = 100
    """So many attempts that ended, the newest ones."""
    age_ms: int | None = 90 * 24 * _HOUR_MS
    """Those that ended since."""


def parse(text: str) -> Keep:
    """Read ``COUNT``, ``AGE`` as ``90d`` or ``12h``, both with a comma, or ``all``; the rest is as usual.

    Raises:
        UsageFault: it is none of these.
    """
    if text.strip() == _ALL:
        return Keep(count=None, age_ms=None)
    keep = Keep()
    for part in text.split(',') if text.strip() else ():
        word = part.strip()
        if _COUNT.fullmatch(word):
            keep = dataclasses.replace(keep, count=int(word))
        elif found := _AGE.fullmatch(word):
            keep = dataclasses.replace(keep, age_ms=int(found[1]) * _HOURS[found[2]] * _HOUR_MS)
        else:
            raise errors.UsageFault(
                f'cannot keep "{text}" of the attempts: it is neither a number of them, an age nor "all"',
                hint='Write 100, 90d, 12h, "100,90d" or "all".',
            )
    return keep


class Ended(Protocol):
    """An attempt, as far as it matters here."""

    @property
    def token(self) -> str: ...
    @property
    def ended_ms(self) -> int | None: ...
    @property
    def in_use(self) -> bool:
        """Whether it runs, or may have left a model."""
        ...


def outdated(newest_first: Iterable[Ended], keep: Keep, *, now_ms: int) -> list[str]:
    """The tokens of attempts of which nothing need be kept."""
    found: list[str] = []
    count = 0
    for one in newest_first:
        if one.in_use or one.ended_ms is None:
            continue
        count += 1
        too_many = keep.count is not None and count > keep.count
        too_old = keep.age_ms is not None and one.ended_ms < now_ms - keep.age_ms
        if too_many or too_old:
            found.append(one.token)
    return found


def sweep(opened: attempts.Attempts, state: Path, keep: Keep, *, now_ms: int) -> int:
    """Remove what need not be kept; returns how many attempts that were.

    Args:
        state: `Settings.state`.

    Raises:
        OSError: a folder cannot be removed.
    """
    # In this order: an attempt that begins meanwhile is not seen, or it is known.
    folders = _folders(state)
    gone = opened.remove(outdated(opened.by_hand(places.watched(state)), keep, now_ms=now_ms))
    known = opened.tokens()
    for folder in folders:
        if folder.name not in known:
            trees.remove(folder)
    return gone


def _folders(state: Path) -> list[Path]:
    """The folders of reports that nobody named."""
    parent = places.reports(state)
    return [path for path in parent.iterdir() if naming.is_token(path.name)] if parent.is_dir() else []
