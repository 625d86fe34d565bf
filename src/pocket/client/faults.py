"""The client's errors; what it prints of them is ``ERROR <message>`` and a hint.

Fault
├── WrongUsage   the command line is wrong; exit code 2
├── NoAnswer     no controller answers; exit code 1, as with Juju
├── TimedOut     it did not answer in the time that the caller gives it
└── Refused      the controller answered with an error; it carries Juju's code
"""

from __future__ import annotations

from bedrock import errors


class WrongUsage(errors.UsageFault):
    """The command line is wrong; nothing was asked of the controller."""


class NoAnswer(errors.Fault):
    """The controller cannot be reached."""


class TimedOut(errors.Fault):
    """The controller did not answer in time."""


class Refused(errors.Fault):
    """The controller answered a request with an error.

    Args:
        code: Juju's error code, for example ``model not found``; may be empty.
    """

    def __init__(self, message: str, *, code: str = '') -> None:
        super().__init__(message)
        self.code = code
