"""What a hook tool asks and is answered, without any I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class ToolFault(Exception):
    """The tool failed: ``ERROR <text>`` on its standard error, exit code 1."""

    code = 1


class UsageFault(ToolFault):
    """The tool was called wrongly; exit code 2."""

    code = 2


class FileWanted(Exception):
    """The tool needs a file of the machine, or ``-`` for its standard input, before it can answer."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of a hook tool."""

    context_id: str = ''
    tool: str
    args: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes], repr=False)
    """What was sent on demand, by the path that was asked for."""

    def read(self, path: str) -> str:
        """The text of a file of the caller's; it is asked for when it did not come along."""
        return self.read_bytes(path).decode(errors='replace')

    def read_bytes(self, path: str) -> bytes:
        """What a file of the caller's holds; it is asked for when it did not come along."""
        if path not in self.files:
            raise FileWanted(path)
        return self.files[path]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUnitStatus:
    value: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetApplicationStatus:
    value: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWorkloadVersion:
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLeaderSettings:
    changes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    severity: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogAction:
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackSecret:
    """The unit has read a secret, which may get a label by that."""

    id: str
    revision: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RebootNow:
    """End the hook that asks and have the machine rebooted; the hook runs again then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceResource:
    """Have the newest content of a resource in the machine."""

    name: str


Effect = (
    PlaceResource
    | RebootNow
    | SetUnitStatus
    | SetApplicationStatus
    | SetWorkloadVersion
    | SetLeaderSettings
    | TrackSecret
    | Log
    | LogAction
)
"""What is done at once, whether or not the hook succeeds later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How a call ended."""

    code: int = 0
    stdout: str = ''
    stderr: str = ''
    output: str = ''
    """A file of the machine that gets `stdout` instead."""
    effects: tuple[Effect, ...] = ()
    """To be done before the tool is told of success; a failing one makes it fail."""


def failure(text: str, code: int = 1) -> Reply:
    """The reply of a tool that failed."""
    return Reply(code=code, stderr=f'ERROR {text}\n')
