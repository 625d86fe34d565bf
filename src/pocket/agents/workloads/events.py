"""Which workload hook is due, as pure functions: what was seen of the containers against what was told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pocket.agents.local import Hook, LocalState, WorkloadState
from pocket.model.pods import WorkloadEvent

READY = 'pebble-ready'
CUSTOM_NOTICE = 'pebble-custom-notice'
CHECK_FAILED = 'pebble-check-failed'
CHECK_RECOVERED = 'pebble-check-recovered'

_FRACTION_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there is to tell of the workload containers of a pod now."""

    boots: Mapping[str, str] = field(default_factory=dict[str, str])
    """Container -> the run of the Pebble that answers in it; one that does not answer is left out."""
    notices: tuple[WorkloadEvent, ...] = ()
    """In the order in which they came."""


NOTHING = Seen()


def due_hook(local: LocalState, seen: Seen) -> Hook | None:
    """The next workload hook, or None. That a container is ready comes before all else of it."""
    for container, boot_id in sorted(seen.boots.items()):
        if _told(local, container).boot_id != boot_id:
            return _hook(WorkloadEvent(container=container, kind=READY, boot_id=boot_id))
    for event in seen.notices:
        if not is_gone(event, seen) and not is_told(_told(local, event.container), event):
            return _hook(event)
    return None


def is_gone(event: WorkloadEvent, seen: Seen) -> bool:
    """Whether *event* is of a run of the container that another has followed.

    While nothing answers nobody knows: the container may start again, or the agent has only just started.
    """
    return seen.boots.get(event.container, event.boot_id) != event.boot_id


def is_told(known: WorkloadState, event: WorkloadEvent) -> bool:
    """Whether a notice came no later than the one that the charm was last told of."""
    return bool(known.notice_at) and moment(event.at) <= moment(known.notice_at)


def latest(times: Iterable[str]) -> str:
    """The latest of some times as Pebble writes them; empty when there is none."""
    return max(times, key=moment, default='')


def moment(at: str) -> str:
    """What a time as Pebble writes it (UTC, without zeros at its end) is compared by."""
    whole, _, fraction = at.removesuffix('Z').partition('.')
    return f'{whole}.{fraction:0<{_FRACTION_DIGITS}}'


def _told(local: LocalState, container: str) -> WorkloadState:
    return local.workloads.get(container, WorkloadState())


def _hook(event: WorkloadEvent) -> Hook:
    return Hook(kind=event.kind, endpoint=event.container, workload=event)
