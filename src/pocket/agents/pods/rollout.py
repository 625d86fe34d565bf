"""When pods are replaced and containers started again, as pure functions: Kubernetes' rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from pocket.services.cluster.pods import PodRecord

RESTART_FIRST_S = 10.0
RESTART_LONGEST_S = 300.0
RESTART_FORGET_S = 600.0
"""A container that ran this long is restarted at once when it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodState:
    """How far one pod of an application is."""

    ordinal: int
    current: bool
    """It is made of what it is to be made of, and its unit has come to rest in it."""


def fingerprint(pod: PodRecord, *, charm_url: str, charm_modified: int) -> str:
    """Return what tells a pod from one that is made of something else.

    What the tag of an image means is found out once for each time that the image is attached, which counts in
    *charm_modified*: a digest that becomes known makes no other pod.
    """
    spec = msgspec.to_builtins(pod.spec)
    for container in spec['containers']:
        if container['image'] is not None:
            del container['image']['digest']
    # A pod of an earlier version that nobody has changed by the Kubernetes API is as it is to be.
    for one in (spec, *spec['containers']):
        if not any(one['limits'].values()):
            del one['limits']
    del spec['environment']  # who is told of it anew does not need another pod for it
    if not spec['revision']:
        del spec['revision']
    made_of = [str(pod.base), charm_url, charm_modified, spec]
    return hashlib.sha256(msgspec.json.encode(made_of, order='deterministic')).hexdigest()


def may_be_replaced(ordinal: int, others: Iterable[PodState]) -> bool:
    """Whether it is the turn of the pod *ordinal*: those above it are done, one at a time."""
    return all(other.current for other in others if other.ordinal > ordinal)


def crash_loop(container: str, *, hostname: str, pause_s: float) -> str:
    """What a pod shows while a container of it waits for its next start, in Kubernetes' words."""
    return f'crash loop backoff: back-off {pause_s:g}s restarting failed container={container} pod={hostname}'


def next_pause_s(pause_s: float | None, *, ran_s: float) -> float:
    """How long to wait before a container that has ended is started again.

    Args:
        pause_s: The last such wait; None: it has never ended.
        ran_s: How long it ran.
    """
    if pause_s is None or ran_s >= RESTART_FORGET_S:
        return 0.0
    return min(max(pause_s * 2, RESTART_FIRST_S), RESTART_LONGEST_S)
