"""The log of one command, for who asks for it: what was asked of the controller, and how long it took."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, TextIO

from pocket.client import faults

if TYPE_CHECKING:
    from pocket.client.flags import Given

_LEVELS = {'TRACE': 10, 'DEBUG': 10, 'INFO': 20, 'WARNING': 30, 'ERROR': 40, 'CRITICAL': 50}
_ROOT = re.compile(r'<root>\s*=\s*([A-Za-z]+)')


def begin(stderr: TextIO, given: Given) -> None:
    """Log to *stderr* when the command line asks for it.

    Raises:
        WrongUsage: ``--logging-config`` names no level.
    """
    spec = given.text('logging-config')
    named = _ROOT.search(spec)
    level = (named[1].upper() if named else '') if spec else ('DEBUG' if given.on('debug') else 'INFO')
    if level not in _LEVELS:
        raise faults.WrongUsage(f'invalid value "{spec}" for option --logging-config: expected <root>=LEVEL')
    wanted = given.on('debug') or given.on('show-log')
    log = logging.getLogger('pocket.client')
    log.handlers, log.propagate = [], False
    if wanted:
        handler = logging.StreamHandler(stderr)
        handler.setFormatter(logging.Formatter('%(asctime)s %(levelname)s %(name)s %(message)s', '%H:%M:%S'))
        log.handlers = [handler]
        log.setLevel(_LEVELS[level])
