"""What is known of actions and operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRequest:
    """One action that a client asks for."""

    receiver: str
    """A unit (``app/0``), ``app/leader``, or a machine id with `machine` set."""
    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    machine: bool = False
    parallel: bool | None = None
    """None: as the charm says."""
    execution_group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRecord:
    """One action (a task of an operation)."""

    id: str
    operation: str
    receiver: str
    """A unit name, or a machine id with `machine` set."""
    machine: bool
    name: str
    parameters: Mapping[str, Any]
    status: str
    """pending running completed failed cancelled aborting aborted."""
    message: str
    results: Mapping[str, Any]
    log: tuple[tuple[int, str], ...]
    """Pairs of time (ms) and message, oldest first."""
    enqueued_ms: int
    started_ms: int
    """0 until then."""
    completed_ms: int

    @property
    def receiver_tag(self) -> str:
        """``unit-app-0`` or ``machine-0``."""
        return ('machine-' if self.machine else 'unit-') + self.receiver.replace('/', '-')


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueued:
    """What became of one request: an action, or why not."""

    receiver: str
    action: ActionRecord | None = None
    error: str = ''
    code: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueuedOperation:
    """The reply to a request for actions."""

    operation: str
    actions: tuple[Enqueued, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRecord:
    """One operation and its tasks."""

    id: str
    summary: str
    status: str
    fail: str
    enqueued_ms: int
    started_ms: int
    completed_ms: int
    actions: tuple[ActionRecord, ...]
