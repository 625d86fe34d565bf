"""What keeps the programs of a machine from the host, on this host, in words for `pocket status`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pocket.substrate.cgroups import Layout

_SYSTEMD = Path('/run/systemd/system')


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """How machines are held back."""

    kind: str
    """``capabilities``: root in a machine is the host's root with fewer rights."""
    devices: str
    """What decides which devices can be opened: ``cgroup-v1``, ``systemd`` or ``nothing``."""
    why: str


def here(layout: Layout, *, systemd: bool | None = None) -> Isolation:
    """What applies on a host with these control groups.

    Args:
        systemd: It is the host's first process; by default this is looked up.
    """
    managed = _SYSTEMD.is_dir() if systemd is None else systemd
    other = 'systemd' if managed else 'nothing'
    devices = 'cgroup-v1' if 'devices' in layout.controllers else other
    guard = {
        'cgroup-v1': 'the devices control group lets it open harmless devices only',
        'systemd': "systemd's device policy lets it open harmless devices only",
        'nothing': 'nothing guards the devices that it makes nodes for',
    }[devices]
    why = (
        'machines have no users of their own, so that charms may mount and set up networks as on a cloud;'
        f' root in one is held by a capability bounding set, a seccomp filter and a private /dev, and {guard}'
    )
    return Isolation(kind='capabilities', devices=devices, why=why)
