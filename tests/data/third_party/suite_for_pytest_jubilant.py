"""A charm's integration test as pytest-jubilant has people write it."""

from pathlib import Path

import jubilant
import pytest
from pytest_jubilant import JujuFactory

CHARMS = Path(__file__).resolve().parents[1] / 'charms'


@pytest.mark.juju_setup
def test_it_deploys(juju: jubilant.Juju) -> None:
    juju.deploy(CHARMS / 'classic', config={'note': 'kept'})
    juju.wait(lambda status: jubilant.all_blocked(status, 'classic'), error=jubilant.any_error, delay=0.2)


def test_it_remembers(juju: jubilant.Juju) -> None:
    assert juju.run('classic/0', 'recall').results['note'] == 'kept'


def test_a_second_model_is_to_be_had(juju_factory: JujuFactory, juju: jubilant.Juju) -> None:
    other = juju_factory.get_juju('other')
    assert other.status().apps == {}
    assert other.model != juju.model
