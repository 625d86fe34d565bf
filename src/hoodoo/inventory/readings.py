"""The words of an inventory, and which of them somebody may mean who says another."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Mapping
from enum import IntEnum

AT_MOST = 48
"""So many words of the inventory one word may be taken for."""
_DIGITS = re.compile(r'\d+')
_SHORTEST_INFIX = 4
_LONGEST_INFIX = 3
"""What a word is a part of has at most so many times its letters: "cloud" is none of googlecloudplatform."""


class Level(IntEnum):
    """How far a word may be from what it is taken for."""

    SAME = 0
    BEGINNING = 1
    NEAR = 2


class Vocabulary:
    """The words of an inventory, and which of them a word may be taken for."""

    def __init__(self, terms: Iterable[str]) -> None:
        self._known = frozenset(terms)
        self._sorted = sorted(self._known)
        self._taken: dict[tuple[str, Level], Mapping[str, float]] = {}

    def __contains__(self, term: object) -> bool:
        return term in self._known

    def readings(self, word: str, level: Level) -> Mapping[str, float]:
        """What *word* may be taken for, with how sure that is; itself is always among it."""
        key = (word, level)
        if key not in self._taken:
            self._taken[key] = self._read(word, level)
        return self._taken[key]

    def taken(self, word: str, level: Level) -> Mapping[str, float]:
        """The readings of *word* at *level*; where there is no such word, at the next level that has any."""
        for farther in Level:
            readings = self.readings(word, farther)
            if farther >= level and (len(readings) > 1 or word in self):
                return readings
        return {word: 1.0}

    def nearest(self, word: str) -> tuple[str, ...]:
        """Words that somebody might have meant, when `readings` has none."""
        from rapidfuzz import fuzz, process  # only a mistake pays for its import

        found = process.extract(word, self._sorted, scorer=fuzz.ratio, score_cutoff=60, limit=3)
        return tuple(term for term, _, _ in found)

    def _read(self, word: str, level: Level) -> dict[str, float]:
        found: dict[str, float] = {}
        if level >= Level.NEAR:
            found.update(self._slips(word))
            if len(word) >= _SHORTEST_INFIX:
                found.update((term, 0.55) for term in self._sorted if _is_part(word, term))
        if level >= Level.BEGINNING:
            found.update(self._begun(word))
        best = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:AT_MOST]
        return dict(best) | {word: 1.0}

    def _begun(self, word: str) -> Iterable[tuple[str, float]]:
        for term in self._sorted[bisect.bisect_left(self._sorted, word) :]:
            if not term.startswith(word):
                return
            rest = term[len(word) :]
            if rest and not (word[-1].isdecimal() and rest[0].isdecimal()):
                yield term, 0.7 + 0.2 * len(word) / len(term)

    def _slips(self, word: str) -> Iterable[tuple[str, float]]:
        from rapidfuzz import process  # texts without mistakes do without it
        from rapidfuzz.distance import OSA

        allowed = 0 if len(word) < 3 else 1 if len(word) < 8 else 2
        if not allowed or word.isdecimal():
            return
        digits = _DIGITS.findall(word)
        near = process.extract(
            word, self._sorted, scorer=OSA.distance, score_cutoff=allowed, limit=AT_MOST * 4
        )
        for term, distance, _ in near:
            if not distance or _DIGITS.findall(term) != digits or len(term) < 3:
                continue
            # Three letters may have changed places or lack a fourth: "asw" is aws, "est" is east.
            if len(word) == 3 and len(term) == 3 and sorted(word) != sorted(term):
                continue
            yield term, 0.68 - 0.1 * distance - (0.04 if term[0] != word[0] else 0)


def _is_part(word: str, term: str) -> bool:
    return (
        word in term
        and len(term) <= len(word) * _LONGEST_INFIX
        and not term.startswith(f'non{word}')  # the opposite: prod is not nonprod
    )
