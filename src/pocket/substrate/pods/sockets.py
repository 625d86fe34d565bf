"""Hearing when a program begins to answer at a socket; nothing is asked again and again."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable
from pathlib import Path

from bedrock import inotify


async def wait_answering(path: Path, *, told_by: Iterable[Path]) -> None:
    """Wait until a program answers at the socket *path*.

    Args:
        told_by: Folders and files of which at least one changes after it does, for example the program's log.
    """
    watch = inotify.Watch(*told_by)
    try:
        while not answers(path):
            await watch.wait()
    finally:
        watch.close()


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
