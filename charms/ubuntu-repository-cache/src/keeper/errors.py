"""The keeper's errors.

KeeperError
├── Refused      an archive's answer was not accepted; ``cause`` is a short word for the counters
└── Unavailable  no sync host could give a file now; ``status`` is the HTTP answer for whoever asked
"""

from __future__ import annotations


class KeeperError(Exception):
    """Base of every error that is raised on purpose."""


class Refused(KeeperError):
    """What an archive sent fails a check: signature, date, size or hash."""

    def __init__(self, message: str, *, cause: str) -> None:
        super().__init__(message)
        self.cause = cause


class Unavailable(KeeperError):
    """A file cannot be had from any sync host."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status
