"""Hearing from the kernel that something has happened to files, which Python's library does not have."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import stat
from pathlib import Path

_MODIFY, _ATTRIB, _MOVED_TO, _CREATE = 0x2, 0x4, 0x80, 0x100
_IN_FOLDER = _CREATE | _MOVED_TO | _ATTRIB
"""A socket shows by its creation, but listens only just after; then its mode is set."""
_EVENTS_BYTES = 2**16

_libc = ctypes.CDLL(None, use_errno=True)


class Watch:
    """Hears of files that come into some folders, not what is below these, and of writing to some files."""

    def __init__(self, *paths: Path) -> None:
        """Watch *paths* from now on, within a running loop.

        Raises:
            OSError: one is not there or a link, or too many are watched.
        """
        self._changed = asyncio.Event()
        self._fd = _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        try:
            for path in paths:
                self._add(path)
        except BaseException:
            os.close(self._fd)
            raise
        asyncio.get_running_loop().add_reader(self._fd, self._read)

    async def wait(self) -> None:
        """Wait until something has happened since the last call."""
        await self._changed.wait()
        self._changed.clear()

    def close(self) -> None:
        """Watch no more."""
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    def _add(self, path: Path) -> None:
        opened = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            mode = os.fstat(opened).st_mode
            if stat.S_ISLNK(mode):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
            mask = _IN_FOLDER if stat.S_ISDIR(mode) else _MODIFY
            _checked(_libc.inotify_add_watch(self._fd, f'/proc/self/fd/{opened}'.encode(), mask))
        finally:
            os.close(opened)

    def _read(self) -> None:
        os.read(self._fd, _EVENTS_BYTES)
        self._changed.set()


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
