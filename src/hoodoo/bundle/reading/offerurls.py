"""URLs of offers: ``[CONTROLLER:][OWNER/]MODEL.OFFER``."""

from __future__ import annotations

import re

_URL = re.compile(
    r'(?:(?P<controller>[^:/]+):)?(?:(?P<owner>[^/:]+)/)?(?P<model>[^./:]+)\.(?P<offer>[^.:/]+)'
)
_PARTS = ('controller', 'owner', 'model', 'offer')


def is_url(text: str) -> bool:
    """Whether *text* has that form."""
    return _URL.fullmatch(text) is not None


def same(one: str, other: str) -> bool:
    """Whether both may lead to the same offer: what only one of them names is no difference."""
    left, right = _URL.fullmatch(one), _URL.fullmatch(other)
    if left is None or right is None:
        return one == other
    pairs = [(left[part], right[part]) for part in _PARTS]
    return all(a == b or a is None or b is None for a, b in pairs)
