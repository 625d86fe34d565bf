"""A charm's integration test as pytest-operator has people write it."""

from pathlib import Path

import pytest
from pytest_operator.plugin import OpsTest

CHARMS = Path(__file__).resolve().parents[1] / 'charms'


@pytest.mark.abort_on_fail
async def test_it_deploys(ops_test: OpsTest) -> None:
    assert ops_test.model is not None
    await ops_test.model.deploy(str(CHARMS / 'classic'), config={'note': 'kept'})
    await ops_test.model.wait_for_idle(apps=['classic'], status='blocked', timeout=240, idle_period=1)


async def test_it_remembers(ops_test: OpsTest) -> None:
    assert ops_test.model is not None
    unit = ops_test.model.applications['classic'].units[0]
    action = await (await unit.run_action('recall')).wait()
    assert action.results['note'] == 'kept'


async def test_the_juju_program_is_at_hand(ops_test: OpsTest) -> None:
    code, out, _ = await ops_test.juju('status', '--format=json')
    assert code == 0
    assert '"classic/0"' in out
