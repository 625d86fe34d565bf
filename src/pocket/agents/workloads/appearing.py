"""Tells when something happens to the files of a folder: inotify, which Python's library does not have."""

from __future__ import annotations

import asyncio
import ctypes
import os
from pathlib import Path

_CREATE, _MOVED_TO, _ATTRIB = 0x100, 0x80, 0x4
_EVENTS_BYTES = 2**16

_libc = ctypes.CDLL(None, use_errno=True)


class Appearing:
    """Watches one folder, not what is below it.

    The folder is opened without following a link in its place.
    """

    def __init__(self, folder: Path) -> None:
        """Watch *folder* from now on, within a running loop.

        Raises:
            OSError: there is no such folder, or too many are watched.
        """
        self._changed = asyncio.Event()
        self._fd = _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        try:
            opened = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                # A socket shows by its creation, but listens only just after; then its mode is set.
                mask = _CREATE | _MOVED_TO | _ATTRIB
                _checked(_libc.inotify_add_watch(self._fd, f'/proc/self/fd/{opened}'.encode(), mask))
            finally:
                os.close(opened)
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

    def _read(self) -> None:
        os.read(self._fd, _EVENTS_BYTES)
        self._changed.set()


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
