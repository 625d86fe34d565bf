"""What somebody types who looks for an environment, taken apart: it needs no inventory."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hoodoo.inventory import words

_BETWEEN = re.compile(r'[\s/,:;=()\[\]"\'|]+')
_UNSAID = re.compile(r'\bhttps?://|[\'\u2019]s\b')
"""What belongs to no word: the beginning of an address that was pasted, the end of "the mirror's"."""
_MINOR = frozenset(
    {'a', 'an', 'and', 'at', 'by', 'for', 'from', 'in', 'is', 'of', 'on', 'our', 'the', 'to', 'with'}
    | {'cloud', 'controller', 'env', 'environment', 'model', 'region', 'service', 'stage'}
    | {'connect', 'find', 'juju', 'please', 'show', 'ssh', 'switch', 'where', 'which'}
)
"""Words of a sentence: they need no explanation."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text; it may have several parts, as ``us-west-1``."""

    spelt: str
    whole: str
    """Its letters and digits alone."""
    parts: tuple[str, ...]
    """None if it has but one."""
    before: str = ''
    """The small words that stand right before it."""


@dataclass(frozen=True, slots=True)
class Query:
    """A text, understood as far as it can be without an inventory."""

    words: tuple[Word, ...]
    minor: tuple[str, ...]
    """Words that need no explanation; there are none if the text has only such."""


def parse(text: str) -> Query:
    """Take *text* apart."""
    found: list[Word] = []
    before = ''
    for piece in _BETWEEN.split(_UNSAID.sub(' ', words.fold(text))):
        parts = words.split(piece)
        if parts:
            whole = ''.join(parts)
            parts = parts if len(parts) > 1 else ()
            found.append(Word(spelt=piece, whole=whole, parts=parts, before=before))
            before = before + whole if whole in _MINOR else ''
    named = tuple(word for word in found if word.whole not in _MINOR)
    if not named:
        return Query(words=tuple(found), minor=())
    return Query(words=named, minor=tuple(word.whole for word in found if word.whole in _MINOR))
