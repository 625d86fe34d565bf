"""What `pocket status` says of how machines are held back."""

from __future__ import annotations

from pathlib import Path

import pytest

from pocket.substrate import isolation
from pocket.substrate.cgroups import Layout

ONE = Layout(unified=None, named=Path('/s'), controllers={'devices': Path('/d')})
TWO = Layout(unified=Path('/u'), named=None, controllers={})


@pytest.mark.parametrize(
    ('layout', 'systemd', 'devices'),
    [(ONE, False, 'cgroup-v1'), (ONE, True, 'cgroup-v1'), (TWO, True, 'systemd'), (TWO, False, 'nothing')],
)
def test_what_guards_devices_follows_from_the_host(layout: Layout, systemd: bool, devices: str) -> None:
    found = isolation.here(layout, systemd=systemd)
    assert (found.kind, found.devices) == ('capabilities', devices)
    assert ('harmless devices only' in found.why) is (devices != 'nothing')
