"""Where an application's charm is from, as clients name it and applications keep it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STORE = 'charm-hub'


def channel(origin: Mapping[str, Any]) -> str:
    """Return the channel that an application follows; empty for one of a local charm."""
    if origin.get('source') != STORE:
        return ''
    parts = (origin.get('track') or 'latest', origin.get('risk') or 'stable', origin.get('branch'))
    return '/'.join(str(part) for part in parts if part)
