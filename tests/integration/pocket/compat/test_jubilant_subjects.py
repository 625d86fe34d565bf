"""jubilant, unmodified: clouds, credentials, charms of a store, storage, resources, offers and bundles."""

from __future__ import annotations

from collections.abc import Generator

import jubilant
import pytest
import yaml

from tests.integration.pocket.compat.conftest import CHARMS, Home, needs_machines

pytestmark = needs_machines
BUNDLE = CHARMS.parent / 'bundles' / 'two'
CLOUD = {'type': 'ec2', 'auth-types': ['access-key'], 'regions': {'r1': {'endpoint': 'https://r1.example'}}}
KEY = {'auth-type': 'access-key', 'access-key': 'a', 'secret-key': 'b'}


@pytest.fixture(scope='module')
def controller(home: Home) -> Generator[jubilant.Juju]:
    """jubilant without a model, in the environment that the programs it starts get."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in home.env.items():
            patch.setenv(name, value)
        juju = jubilant.Juju()
        juju.add_cloud('mist', {'clouds': {'mist': CLOUD}}, client=True, controller='pocket')
        juju.add_credential(
            'mist', {'credentials': {'mist': {'key': KEY}}}, client=False, controller='pocket', region='r1'
        )
        yield juju
        juju.cli('remove-cloud', 'mist', '--client', '--controller', 'pocket', include_model=False)


@pytest.fixture(scope='module')
def shop(controller: jubilant.Juju) -> Generator[jubilant.Juju]:
    """The model on that cloud in which charms of the store are tried."""
    with jubilant.temp_model(cloud='mist/r1', credential='key', controller='pocket') as juju:
        juju.wait_timeout = 240
        yield juju


def test_clouds_and_credentials_are_added_and_updated(
    controller: jubilant.Juju, shop: jubilant.Juju, home: Home
) -> None:
    with pytest.raises(jubilant.CLIError, match='"mist" already exists'):
        controller.add_cloud('mist', {'clouds': {'mist': CLOUD}}, controller='pocket')
    with pytest.raises(jubilant.CLIError, match='not found'):
        controller.update_cloud('fog', {'clouds': {'fog': CLOUD}}, controller='pocket')
    wider = {**CLOUD, 'regions': {name: {'endpoint': 'https://r.example'} for name in ('r1', 'r2')}}
    file = home.folder / 'clouds.yaml'
    controller.update_cloud('mist', {'clouds': {'mist': wider}}, client=True, controller='pocket')
    assert 'r2' in controller.cli('regions', 'mist', '--controller', 'pocket', include_model=False)
    file.write_text(f'credentials: {{mist: {{spare: {KEY}}}}}')
    controller.add_credential('mist', file, client=True)
    shown = controller.cli('credentials', '--client', 'mist', include_model=False)
    assert 'spare' in shown
    model = shop.show_model()
    assert (model.cloud, model.region, model.type, model.model_type) == ('mist', 'r1', 'ec2', 'iaas')
    assert (model.credential and model.credential.name, model.life) == ('key', 'alive')


def test_a_charm_of_a_store_gets_storage_and_resources(shop: jubilant.Juju, home: Home) -> None:
    (home.folder / 'own.txt').write_text('mine')
    shop.deploy(
        'ch:keeper',
        'words',
        channel='latest/edge',
        revision=2,
        base='ubuntu@24.04',
        bind={'': 'alpha'},
        constraints={'mem': '256M', 'arch': 'amd64'},
        resources={'words': str(home.folder / 'own.txt')},
        storage={'data': 'loop,16M'},
        num_units=1,
    )
    status = _until_it_says(shop, 'mine r2')
    app = status.apps['words']
    assert (app.charm_name, app.charm_origin, app.charm_channel) == ('keeper', 'charmhub', 'latest/edge')
    assert status.machines['0'].hardware.startswith('arch=amd64')
    assert 'availability-zone=' in status.machines['0'].hardware
    attached = status.storage.storage['data/0']
    assert (attached.kind, attached.status.current, attached.persistent) == ('filesystem', 'attached', True)
    assert attached.attachments is not None
    assert list(attached.attachments.units) == ['words/0']
    exported = yaml.safe_load(shop.cli('export-bundle'))['applications']['words']
    assert {key: exported.get(key) for key in ('charm', 'channel', 'revision', 'resources', 'storage')} == {
        'charm': 'keeper',
        'channel': 'latest/edge',
        'revision': 2,
        'resources': None,
        'storage': {'data': 'loop,1,16M'},
    }
    shop.refresh('words', channel='latest/stable', revision=1, resources={'words': '1'})
    assert _until_it_says(shop, 'hello r1').apps['words'].charm_rev == 1
    with pytest.raises(jubilant.CLIError, match='Name nothing not found'):
        shop.deploy('nothing')


def test_storage_that_a_unit_leaves_goes_to_the_next(shop: jubilant.Juju) -> None:
    place = '$(storage-get -s data/0 location)/note'
    shop.exec(f'echo kept > "{place}"', unit='words/0')
    shop.add_unit('words', to='0')
    shop.remove_unit('words/0')
    shop.wait(lambda status: list(status.apps['words'].units) == ['words/1'], delay=0.2, successes=1)
    shop.wait(
        lambda status: status.storage.storage['data/0'].status.current == 'detached',
        delay=0.2,
        successes=1,
    )

    shop.add_unit('words', attach_storage='data/0')

    shop.wait(
        lambda status: 'words/2' in status.apps['words'].units and jubilant.all_agents_idle(status),
        delay=0.2,
        successes=1,
    )
    assert shop.exec(f'cat "{place}"', unit='words/2').stdout == 'kept\n'
    shop.remove_application('words', destroy_storage=True)
    shop.wait(lambda status: not status.apps and not status.storage.storage, delay=0.2, successes=1)


def test_an_offer_of_one_model_is_consumed_in_another(
    controller: jubilant.Juju, shop: jubilant.Juju, home: Home
) -> None:
    shop.deploy(home.packed, 'db', config={'greeting': 'from afar'})
    source = shop.show_model().short_name
    shop.offer(f'{source}.db', endpoint='db', name='lent', controller='pocket')
    base, overlay = yaml.safe_load_all(shop.cli('export-bundle'))
    assert base['applications']['db']['charm'] == 'local:opsdb-0'
    offered = {'lent': {'endpoints': ['db'], 'acl': {'admin': 'admin'}}}
    assert overlay == {'applications': {'db': {'offers': offered}}}
    with jubilant.temp_model() as other:
        other.wait_timeout = 240
        other.deploy(CHARMS / 'classic')
        other.consume(f'{source}.lent', 'far', owner='admin', controller='pocket')
        other.integrate('classic', 'far', via='10.9.0.0/16')
        status = other.wait(lambda status: jubilant.all_active(status, 'classic'), delay=0.2, successes=1)
        assert status.apps['classic'].app_status.message == 'heard from afar'
        assert status.app_endpoints['far'].url == f'pocket:admin/{source}.lent'
        assert other.show_unit('classic/0').relation_info[0].cross_model
        exported = yaml.safe_load(other.cli('export-bundle'))
        assert exported['saas'] == {'far': {'url': f'admin/{source}.lent'}}
        assert shop.status().offers['lent'].active_connected_count == 1

        other.deploy(BUNDLE, overlays=[BUNDLE / 'overlay.yaml'])
        other.wait(lambda status: jubilant.all_active(status, 'page', 'store'), delay=0.2, successes=1)
        said = {unit.workload_status.message for unit in other.status().apps['page'].units.values()}
        assert said == {'laid over: swordfish'}
        gone = other.show_model().short_name
    assert gone not in controller.cli('models', include_model=False)
    shop.wait(lambda status: status.offers['lent'].total_connected_count == 0, delay=0.2, successes=1)


def _until_it_says(juju: jubilant.Juju, message: str) -> jubilant.Status:
    return juju.wait(
        lambda status: (
            jubilant.all_agents_idle(status, 'words') and status.apps['words'].app_status.message == message
        ),
        error=jubilant.any_error,
        delay=0.2,
        successes=1,
    )
