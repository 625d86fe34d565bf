"""Who we are, as far as the system knows."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Mapping
from pathlib import Path

__all__ = ['who']

_NOBODY = 2**32 - 1


def who(environ: Mapping[str, str]) -> dict[str, str]:
    """``login``, who came in; ``user``, who we are now; ``sudo``, ``host``, ``from`` (by ssh) and ``tty``."""
    return {
        'login': _login(),
        'user': _name(os.getuid()),
        'sudo': environ.get('SUDO_USER', ''),
        'host': socket.gethostname(),
        'from': environ.get('SSH_CONNECTION', '').partition(' ')[0],
        'tty': _tty(),
    }


def _login() -> str:
    """Whom the kernel saw come in, which no later ``su`` or ``sudo`` changes; empty where it did not look."""
    try:
        number = int(Path('/proc/self/loginuid').read_text())
    except (OSError, ValueError):
        return ''
    return '' if number == _NOBODY else _name(number)


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _tty() -> str:
    try:
        return os.ttyname(0)
    except OSError:
        return ''
