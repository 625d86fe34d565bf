"""One regular expression for many texts, which looks at each place of a line once however many there are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hoodoo.secrets import forms

_LOGIN = r'(?<=://)[^/\s:@]*:[^/\s@]+(?=@)'
"""User and password in a URL, known or not."""
_DEEPEST = 40
"""Alternatives inside alternatives that the compiler bears easily."""


def compiled(texts: Iterable[str]) -> re.Pattern[str]:
    """Return what matches any of *texts*, the longest first, and the login in any URL."""
    words = sorted(set(texts) - {''})
    bounded = [word for word in words if forms.whole_words_only(word)]
    free = [word for word in words if not forms.whole_words_only(word)]
    pieces = [_LOGIN]
    if free:
        pieces.append(_tree(free))
    if bounded:
        pieces.append(rf'(?<![^\W_]){_tree(bounded)}(?![^\W_])')
    return re.compile('|'.join(pieces))


def _tree(words: list[str], depth: int = 0) -> str:
    """*words*, sorted, by what they begin with: each place of a line is compared with few of them."""
    if depth > _DEEPEST:
        return f'(?:{"|".join(re.escape(word) for word in reversed(words))})'
    branches = [_branch(group, depth) for group in _groups(words)]
    return branches[0] if len(branches) == 1 else f'(?:{"|".join(branches)})'


def _branch(group: list[str], depth: int) -> str:
    """Words that begin with the same character."""
    # The first and the last of sorted words differ soonest.
    pairs = enumerate(zip(group[0], group[-1], strict=False))
    head = group[0][: next((at for at, (one, other) in pairs if one != other), len(group[0]))]
    tails = [word[len(head) :] for word in group]
    rest = [tail for tail in tails if tail]
    if not rest:
        return re.escape(head)
    below = _tree(rest, depth + 1)
    return f'{re.escape(head)}(?:{below})?' if len(rest) < len(tails) else f'{re.escape(head)}{below}'


def _groups(words: list[str]) -> Iterator[list[str]]:
    group: list[str] = []
    for word in words:
        if group and group[-1][0] != word[0]:
            yield group
            group = []
        group.append(word)
    if group:
        yield group
