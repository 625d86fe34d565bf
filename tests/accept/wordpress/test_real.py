"""The same charms on a controller of Juju's own: test 32 of those that the blog is accepted by."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Generator
from pathlib import Path

import jubilant
import pytest

from bedrock import charm
from tests.blog.model import INITIALISED
from tests.blog.parts import TOP, measured

CONTROLLER = os.environ.get('HOODOO_REAL_CONTROLLER', '')
IMAGES = os.environ.get('HOODOO_REAL_IMAGES', '')

pytestmark = pytest.mark.skipif(
    not CONTROLLER or '{}' not in IMAGES,
    reason='NO REAL CONTROLLER: HOODOO_REAL_CONTROLLER=NAME[:CLOUD] names one of the juju command that has a '
    'Kubernetes cloud, HOODOO_REAL_IMAGES=registry.example.com/{}:1 where build/images/* were copied to',
)


@pytest.fixture(scope='module')
def model() -> Generator[jubilant.Juju]:
    """A model of its own on the controller."""
    controller, _, cloud = CONTROLLER.partition(':')
    with jubilant.temp_model(controller=controller, cloud=cloud or None) as made:
        made.wait_timeout = 900
        yield made


def test_32_a_controller_of_jujus_own_gives_the_same(model: jubilant.Juju, tmp_path: Path) -> None:
    """Initialised once, a valid password, keys rotated, the relation gone and back with the same site."""
    for name in ('mariadb', 'wordpress'):
        packed = tmp_path / f'{name}-k8s.charm'
        charm.pack(TOP / 'charms' / f'{name}-k8s', packed, cache=TOP / 'build', note=measured)
        model.deploy(packed, name, resources={f'{name}-image': IMAGES.format(name)}, trust=True)
    began = time.monotonic()
    model.integrate('wordpress:database', 'mariadb:database')
    model.wait(jubilant.all_active, error=jubilant.any_error)
    measured(f'active {time.monotonic() - began:.1f} s after the relation')
    assert model.debug_log(limit=100_000).count(INITIALISED) == 1
    unit = 'wordpress/0'
    first = model.run(unit, 'get-initial-password').results
    assert first['valid'] == 'true'
    model.run(unit, 'rotate-keys')
    model.remove_relation('wordpress:database', 'mariadb:database')
    model.wait(lambda status: not jubilant.all_active(status, 'wordpress'))
    model.integrate('wordpress:database', 'mariadb:database')
    model.wait(jubilant.all_active, error=jubilant.any_error)
    assert model.run(unit, 'get-initial-password').results == first
    shown = json.dumps(json.loads(model.cli('show-unit', unit, '--format', 'json')))
    assert first['password'] not in shown
