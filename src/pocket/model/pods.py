"""Pods: what a unit on Kubernetes runs in, and what its charm is told of the containers there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ACCOUNT = 'account'
"""The folder below `Host.run_dir` that a pod's containers have as that of their service account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OciReference:
    """Where an image is: the value of a resource of type oci-image."""

    path: str
    """``oci:/folder[:tag]``, ``oci-archive:/file[:tag]``, or as container registries have it."""
    username: str = ''
    password: str = field(default='', repr=False)
    digest: str = ''
    """What the tag of a registry meant when a pod first needed it; empty: not known yet, or in the path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerLimits:
    """What a container may use; 0 is no limit."""

    memory_bytes: int = 0
    cpu_millis: int = 0
    """Thousandths of a processor."""


UNLIMITED = ContainerLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """One workload container of a pod: a first process that is Pebble, on an image of its own."""

    name: str
    """The charm's name for it."""
    image: OciReference | None
    """None: the base of the charm's own container."""
    mounts: Mapping[str, str] = field(default_factory=dict[str, str])
    """Path in the container -> key of the volume that is mounted there."""
    uid: int = 0
    gid: int = 0
    limits: ContainerLimits = UNLIMITED


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSpec:
    """What a unit's host is made of, where it is a pod: the charm's container and one for each workload."""

    hostname: str
    """``app-0``: every container's."""
    containers: tuple[ContainerSpec, ...]
    """Sorted by name."""
    mounts: Mapping[str, str] = field(default_factory=dict[str, str])
    """The same for the charm's container."""
    limits: ContainerLimits = UNLIMITED
    """Those of the charm's container."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """What each workload container is told of the cluster."""
    revision: str = ''
    """Names what clients of the Kubernetes API have made of the pod; empty: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadEvent:
    """What a charm is to be told of one of its workload containers."""

    container: str
    kind: str
    """``pebble-ready``, ``pebble-custom-notice``, ``pebble-check-failed`` or ``pebble-check-recovered``."""
    boot_id: str = ''
    """The run of Pebble that is ready."""
    notice_id: str = ''
    notice_type: str = ''
    notice_key: str = ''
    at: str = ''
    """When the notice last came, as Pebble writes times."""
    check_name: str = ''
