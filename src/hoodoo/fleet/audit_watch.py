"""Waits until something is written into a folder: inotify, which Python's library does not have."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

__all__ = ['Watch', 'watched']

_WRITTEN = 0x002 | 0x100
"""``IN_MODIFY``, ``IN_CREATE``, inotify(7)."""
_libc = ctypes.CDLL(None, use_errno=True)


class Watch:
    """Tells of what was written since it was made, or since it told last."""

    def __init__(self, number: int) -> None:
        self._number = number

    def wait(self) -> None:
        """Return when something was written."""
        os.read(self._number, 2**16)


@contextmanager
def watched(folder: Path) -> Generator[Watch]:
    """Watch *folder*, which is there, and the files in it."""
    number = _checked(_libc.inotify_init1(os.O_CLOEXEC))
    try:
        _checked(_libc.inotify_add_watch(number, os.fsencode(folder), ctypes.c_uint32(_WRITTEN)))
        yield Watch(number)
    finally:
        os.close(number)


def _checked(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer
