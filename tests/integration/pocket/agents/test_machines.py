"""The agent of a machine, whose machine is this one: its end and its start are what is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocket.model import Base
from pocket.services import machines

if TYPE_CHECKING:
    from .conftest import Town

GIVEN_UP = 'the agent of machine 0 failed: machine 0 stops just after its start'
TOOL = {'metadata.yaml': 'name: tool\n', '+hooks/start': '#!/bin/sh\nstatus-set active\n'}


async def test_a_machine_that_keeps_stopping_is_given_up_for_a_while(town: Town) -> None:
    await town.state.write(machines.add, town.model, base=Base(name='ubuntu', channel='24.04'))
    for boots in (1, 2):
        await _runs(town, boots)
        await _stop(town)
    await _runs(town, 3)
    assert GIVEN_UP not in _failures(town)
    await _stop(town)
    await town.until(lambda: GIVEN_UP in _failures(town), 'it is given up')
    await _runs(town, 4)


async def test_reboots_that_a_hook_asks_for_are_no_such_stops(town: Town) -> None:
    await town.deploy('tool', TOOL)
    for boots in range(2, 6):
        await town.until(lambda: town.shows('tool/0', 'active'), 'the unit runs')
        await town.state.write(machines.ask_reboot, town.model, 'tool/0')
        await _runs(town, boots)
    assert _failures(town) == []


async def _stop(town: Town) -> None:
    """The machine ends, as by a shutdown from inside."""
    (name,) = await town.substrate.running()
    await town.substrate.reboot(name)


async def _runs(town: Town, boots: int) -> None:
    """Wait until that run of the machine is in use."""

    def shown() -> bool:
        row = town.state.read(lambda tx: tx.db.execute('SELECT running, boot_id FROM machine').fetchone())
        return tuple(row) == (1, str(boots))

    await town.until(shown, 'the machine runs')


def _failures(town: Town) -> list[str]:
    return [line.partition(' juju.worker.dependency ')[2] for line in town.log() if 'failed: ' in line]
