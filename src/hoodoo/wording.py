"""Text for people: counts, guesses at misspelt words, printed lines as a terminal leaves them."""

from __future__ import annotations

import re
from collections.abc import Iterable

NEAR = 60
"""For words of a small vocabulary."""
ALIKE = 85
"""For names that anybody may choose, many of which are alike: only a slip of the hand."""
# Colours, cursor movements and the like; then every other control character that is left on a line.
_ESCAPE = re.compile(r'\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]')
_CONTROL = re.compile(r'[\x00-\x08\x0a-\x1f\x7f]')


def counted(number: int, noun: str) -> str:
    """``1 change``, ``2 changes``."""
    return f'{number} {noun}{"" if number == 1 else "s"}'


def nearest(word: str, known: Iterable[str], *, near: int = NEAR) -> str:
    """The known word that *word* probably means; empty when none is near.

    Args:
        near: How near it must be, from 0 to 100.
    """
    from rapidfuzz import fuzz, process  # only a mistake pays for its import

    found = process.extractOne(word, list(known), scorer=fuzz.ratio, score_cutoff=near)
    return found[0] if found else ''


def guess(word: str, known: Iterable[str], *, near: int = NEAR) -> str:
    """``Did you mean "x"?`` when some known word is near, else an empty text; see `nearest`."""
    found = nearest(word, known, near=near)
    return f'Did you mean "{found}"?' if found else ''


def on_a_line(text: str) -> str:
    """*text* on one line, without what would act on a terminal: somebody else has written it."""
    return ' '.join(''.join(char if char.isprintable() else ' ' for char in text).split())


def as_left(text: str) -> str:
    """What a terminal would show of *text* once it was printed.

    A carriage return goes back to the start, so what comes after it covers what was there; programs draw
    progress that way. Escapes are dropped: they would act on the terminal of whoever reads the line later.
    """
    shown = ''
    for piece in _ESCAPE.sub('', text).split('\r'):
        shown = piece + shown[len(piece) :]
    return _CONTROL.sub('', shown).rstrip()
