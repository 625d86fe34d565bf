"""What may name a container image."""

from __future__ import annotations

import re

_HERE = re.compile(r'oci(?:-archive)?:/[^\0\n]+')
_ELSEWHERE = re.compile(
    r'[a-zA-Z0-9][a-zA-Z0-9.-]*(?::[0-9]+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*'
    r'(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?'
)


def is_image(text: str) -> bool:
    """Whether *text* is a folder or archive of this host, or what container registries call an image."""
    if text.startswith(('oci:', 'oci-archive:')):
        return _HERE.fullmatch(text) is not None
    return _ELSEWHERE.fullmatch(text) is not None
