"""What of its model and its machine a unit's hooks are told or must heed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is around a unit."""

    proxies: Mapping[str, str] = field(default_factory=dict[str, str])
    """Variables of the environment that the model's proxy options make."""
    kubernetes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Variables that say where the model's Kubernetes API is; empty elsewhere."""
    cloud_spec: Mapping[str, Any] | None = None
    """What credential-get prints; None for an application that is not trusted."""
    boot_id: str = ''
    """Names the present run of the unit's machine; empty when it is not known."""
    rebooting: bool = False
    """A hook has asked for the machine's reboot, which has not come yet."""
