"""Starts a refresh in the background where the last one was long ago. Costs a look at one file otherwise.

Whoever calls is about to end, and waits for nothing: what is started has no terminal, and ends by itself.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from hoodoo import settings as settings_module

__all__ = ['LOCK', 'nudge']

LOCK = 'refresh.lock'
"""In the state's folder; its time of change is when the last refresh began."""
_LOG = 'refresh.log'
_LONGEST_LOG = 262_144


def nudge(settings: settings_module.Settings) -> bool:
    """Start a refresh unless there was one within HOODOO_REFRESH; whether one was started."""
    after_s = settings_module.refresh_after_s(settings.environ)
    if not after_s or settings.offline or not settings.inventory.is_dir():
        return False
    if 'HOODOO_ENVIRONMENT' in settings.environ:
        return False  # a connected shell knows one controller, and its files go with it
    lock = settings.state / LOCK
    try:
        if 0 <= time.time() - lock.stat().st_mtime < after_s:
            return False
    except FileNotFoundError:
        pass
    try:
        _touch(lock)
        _start(settings)
    except OSError:
        return False  # a full disk is no reason for a command to fail that is done
    return True


def _touch(lock: Path) -> None:
    """So that no other command starts another."""
    from bedrock import files

    files.make_private_folder(lock.parent)
    number = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.utime(number)
    finally:
        os.close(number)


def _start(settings: settings_module.Settings) -> None:
    from bedrock import process

    log = settings.state / _LOG
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    if log.exists() and log.stat().st_size > _LONGEST_LOG:
        flags |= os.O_TRUNC
    output = os.open(log, flags, 0o600)
    try:
        process.spawn(
            [
                *(sys.executable, '-m', 'hoodoo', '--mojo-root', settings.root),
                *('env', '--inventory', settings.inventory, 'refresh', '--background'),
            ],
            env=settings.environ,
            output=output,
        )
    finally:
        os.close(output)
