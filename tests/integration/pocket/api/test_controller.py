"""What a connection to the controller tells beside its models, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pocket.services import machines, models
from pocket.services.errors import JujuError
from pocket.state import State

Call = Callable[..., Awaitable[Any]]
Deploy = Callable[..., Awaitable[str]]


async def test_the_controllers_own_model_is_configured_without_naming_it(
    on_controller: Call, state: State
) -> None:
    with pytest.raises(JujuError, match='model "controller" not found'):
        await on_controller('ModelConfig', 3, 'ModelGet')
    uuid = await state.write(models.ensure_controller, owner='admin', cloud='pocket', region='default')

    await on_controller('ModelConfig', 3, 'ModelSet', config={'logging-config': 'x'})

    found = await on_controller('ModelConfig', 3, 'ModelGet')
    assert (found['config']['uuid']['value'], found['config']['logging-config']['value']) == (uuid, 'x')
    info = await on_controller('ModelManager', 9, 'ModelInfo', entities=[{'tag': f'model-{uuid}'}])
    assert info['results'][0]['result']['is-controller'] is True
    gone = await on_controller('ModelManager', 9, 'DestroyModels', models=[{'model-tag': f'model-{uuid}'}])
    assert gone['results'][0]['error']['message'].startswith('"controller" is a controller')


async def test_summaries_of_models_are_told_when_they_change(
    on_controller: Call, deploy: Deploy, model: str
) -> None:
    watcher = (await on_controller('Controller', 12, 'WatchAllModelSummaries'))['watcher-id']
    first = await on_controller('ModelSummaryWatcher', 1, 'Next', of=watcher)
    assert [(entry['name'], entry['size']['units']) for entry in first['models']] == [('m', 0)]

    waiting = asyncio.ensure_future(on_controller('ModelSummaryWatcher', 1, 'Next', of=watcher))
    await deploy('web')

    [entry] = (await waiting)['models']
    assert (entry['uuid'], entry['size']['applications'], entry['status']) == (model, 1, 'green')
    assert await on_controller('ModelSummaryWatcher', 1, 'Stop', of=watcher) == {}


@pytest.mark.parametrize(
    ('facade', 'version', 'method', 'name'),
    [
        ('UserManager', 3, 'AddUser', 'users'),
        ('HighAvailability', 2, 'EnableHA', 'specs'),
        ('ModelManager', 10, 'ModifyModelAccess', 'changes'),
        ('Controller', 12, 'ModifyControllerAccess', 'changes'),
    ],
)
async def test_what_one_machine_with_one_user_lacks_is_refused_by_item(
    on_controller: Call, facade: str, version: int, method: str, name: str
) -> None:
    reply = await on_controller(facade, version, method, **{name: [{}]})

    assert reply['results'][0]['error']['code'] == 'not supported'


async def test_applications_on_machines_have_bindings_and_bases_but_no_scale(
    on_model: Call, deploy: Deploy, model: str, state: State
) -> None:
    await deploy('web')
    web = {'application-tag': 'application-web'}
    scaled = await on_model('Application', 20, 'ScaleApplications', applications=[{**web, 'scale': 3}])
    assert scaled['results'][0]['error'] == {
        'message': 'scaling applications on a non-container model not supported',
        'code': 'not supported',
    }
    bound = [{**web, 'bindings': {'db': 'alpha'}}, {**web, 'bindings': {'db': 'beta'}}]
    results = (await on_model('Application', 20, 'MergeBindings', args=bound))['results']
    assert [result.get('error', {}).get('code') for result in results] == [None, 'not found']
    wanted = {'tag': {'tag': 'application-web'}, 'channel': '22.04/stable'}
    arguments = [wanted, {**wanted, 'force': True}]
    results = (await on_model('Application', 20, 'UpdateApplicationBase', args=arguments))['results']
    assert [result.get('error', {}).get('code') for result in results] == ['incompatible base', None]

    await state.write(machines.set_running, model, '0', address='10.7.1.2')

    assert (await on_model('Subnets', 5, 'ListSubnets'))['results'][0]['cidr'] == '10.7.1.0/24'
    shown = await on_model('Spaces', 6, 'ShowSpace', entities=[{'tag': 'space-alpha'}, {'tag': 'space-beta'}])
    assert shown['results'][0]['applications'] == ['web']
    assert shown['results'][1]['error']['code'] == 'not found'
