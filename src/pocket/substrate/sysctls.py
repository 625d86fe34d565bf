"""Settings of the host kernel that machines need: raised for the first home, put back after the last one."""

from __future__ import annotations

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
    for name, least in WANTED.items():
        current = (proc / name).read_text().strip()
        if int(current) >= least:
            continue
        # Kept before the change: whoever cleans up after a crash must know. /run lasts as long as the value.
        before = _record(kept, name)
        if not before.exists():
            before.write_text(current)
        (proc / name).write_text(str(least))


def restore(*, proc: Path = _PROC, kept: Path = _KEPT) -> None:
    """Put back what `ensure` changed."""
    for name in WANTED:
        before = _record(kept, name)
        if before.exists():
            (proc / name).write_text(before.read_text())
            before.unlink()


def _record(kept: Path, name: str) -> Path:
    return kept / f'pocket.{name.rpartition("/")[2]}'
