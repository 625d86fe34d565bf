"""What a model on Kubernetes has around its pods: services with stable addresses, and doors for the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePort:
    """Opened ports of a service."""

    protocol: str
    """``tcp`` or ``udp``."""
    first: int
    last: int
    backends: tuple[str, ...]
    """Addresses of the pods that have them open, sorted; never empty."""
    target: int = 0
    """The port of the pods; 0: the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterService:
    """Where several pods are reached together, by default all of an application."""

    name: str
    """Often the application's."""
    uid: str = ''
    """Of the object that a client made or changed: one made anew under the same name is another one."""
    ports: tuple[ServicePort, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterNetwork:
    """What the network of a model on Kubernetes is to have."""

    model_uuid: str
    region: str
    """``cloud/region``."""
    services: tuple[ClusterService, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterAddresses:
    """What the network of such a model has got."""

    gateway: str
    services: Mapping[str, str] = field(default_factory=dict[str, str])
    """Address by name of the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where requests for a host and a path go."""

    host: str
    """Empty: any; ``*.example.com``: one label more."""
    path: str
    is_exact: bool
    """Only this path; else all below it, by whole elements, too."""
    backends: tuple[str, ...]
    """``address:port`` of each pod; empty: the application has no unit that runs."""
    is_secure: bool = False
    """There is a certificate: requests without TLS are sent to where there is TLS."""
    body_bytes: int = 0
    """The largest body; 0: any."""
    timeout_s: int = 60
    """Longest silence of a pod."""
    admitted: tuple[str, ...] | None = None
    """Networks whose clients may ask; None: all."""
    rate: int = 0
    """How many requests a second one client may go on with, and for a moment five times as many; 0: any."""
    unlimited: tuple[str, ...] = ()
    """Networks whose clients have no such rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The door of a model to the world: all its ingresses together."""

    gateway: str
    routes: tuple[Route, ...]
    certificates: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """By name of the secret: certificates and key, PEM."""
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Which hosts each certificate is for."""
