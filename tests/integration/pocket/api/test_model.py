"""A model over the wire: made, filled, watched, taken down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pocket.api.server import ApiServer
from pocket.services import machines
from pocket.services.errors import JujuError
from pocket.state import State

Call = Callable[..., Awaitable[Any]]
Deploy = Callable[..., Awaitable[str]]


async def start_machine(state: State, model: str, machine: str) -> None:
    await state.write(
        machines.set_running, model, machine, address='10.1.2.3', ssh_host_keys=('ssh-ed25519 AAAA host',)
    )


async def test_a_model_is_created_listed_and_destroyed(on_controller: Call) -> None:
    made = await on_controller(
        'ModelManager',
        9,
        'CreateModel',
        **{'name': 'm1', 'owner-tag': 'user-admin', 'config': {'update-status-hook-interval': '10s'}},
        **{'cloud-tag': 'cloud-pocket', 'region': None, 'credential': None},
    )

    assert (made['name'], made['cloud-tag'], made['cloud-region']) == ('m1', 'cloud-pocket', 'default')
    tag = {'tag': f'model-{made["uuid"]}'}
    listed = await on_controller('ModelManager', 9, 'ListModels', tag='user-admin')
    assert [entry['model']['uuid'] for entry in listed['user-models']] == [made['uuid']]
    summaries = await on_controller('ModelManager', 9, 'ListModelSummaries', all=True)
    assert summaries['results'][0]['result']['name'] == 'm1'
    info = await on_controller('ModelManager', 10, 'ModelInfo', entities=[tag])
    assert info['results'][0]['result']['agent-version'].startswith('3.6.')

    destroyed = await on_controller(
        'ModelManager', 9, 'DestroyModels', models=[{'model-tag': tag['tag'], 'force': True}]
    )
    gone = await on_controller('ModelManager', 9, 'ModelStatus', entities=[tag])

    assert destroyed == {'results': [{}]}
    # Clients poll for this code to know that a model is gone.
    assert gone['models'][0]['error']['code'] == 'not found'


async def test_one_bad_item_of_a_bulk_call_does_not_spoil_the_others(on_controller: Call, model: str) -> None:
    info = await on_controller(
        'ModelManager', 9, 'ModelInfo', entities=[{'tag': 'model-none'}, {'tag': f'model-{model}'}]
    )

    assert info['results'][0]['error']['message'] == 'model not found'
    assert info['results'][1]['result']['uuid'] == model
    assert 'error' not in info['results'][1]


async def test_the_one_cloud_needs_no_credential(on_controller: Call) -> None:
    clouds = await on_controller('Cloud', 7, 'Clouds')
    asked = await on_controller('Cloud', 7, 'Cloud', entities=[{'tag': 'cloud-pocket'}, {'tag': 'cloud-aws'}])

    assert clouds['clouds']['cloud-pocket']['auth-types'] == ['empty']
    assert asked['results'][0]['cloud']['type'] == 'pocket'
    assert asked['results'][1]['error'] == {'message': 'cloud "aws" not found', 'code': 'not found'}
    with pytest.raises(JujuError, match='cloud "aws" not found'):
        await on_controller('ModelManager', 9, 'CreateModel', **{'name': 'x', 'cloud-tag': 'cloud-aws'})


async def test_where_models_are_is_here(server: ApiServer, on_controller: Call, model: str) -> None:
    found = await on_controller(
        'Controller', 11, 'ControllerAPIInfoForModels', entities=[{'tag': f'model-{model}'}]
    )

    assert found['results'][0]['addresses'] == [f'127.0.0.1:{server.port}']
    assert found['results'][0]['cacert'] == server.identity.ca_cert_pem


async def test_the_status_of_an_empty_model(on_model: Call) -> None:
    status = await on_model('Client', 6, 'FullStatus', patterns=None)

    assert (status['model']['name'], status['model']['type']) == ('m', 'iaas')
    assert status['model']['model-status']['status'] == 'available'
    assert (status['machines'], status['applications'], status['relations']) == ({}, {}, [])


async def test_options_of_a_model_are_set_and_reset(on_model: Call) -> None:
    key = 'update-status-hook-interval'

    await on_model('ModelConfig', 3, 'ModelSet', config={key: '10s'})
    changed = (await on_model('ModelConfig', 3, 'ModelGet'))['config'][key]
    await on_model('ModelConfig', 3, 'ModelUnset', keys=[key])
    reset = (await on_model('ModelConfig', 3, 'ModelGet'))['config'][key]

    assert changed == {'value': '10s', 'source': 'model'}
    assert reset == {'value': '5m', 'source': 'default'}


async def test_constraints_of_a_model_are_kept_without_their_nulls(on_model: Call) -> None:
    await on_model(
        'ModelConfig', 3, 'SetModelConstraints', application='', constraints={'mem': 1024, 'tags': None}
    )

    reply = await on_model('ModelConfig', 3, 'GetModelConstraints')
    assert reply == {'constraints': {'mem': 1024}}


async def test_an_uploaded_charm_is_deployed_and_seen(
    deploy: Deploy, on_model: Call, model: str, state: State
) -> None:
    options = 'web:\n  name: hello\n  port: 8080\n'

    url = await deploy('web', **{'config-yaml': options, 'config': {'port': '81', 'trust': 'true'}})
    await start_machine(state, model, '0')

    status = await on_model('Client', 7, 'FullStatus', patterns=[])
    app = status['applications']['web']
    assert (url, app['charm'], app['charm-rev']) == ('local:tester-0', 'local:tester-0', 0)
    assert app['base'] == {'name': 'ubuntu', 'channel': '24.04/stable'}
    assert app['units']['web/0']['machine'] == '0'
    assert app['units']['web/0']['workload-status']['status'] == 'waiting'
    assert app['relations'] == {'cluster': ['web']}
    assert status['machines']['0']['ip-addresses'] == ['10.1.2.3']
    info = await on_model('Charms', 7, 'CharmInfo', url=url)
    assert info['meta']['requires']['db']['interface'] == 'pgsql'
    assert info['manifest']['bases'][0]['channel'] == '24.04/stable'


async def test_options_of_an_application_are_given_set_and_reset(deploy: Deploy, on_model: Call) -> None:
    async def shown() -> Any:
        return await on_model('Application', 19, 'Get', application='web')

    await deploy(
        'web', **{'config-yaml': 'web: {name: hello, port: 8080}', 'config': {'port': '81', 'trust': 'true'}}
    )
    given = await shown()
    changes = {'application': 'web', 'generation': 'master', 'config': {'name': 'bye', 'trust': 'false'}}
    await on_model('Application', 19, 'SetConfigs', Args=[changes])
    changed = await shown()
    reset = [{'application': 'web', 'branch': '', 'options': ['port', 'name']}]
    await on_model('Application', 19, 'UnsetApplicationsConfig', Args=reset)

    assert given['config']['port'] == {
        'type': 'int',
        'description': 'Where to listen.',
        'value': 81,
        'default': 80,
        'source': 'user',
    }
    assert given['config']['name']['value'] == 'hello'
    assert given['application-config']['trust']['value'] is True
    assert changed['config']['name']['value'] == 'bye'
    assert changed['application-config']['trust']['value'] is False
    assert (await shown())['config'] == {
        'port': {**given['config']['port'], 'value': 80, 'source': 'default'},
        'name': {'type': 'string', 'description': 'What to say.', 'source': 'unset'},
    }
    wrong = {'application': 'web', 'config': {'nothing': '1'}}
    refused = await on_model('Application', 19, 'SetConfigs', Args=[wrong])
    assert 'nothing' in refused['results'][0]['error']['message']


async def test_status_is_narrowed_by_patterns(deploy: Deploy, on_model: Call) -> None:
    await deploy('web', **{'num-units': 2})
    await deploy('db')

    for pattern, units, apps in (
        ('web', {'web/0', 'web/1'}, {'web'}),
        ('web/1', {'web/1'}, {'web'}),
        ('d*', {'db/0'}, {'db'}),
        ('2', {'db/0'}, {'db'}),
        ('active', set[str](), set[str]()),
    ):
        status = await on_model('Client', 6, 'FullStatus', patterns=[pattern])
        assert set(status['applications']) == apps, pattern
        assert {unit for app in status['applications'].values() for unit in app['units']} == units, pattern
        assert len(status['machines']) == len(units), pattern


async def test_an_unknown_charm_is_refused_with_its_name(on_model: Call) -> None:
    application = {'application': 'web', 'charm-url': 'local:nothing-0', 'num-units': 1}
    local = await on_model('Application', 19, 'Deploy', applications=[application])
    await on_model('ModelConfig', 3, 'ModelSet', config={'charmhub-url': 'http://127.0.0.1:9'})
    store = await on_model('Application', 19, 'DeployFromRepository', Args=[{'CharmName': 'postgresql'}])
    resolved = await on_model(
        'Charms', 6, 'ResolveCharms', resolve=[{'reference': 'ch:postgresql', 'charm-origin': {}}]
    )

    assert 'local:nothing-0' in local['results'][0]['error']['message']
    said = 'cannot reach the charm store at http://127.0.0.1:9: Connection refused'
    assert store['Results'][0]['Errors'][0]['message'] == said
    assert resolved['Results'][0]['error']['message'] == said


async def test_what_pocket_has_not_is_refused_instead_of_left_out(on_model: Call) -> None:
    wanted = {'application': 'web', 'charm-url': 'local:tester-0', 'devices': {'gpu': {'count': 1}}}

    reply = await on_model('Application', 19, 'Deploy', applications=[wanted])

    error = reply['results'][0]['error']
    assert error == {'message': 'devices not supported by pocket', 'code': 'not supported'}


async def test_applications_are_related_and_parted(deploy: Deploy, on_model: Call) -> None:
    await deploy('a')
    await deploy('b')

    made = await on_model('Application', 19, 'AddRelation', endpoints=['a:up', 'b'])
    status = await on_model('Client', 6, 'FullStatus')
    await on_model('Application', 19, 'DestroyRelation', endpoints=['a:up', 'b:web'])
    parted = await on_model('Client', 6, 'FullStatus')

    assert made['endpoints']['a']['name'] == 'up'
    assert made['endpoints']['b'] == {
        'name': 'web',
        'role': 'provider',
        'interface': 'http',
        'optional': False,
        'limit': 0,
        'scope': 'global',
    }
    assert status['applications']['a']['relations'] == {'cluster': ['a'], 'up': ['b']}
    assert 'a:up b:web' in {relation['key'] for relation in status['relations']}
    assert parted['applications']['a']['relations'] == {'cluster': ['a']}
    with pytest.raises(JujuError, match='not found'):
        await on_model('Application', 19, 'DestroyRelation', endpoints=['a:up', 'b:web'])


async def test_units_are_added_and_removed(deploy: Deploy, on_model: Call) -> None:
    await deploy('web')

    added = await on_model('Application', 19, 'AddUnits', application='web', **{'num-units': 2})
    dry = await on_model(
        'Application', 19, 'DestroyUnit', units=[{'unit-tag': 'unit-web-0', 'dry-run': True}]
    )
    removed = await on_model(
        'Application', 19, 'DestroyUnit', units=[{'unit-tag': 'unit-web-1'}, {'unit-tag': 'unit-web-9'}]
    )
    left = await on_model('Client', 6, 'FullStatus')

    assert added == {'units': ['web/1', 'web/2']}
    assert dry == {'results': [{'info': {}}]}
    assert removed['results'][1]['error']['message'] == 'unit "web/9" does not exist'
    assert set(left['applications']['web']['units']) == {'web/0', 'web/2'}
    gone = await on_model(
        'Application', 19, 'DestroyApplication', applications=[{'application-tag': 'application-web'}]
    )
    assert gone['results'][0]['info']['destroyed-units'] == [{'tag': 'unit-web-0'}, {'tag': 'unit-web-2'}]
