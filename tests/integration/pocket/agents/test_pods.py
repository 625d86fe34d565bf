"""The agents of pods with real pods."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pocket import settings
from pocket.agents.site import Site
from pocket.api import identity
from pocket.model import Base
from pocket.services import applications, models, refresh, statuses
from pocket.substrate.nspawn import Nspawn
from pocket.substrate.pods import pebbles

if TYPE_CHECKING:
    from .conftest import Town

pytestmark = [
    pytest.mark.nspawn,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which('systemd-nspawn'), reason='needs root and nspawn'
    ),
    pytest.mark.skipif(not pebbles.find_go() and not shutil.which('pebble'), reason='needs Pebble or Go'),
]

CHARM = {
    'metadata.yaml': 'name: tool\nassumes: [k8s-api]\n',
    '+hooks/start': '#!/bin/sh\nstatus-set active\n',
    '+hooks/stop': '#!/bin/sh\necho stopped\n',
}


@pytest.fixture
async def cluster(town: Town, short_dir: Path) -> AsyncIterator[Town]:
    """The agents of ``town`` with a model on Kubernetes and pods of its own."""
    await town.stop()
    home = short_dir / 'home'
    substrate = Nspawn(replace(settings.load(), home=home))
    identity.load_or_create(home)
    town.site = Site(state=town.state, substrate=substrate, home=home)
    town.model = await town.state.write(models.add, name='pods', owner='admin', cloud='k8s', region='default')
    town.start()
    try:
        yield town
    finally:
        await town.stop()
        await substrate.destroy()


async def test_a_pod_that_ends_again_and_again_is_started_ever_later_unless_it_changes(cluster: Town) -> None:
    await cluster.deploy('tool', CHARM, base=Base(name='debian', channel='12'))
    await cluster.until(lambda: cluster.shows('tool/0', 'active'), 'the unit starts')
    await _kill(cluster)
    await _runs(cluster, 'the first time it is started at once')
    for pause_s in (10, 20):
        await _kill(cluster)
        await _backs_off(cluster, pause_s)
        url = await cluster.upload('tool', CHARM)
        await cluster.state.write(refresh.set_charm, cluster.model, 'tool', charm_url=url)
        await _runs(cluster, 'another pod is started at once')
    await _kill(cluster)
    # No test waits that long: the pod is started for the hooks of a unit that is to go.
    await _backs_off(cluster, 40)
    await cluster.state.write(applications.destroy, cluster.model, 'tool')
    await cluster.until(lambda: not cluster.snapshot().units, 'the unit goes')
    assert 'DEBUG unit.tool/0.stop stopped' in cluster.log()


async def _runs(cluster: Town, why: str) -> None:
    await cluster.until(lambda: _said(cluster) == 'Running', why)


async def _backs_off(cluster: Town, pause_s: int) -> None:
    said = f'crash loop backoff: back-off {pause_s}s restarting failed container=charm pod=tool-0'
    await cluster.until(lambda: _said(cluster) == said, f'it waits for {pause_s} s')
    assert await cluster.site.substrate.running() == {}


def _said(cluster: Town) -> str:
    found = cluster.state.read(lambda tx: statuses.get(tx, cluster.model, 'instance', '0'))
    return found.message if found else ''


async def _kill(cluster: Town) -> None:
    """Kill the first process of the one pod there is, and wait until the model has heard of that."""
    (host,) = (await cluster.site.substrate.running()).values()
    os.kill(host.leader_pid, signal.SIGKILL)
    await cluster.until(lambda: _said(cluster) != 'Running', 'it is seen that the pod has ended')
