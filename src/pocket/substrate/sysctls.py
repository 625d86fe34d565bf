"""Settings of the host kernel that machines need: raised for the first home, put back after the last one."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Generator
from pathlib import Path

_PROC = Path('/proc/sys')
_KEPT = Path('/run')

WANTED = {
    'net/ipv4/ip_forward': 1,
    # systemd, journald, dbus, logind and cron of one machine hold seven; the usual limit of 128 for all
    # programs of root is reached with sixteen machines, and the next one then never gets ready.
    'fs/inotify/max_user_instances': 8192,
}
"""The least value of each."""


def ensure(*, proc: Path = _PROC, kept: Path = _KEPT) -> None:
    """Raise what is lower than `WANTED`; may be called again."""
    with _alone(kept):
        for name, least in WANTED.items():
            current = (proc / name).read_text().strip()
            if int(current) >= least:
                continue
            # Kept before the change, for whoever cleans up after a crash. /run lasts as long as the value.
            before = _record(kept, name)
            if not before.exists():
                before.write_text(current)
            (proc / name).write_text(str(least))


def restore(*, unless: Callable[[], bool] = lambda: False, proc: Path = _PROC, kept: Path = _KEPT) -> None:
    """Put back what `ensure` changed.

    Args:
        unless: Whether another home still needs it; nobody calls `ensure` between the answer and the change.
    """
    with _alone(kept):
        if unless():
            return
        for name in WANTED:
            before = _record(kept, name)
            if before.exists():
                (proc / name).write_text(before.read_text())
                before.unlink()


def _record(kept: Path, name: str) -> Path:
    return kept / f'pocket.{name.rpartition("/")[2]}'


@contextlib.contextmanager
def _alone(kept: Path) -> Generator[None]:
    """Hold a lock that leaves no file behind: one on the folder itself."""
    fd = os.open(kept, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
