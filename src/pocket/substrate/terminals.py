"""Terminals of containers: made in a container's own devpts, so that programs there know them by name."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import struct
import termios
from collections.abc import Generator

from bedrock import errors

_PTMX = os.makedev(5, 2)
_PEER = 0x5441
"""``TIOCGPTPEER``: opens the other end without its name."""
_UNLOCK = 0x40045431
"""``TIOCSPTLCK``."""


@contextlib.contextmanager
def opened(leader_pid: int) -> Generator[tuple[int, int]]:
    """Yield both ends of a terminal of the container of *leader_pid*: ours, and its programs'.

    Raises:
        Fault: the container has no terminals.
    """
    try:
        master = _master(leader_pid)
    except OSError as err:
        raise errors.Fault('cannot make a terminal: the container has none to give') from err
    try:
        fcntl.ioctl(master, _UNLOCK, struct.pack('i', 0))
        slave = fcntl.ioctl(master, _PEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            yield master, slave
        finally:
            os.close(slave)
    finally:
        os.close(master)


def resize(master: int, *, width: int, height: int) -> None:
    """Tell the programs of a terminal how large it is."""
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('HHHH', height, width, 0, 0))


def _master(leader_pid: int) -> int:
    # What is there is the container's to choose: only the multiplexer itself is opened for use.
    path = f'/proc/{leader_pid}/root/dev/pts/ptmx'
    found = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(found)
        if not stat.S_ISCHR(status.st_mode) or status.st_rdev != _PTMX:
            raise OSError('not the multiplexer of terminals')
        return os.open(f'/proc/self/fd/{found}', os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC | os.O_NONBLOCK)
    finally:
        os.close(found)
