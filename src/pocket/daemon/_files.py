"""The daemon's own files in its home, and the locks that keep two of them apart."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bedrock import errors
from pocket.substrate import procs, records

MARK = '.pocket-home'
"""Says that the folder is pocket's, so that removing it removes nothing else."""

LOG = 'daemon.log'
_INFO = 'daemon.json'
_LOG_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """A daemon that runs."""

    pid: int
    start: int
    """With `pid`, who it is for ever."""
    port: int
    """Where its API listens; 0 while it is starting."""
    controller_uuid: str = ''


def claim(home: Path) -> None:
    """Make *home* pocket's.

    Raises:
        Fault: it is a folder with something else in it.
    """
    home.mkdir(parents=True, exist_ok=True)
    mark = home / MARK
    if not mark.exists():
        others = sorted({entry.name for entry in home.iterdir()} - {MARK})  # another process may be as far
        if others:
            raise errors.UsageFault(
                f'cannot use {home}: it is not empty ({", ".join(others[:3])})',
                hint='Set POCKET_HOME to a folder of its own.',
            )
        mark.write_text('Made by pocket; "pocket clean" removes this folder.\n')


def find(home: Path) -> Info | None:
    """The daemon of *home*; None when none runs."""
    try:
        raw = cast('dict[str, Any]', json.loads((home / _INFO).read_bytes()))
        info = Info(**raw)
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None
    return info if procs.alive(procs.ProcessId(pid=info.pid, start=info.start)) else None


def publish(home: Path, *, port: int, controller_uuid: str = '') -> Info:
    """Make this process known as the daemon of *home*."""
    own = procs.identify(os.getpid())
    assert own is not None
    info = Info(pid=own.pid, start=own.start, port=port, controller_uuid=controller_uuid)
    records.write_whole(home / _INFO, json.dumps(dataclasses.asdict(info)))
    return info


def retract(home: Path) -> None:
    """The daemon of *home* stops."""
    (home / _INFO).unlink(missing_ok=True)


@contextlib.contextmanager
def only_one(home: Path) -> Generator[None]:
    """Hold the daemon's lock.

    Raises:
        Fault: another process holds it.
    """
    with _opened(home / 'daemon.lock') as fd:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise errors.Fault(f'cannot start a daemon for {home}: another one runs') from err
        yield


@contextlib.contextmanager
def starting(home: Path) -> Generator[None]:
    """Hold back whoever calls `starting` too, until the daemon answers or has failed."""
    with _opened(home / 'starting.lock') as fd:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield


def open_log(home: Path) -> int:
    """A descriptor for the daemon's log, which is set aside once it has grown large."""
    path = home / LOG
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        os.replace(path, path.with_suffix('.log.1'))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextlib.contextmanager
def _opened(path: Path) -> Generator[int]:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield fd
    finally:
        os.close(fd)
