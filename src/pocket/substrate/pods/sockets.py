"""Hearing when a program begins to answer at a socket: the kernel tells of changes to files, nothing is asked
again and again."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import os
import socket
from collections.abc import Iterable
from pathlib import Path

_CREATED_OR_CHANGED = 0x00000100 | 0x00000080 | 0x00000002
"""``IN_CREATE``, ``IN_MOVED_TO``, ``IN_MODIFY``, inotify(7)."""
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC

_libc = ctypes.CDLL(None, use_errno=True)


async def wait_answering(path: Path, *, told_by: Iterable[Path]) -> None:
    """Wait until a program answers at the socket *path*.

    Args:
        told_by: Folders and files of which at least one changes after it does, for example the program's log.
    """
    loop = asyncio.get_running_loop()
    fd = _check(_libc.inotify_init1(_FLAGS))
    try:
        for one in told_by:
            _check(_libc.inotify_add_watch(fd, os.fsencode(one), ctypes.c_uint32(_CREATED_OR_CHANGED)))
        while not answers(path):
            changed = loop.create_future()
            loop.add_reader(fd, lambda done=changed: done.done() or done.set_result(None))
            try:
                await changed
            finally:
                loop.remove_reader(fd)
            with contextlib.suppress(BlockingIOError):
                os.read(fd, 2**16)
    finally:
        os.close(fd)


def answers(path: Path) -> bool:
    """Whether a program listens at *path*; a link there is not followed."""
    try:
        fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as client:
            client.setblocking(False)
            # By its descriptor: what is connected to is what was opened, and its name is short enough.
            return client.connect_ex(f'/proc/self/fd/{fd}') in (0, errno.EAGAIN)
    finally:
        os.close(fd)


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
