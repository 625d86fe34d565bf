"""The log of one command, for who asks for it: what was asked of the controller.

It is our own because most commands write none, and importing `logging` takes a tenth of a command's time.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, TextIO

from pocket.client import faults

if TYPE_CHECKING:
    from pocket.client.flags import Given

_LEVELS = {'TRACE': 10, 'DEBUG': 10, 'INFO': 20, 'WARNING': 30, 'ERROR': 40, 'CRITICAL': 50}
_ROOT = re.compile(r'<root>\s*=\s*([A-Za-z]+)')


class ClientLog:
    """Lines on their way to standard error, or to nowhere."""

    def __init__(self) -> None:
        self._out: TextIO | None = None

    def begin(self, stderr: TextIO, given: Given) -> None:
        """Write to *stderr* from now on if the command line asks for it.

        Raises:
            WrongUsage: ``--logging-config`` names no level.
        """
        spec = given.text('logging-config')
        named = _ROOT.search(spec)
        level = (named[1].upper() if named else '') if spec else ('DEBUG' if given.on('debug') else 'INFO')
        if level not in _LEVELS:
            raise faults.WrongUsage(
                f'invalid value "{spec}" for option --logging-config: expected <root>=LEVEL'
            )
        wanted = given.on('debug') or given.on('show-log')
        self._out = stderr if wanted and _LEVELS[level] <= _LEVELS['DEBUG'] else None

    def debug(self, module: str, text: str) -> None:
        """Write a line of level DEBUG for *module*."""
        if self._out is not None:
            self._out.write(f'{time.strftime("%H:%M:%S")} DEBUG {module} {text}\n')


LOG = ClientLog()
"""The one of this process, which runs one command."""
