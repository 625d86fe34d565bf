"""The agents with real machines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pocket import settings
from pocket.agents.paths import MachinePaths
from pocket.agents.site import Site
from pocket.model import Base
from pocket.services import applications
from pocket.substrate.nspawn import Nspawn

if TYPE_CHECKING:
    from .conftest import Town

pytestmark = pytest.mark.nspawn

SCRIPTS = {
    'metadata.yaml': 'name: tool\n',
    '+hooks/install': '#!/bin/sh\nopen-port 80\necho installed > "$CHARM_DIR/made"\n',
    '+hooks/start': """\
        #!/bin/sh
        set -e
        status-set active "$(unit-get private-address) $(cat made) $(ps -p 1 -o comm=)"
        """,
    '+hooks/stop': '#!/bin/sh\necho stopped\n',
}


@pytest.fixture
async def real_town(town: Town, short_dir: Path) -> AsyncIterator[Town]:
    """The model of ``town`` with machines of its own."""
    await town.stop()
    home = short_dir / 'home'
    substrate = Nspawn(replace(settings.load(), home=home))
    town.site = Site(state=town.state, substrate=substrate, paths=MachinePaths())
    town.start()
    try:
        yield town
    finally:
        await town.stop()
        await substrate.destroy()


async def test_a_charm_lives_and_goes_on_a_real_machine(real_town: Town) -> None:
    await real_town.deploy('tool', SCRIPTS, base=Base(name='debian', channel='12'))

    def started() -> bool:
        unit = real_town.unit('tool/0')
        return unit is not None and unit.agent.value == 'idle' and unit.workload.value == 'active'

    await real_town.until(started, 'the unit starts')
    unit = real_town.unit('tool/0')
    assert unit
    assert unit.workload.message == f'{unit.private_address} installed systemd'
    assert [str(port) for port in unit.ports] == ['80/tcp']

    await real_town.state.write(applications.destroy, real_town.model, 'tool')
    await real_town.until(lambda: not real_town.snapshot().machines, 'its machine goes')
    assert 'DEBUG unit.tool/0.stop stopped' in real_town.log()
