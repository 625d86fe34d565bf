"""Waiting on purpose, which a manifest asks for."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


def wait(seconds: float, told: Callable[[str], None], *, words: str) -> None:
    """Let *seconds* pass, and say every second how many are left, in *words* with a ``{}`` for the number."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        told(words.format(math.ceil(left)))
        time.sleep(min(1.0, left))
