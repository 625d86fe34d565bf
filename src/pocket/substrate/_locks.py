"""Locks between programs that fill the cache: each is a file, and the kernel frees it when a holder dies."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from bedrock import process


@contextlib.asynccontextmanager
async def locked(path: Path, note: Callable[[str], None], *, waiting: str) -> AsyncGenerator[int]:
    """Hold the lock file *path*; yields its descriptor.

    Args:
        waiting: What *note* is told when somebody else holds it.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note(waiting)
            # flock(1) locks the open file that it shares with us, and unlike flock(2) can be given up.
            child = await process.start(['flock', str(fd)], pass_fds=(fd,))
            try:
                await child.wait()
            except BaseException:
                await asyncio.shield(process.stop(child))
                raise
        yield fd
    finally:
        os.close(fd)
