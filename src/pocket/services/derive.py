"""How stored statuses are displayed (Juju's apiserver/facades/client/client/status.go)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pocket.model import Status

_SEVERITY = {
    'error': 100,
    'blocked': 90,
    'maintenance': 80,
    'waiting': 70,
    'active': 60,
    'terminated': 50,
    'unknown': 40,
}


def unit(agent: Status, workload: Status) -> tuple[Status, Status]:
    """Return agent and workload status as displayed: an agent's error is shown as the workload's."""
    if agent.value != 'error':
        return agent, workload
    return Status(value='idle', since_ms=agent.since_ms), replace(agent)


def in_pod(agent: Status, workload: Status, pod: Status | None) -> Status:
    """Return the displayed workload status of a unit whose pod is not as it should be.

    Args:
        pod: How the pod itself is.
    """
    if pod is None or not pod.message:
        return workload
    if pod.value == 'provisioning error':
        return Status(value='error', message=pod.message, since_ms=pod.since_ms)
    if pod.value == 'allocating' and (agent.value == 'allocating' or workload.value == 'active'):
        return Status(value='waiting', message=pod.message, since_ms=pod.since_ms)
    return workload


def application(own: Status | None, workloads: Sequence[Status], *, since_ms: int) -> Status:
    """Return an application's displayed status.

    Args:
        own: What its leader set; wins as it is.
        workloads: Its units' displayed workload statuses, lowest unit number first.
        since_ms: When the application was made, for one without units.
    """
    if own is not None:
        return own
    if not workloads:
        return Status(value='unknown', since_ms=since_ms)
    # max keeps the first of equals: the lowest unit number.
    return max(workloads, key=lambda status: _SEVERITY.get(status.value, 0))
