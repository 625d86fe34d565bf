"""Secrets stay out of what ``--debug`` logs: the words of programs that are started, say."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Generator


@contextlib.contextmanager
def hidden(mask: Callable[[str], str]) -> Generator[None]:
    """Pass every message that is logged meanwhile, whoever logs it, through *mask*."""

    def hide(record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(record.getMessage()), None
        return True

    handlers = tuple(logging.getLogger().handlers)
    for handler in handlers:
        handler.addFilter(hide)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(hide)
