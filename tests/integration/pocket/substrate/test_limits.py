"""Limits of a machine hold against root in it, who may mount the host's cgroup hierarchies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pocket.model import Base
from pocket.settings import Settings, load
from pocket.substrate import Host, HostSpec
from pocket.substrate.cgroups import here
from pocket.substrate.nspawn import Nspawn

pytestmark = pytest.mark.nspawn

ENV = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin'}
MEMORY_MB = 256

CANNOT_MOUNT = 77
"""The attack's own exit status where the host has no cgroup version 1: then there is nothing to mount."""


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[tuple[Nspawn, Host]]:
    """A running machine with a memory limit."""
    settings: Settings = load({'POCKET_HOME': str(tmp_path / 'home')})
    nspawn = Nspawn(settings)
    spec = HostSpec(
        name='juju-limits-0',
        model_uuid='limits',
        base=Base(name='debian', channel='12'),
        memory_mb=MEMORY_MB,
    )
    try:
        yield nspawn, await nspawn.boot(spec)
    finally:
        await nspawn.destroy()


async def _run(machine: tuple[Nspawn, Host], script: str) -> tuple[int, str]:
    nspawn, host = machine
    done = await nspawn.exec(host.name, ['/bin/sh', '-c', script], env=ENV)
    return done.returncode, (done.stdout + done.stderr).decode()


async def test_root_in_a_machine_cannot_allow_itself_a_device(machine: tuple[Nspawn, Host]) -> None:
    attack = """
    mkdir -p /tmp/cg && mount -t cgroup -o devices cgroup /tmp/cg || exit 77
    echo 'c 10:237 rwm' >/tmp/cg/devices.allow
    mknod /tmp/loop-control c 10 237
    true </tmp/loop-control && echo opened
    """
    status, text = await _run(machine, attack)
    assert (status == CANNOT_MOUNT) is ('devices' not in here().controllers), text
    assert 'opened' not in text


async def test_root_in_a_machine_cannot_lift_its_memory_limit(machine: tuple[Nspawn, Host]) -> None:
    attack = """
    mkdir -p /tmp/cg && mount -t cgroup -o memory cgroup /tmp/cg || exit 77
    echo -1 >/tmp/cg/memory.limit_in_bytes
    # /dev/shm is memory that counts and cannot be swapped out.
    mount -o remount,size=1G /dev/shm
    head -c 400M /dev/zero >/dev/shm/big && echo took
    """
    status, text = await _run(machine, attack)
    assert (status == CANNOT_MOUNT) is ('memory' not in here().controllers), text
    assert 'took' not in text
