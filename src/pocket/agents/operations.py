"""What an agent of a unit can do next: chosen by `pocket.agents.resolver`, done by `pocket.agents.unit`."""

from __future__ import annotations

from dataclasses import dataclass

from pocket.agents.local import Hook
from pocket.model import PendingAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """Put the charm that the model names into the machine, for the first time or in place of another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHook:
    """Run a hook and commit it when it succeeds."""

    hook: Hook
    resolved: bool = False
    """The operator asked for this try: their request is used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipHook:
    """Commit the failed hook as if it had run."""

    hook: Hook


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAction:
    """Run an action or a command."""

    action: PendingAction


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCommand:
    """Run what ``juju-exec`` inside the machine asked for first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndAction:
    """Record how an action ended that this agent does not run (any more)."""

    action_id: str
    status: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterScope:
    """Become visible in a relation."""

    relation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveScope:
    """Leave a relation whose hooks are done."""

    relation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseStorage:
    """Let go of storage whose hooks are done."""

    storage_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resign:
    """Stop being the leader; no hook tells of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeReboot:
    """Note the machine's run without a hook: nothing is known of an earlier one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearResolved:
    """Drop an operator's request to resolve an error that is no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Die:
    """Set the unit dead: all its hooks are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Remove the dead unit from the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing can be done before something changes; ``failed`` names the hook in error, if one is."""

    failed: Hook | None = None
    idle: bool = True
    """False: it waits for something that the unit cannot do without."""
    rebooting: bool = False
    """What is waited for is the machine's reboot."""
    leaving: bool = False
    """What is waited for is the end of the pod: the charm is done in it."""


Operation = (
    Deploy
    | RunHook
    | SkipHook
    | RunAction
    | RunCommand
    | EndAction
    | EnterScope
    | LeaveScope
    | ReleaseStorage
    | Resign
    | SeeReboot
    | ClearResolved
    | Die
    | Remove
    | Wait
)


def lock_needed(operation: Operation) -> str | None:
    """The execution group whose lock *operation* must hold, empty for the machine's own; None: it needs none.

    Nothing of the machine's agents runs beside what holds the machine's lock, but for parallel actions.
    """
    match operation:
        case Deploy() | RunHook() | RunCommand():
            return ''
        case RunAction(action=action):
            return None if action.parallel and not action.execution_group else action.execution_group
        case _:
            return None
