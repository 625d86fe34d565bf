"""A model at work: watched, acted on, reached."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pocket.api import facades
from pocket.api.facade import Scope
from pocket.services import actions, machines, uniter
from pocket.services.errors import JujuError
from pocket.state import State

Call = Callable[..., Awaitable[Any]]
Deploy = Callable[..., Awaitable[str]]


async def start_machine(state: State, model: str, machine: str) -> None:
    await state.write(
        machines.set_running, model, machine, address='10.1.2.3', ssh_host_keys=('ssh-ed25519 AAAA host',)
    )


async def test_the_watcher_tells_all_and_then_what_changes(
    deploy: Deploy, on_model: Call, model: str
) -> None:
    watcher = (await on_model('Client', 6, 'WatchAll'))['watcher-id']
    first = (await on_model('AllWatcher', 3, 'Next', of=watcher))['deltas']
    waiting = asyncio.ensure_future(on_model('AllWatcher', 3, 'Next', of=watcher))

    # The connection serves other calls while Next waits.
    await deploy('web')
    second = (await waiting)['deltas']

    assert [(kind, change) for kind, change, _ in first] == [('model', 'change')]
    assert first[0][2]['model-uuid'] == model
    told = {(kind, entity.get('name') or entity.get('id')): entity for kind, _, entity in second}
    assert told['application', 'web']['status']['current'] == 'unset'
    assert told['unit', 'web/0']['agent-status']['current'] == 'allocating'
    assert told['machine', '0']['life'] == 'alive'
    assert [kind for kind, _, _ in second if kind != 'charm'] == [
        'machine',
        'application',
        'unit',
        'relation',
    ]


async def test_the_watcher_tells_what_is_gone(
    deploy: Deploy, on_model: Call, model: str, state: State
) -> None:
    await deploy('web')
    watcher = (await on_model('Client', 6, 'WatchAll'))['watcher-id']
    await on_model('AllWatcher', 3, 'Next', of=watcher)

    await on_model(
        'Application', 19, 'DestroyApplication', applications=[{'application-tag': 'application-web'}]
    )
    removed = set[tuple[str, str]]()
    async with asyncio.timeout(5):
        while ('application', 'web') not in removed:
            deltas = (await on_model('AllWatcher', 3, 'Next', of=watcher))['deltas']
            removed |= {(kind, entity.get('name', '')) for kind, how, entity in deltas if how == 'remove'}

    assert ('unit', 'web/0') in removed


async def test_a_stopped_watcher_ends_the_call_that_waits(on_model: Call) -> None:
    watcher = (await on_model('Client', 6, 'WatchAll'))['watcher-id']
    await on_model('AllWatcher', 3, 'Next', of=watcher)
    waiting = asyncio.ensure_future(on_model('AllWatcher', 3, 'Next', of=watcher))
    await on_model('Pinger', 1, 'Ping')

    await on_model('AllWatcher', 3, 'Stop', of=watcher)

    with pytest.raises(JujuError, match='watcher was stopped') as ended:
        await waiting
    assert ended.value.code == 'stopped'
    with pytest.raises(JujuError, match='unknown watcher id'):
        await on_model('AllWatcher', 3, 'Next', of=watcher)


async def test_an_action_is_enqueued_followed_and_read(
    deploy: Deploy, on_model: Call, model: str, state: State
) -> None:
    await deploy('web')
    wanted = {'receiver': 'unit-web-0', 'name': 'backup', 'parameters': {'Where': 'there'}}

    enqueued = await on_model(
        'Action', 7, 'EnqueueOperation', actions=[wanted, {**wanted, 'name': 'nothing'}]
    )
    tag = {'tag': enqueued['actions'][0]['action']['tag']}
    watch = await on_model('Action', 7, 'WatchActionsProgress', entities=[tag])
    waiting = asyncio.ensure_future(
        on_model('StringsWatcher', 1, 'Next', of=watch['results'][0]['watcher-id'])
    )
    await state.write(actions.start, model, '2')
    await state.write(actions.log, model, '2', 'half done')

    assert enqueued['operation'] == 'operation-1'
    assert tag == {'tag': 'action-2'}
    assert enqueued['actions'][1]['error']['message'] == 'action "nothing" not defined on unit "web/0"'
    assert json.loads((await waiting)['changes'][0])['message'] == 'half done'
    result = (await on_model('Action', 7, 'Actions', entities=[tag]))['results'][0]
    assert (result['status'], result['action']['receiver']) == ('running', 'unit-web-0')
    assert result['action']['parameters'] == {'where': 'here', 'Where': 'there'}
    listed = await on_model('Action', 7, 'ListOperations', limit=1)
    assert (listed['results'][0]['operation'], listed['truncated']) == ('operation-1', False)


async def test_charms_tell_their_actions_as_schemas(deploy: Deploy, on_model: Call) -> None:
    await deploy('web')

    reply = await on_model('Action', 7, 'ApplicationsCharmsActions', entities=[{'tag': 'application-web'}])

    backup = reply['results'][0]['actions']['backup']
    assert backup['description'] == 'Make a copy.'
    assert backup['params']['properties'] == {'where': {'type': 'string', 'default': 'here'}}


async def test_ssh_is_told_address_and_host_key_once_a_machine_runs(
    on_model: Call, model: str, state: State
) -> None:
    added = await on_model('MachineManager', 10, 'AddMachines', params=[{'jobs': ['JobHostUnits']}])
    entities = [{'tag': 'machine-0'}, {'tag': 'machine-7'}]
    early = await on_model('SSHClient', 4, 'PublicAddress', entities=entities)
    await start_machine(state, model, '0')

    assert added == {'machines': [{'machine': '0'}]}
    assert early['results'][0]['error']['code'] == 'no address set'
    assert early['results'][1]['error']['code'] == 'not found'
    address = await on_model('SSHClient', 4, 'AllAddresses', entities=entities[:1])
    assert address == {'results': [{'addresses': ['10.1.2.3']}]}
    keys = await on_model('SSHClient', 4, 'PublicKeys', entities=entities[:1])
    assert keys == {'results': [{'public-keys': ['ssh-ed25519 AAAA host']}]}


async def test_ssh_keys_are_added_listed_and_deleted(on_model: Call) -> None:
    key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== me@here'
    listing: dict[str, Any] = {'entities': {'entities': [{'tag': 'user-admin'}]}}

    added = await on_model('KeyManager', 1, 'AddKeys', **{'user': 'admin', 'ssh-keys': [key, key, 'junk']})
    whole = await on_model('KeyManager', 1, 'ListKeys', **listing, mode=True)
    deleted = await on_model('KeyManager', 1, 'DeleteKeys', **{'user': 'admin', 'ssh-keys': ['me@here']})

    assert added['results'][0] == {}
    assert added['results'][1]['error']['code'] == 'already exists'
    assert added['results'][2]['error']['code'] == 'bad request'
    assert whole == {'results': [{'result': [key]}]}
    assert deleted == {'results': [{}]}
    assert await on_model('KeyManager', 1, 'ListKeys', **listing) == {'results': [{'result': []}]}


async def test_a_unit_is_shown_with_its_relation_data(
    deploy: Deploy, on_model: Call, model: str, state: State
) -> None:
    await deploy('web', **{'num-units': 2})
    await start_machine(state, model, '0')
    await state.write(uniter.enter_scope, model, 'web/0', 0)

    reply = await on_model(
        'Application', 19, 'UnitsInfo', entities=[{'tag': 'unit-web-0'}, {'tag': 'unit-web-9'}]
    )

    shown = reply['results'][0]['result']
    assert (shown['machine'], shown['address'], shown['life']) == ('0', '10.1.2.3', 'alive')
    peers = shown['relation-data'][0]
    assert (peers['endpoint'], peers['related-endpoint']) == ('cluster', 'cluster')
    assert peers['unit-relation-data']['web/0']['UnitData']['ingress-address'] == '10.1.2.3'
    assert peers['unit-relation-data']['web/0']['InScope'] is True
    assert peers['unit-relation-data']['web/1'] == {'InScope': False, 'UnitData': {}}
    assert reply['results'][1]['error']['message'] == 'unit "web/9" not found'

    await state.write(uniter.leave_scope, model, 'web/0', 0)
    reply = await on_model('Application', 19, 'UnitsInfo', entities=[{'tag': 'unit-web-1'}])
    departed = reply['results'][0]['result']['relation-data'][0]['unit-relation-data']['web/0']
    assert (departed['InScope'], departed['UnitData']['ingress-address']) == (False, '10.1.2.3')


async def test_lists_of_what_there_is_none_of_are_empty(on_model: Call) -> None:
    assert await on_model('Storage', 6, 'ListStorageDetails', filters=[{}]) == {'results': [{'result': []}]}
    assert await on_model('Block', 2, 'List') == {'results': []}
    spaces = await on_model('Spaces', 6, 'ListSpaces')
    assert [space['name'] for space in spaces['results']] == ['alpha']


async def test_the_history_of_a_unit_is_told_oldest_first(
    deploy: Deploy, on_model: Call, model: str, state: State
) -> None:
    await deploy('web')
    await state.write(uniter.set_unit_status, model, 'web/0', 'active', 'ready')
    request = {'historyKind': 'workload', 'size': 0, 'filter': {'size': 20}, 'tag': 'unit-web-0'}

    reply = await on_model(
        'Client',
        8,
        'StatusHistory',
        requests=[request, {**request, 'historyKind': 'x'}, {**request, 'tag': 'web'}],
    )

    told = [(entry['status'], entry['kind']) for entry in reply['results'][0]['history']['statuses']]
    assert told == [('waiting', 'workload'), ('active', 'workload')]
    assert [result['error']['code'] for result in reply['results'][1:]] == ['bad request', 'bad request']


async def test_the_leader_is_named_once_there_is_one(
    deploy: Deploy, on_model: Call, model: str, state: State
) -> None:
    await deploy('web')
    with pytest.raises(JujuError, match='could not determine leader'):
        await on_model('Application', 19, 'Leader', tag='application-web')

    await state.write(uniter.claim_leadership, model, 'web/0')

    assert await on_model('Application', 19, 'Leader', tag='application-web') == {'result': 'web/0'}


async def test_a_unit_in_error_is_resolved(deploy: Deploy, on_model: Call, model: str, state: State) -> None:
    await deploy('web')
    await state.write(uniter.set_agent_status, model, 'web/0', 'error', 'hook failed: "install"')

    status = await on_model('Client', 6, 'FullStatus')
    resolved = await on_model('Application', 19, 'ResolveUnitErrors', all=True, retry=True)

    shown = status['applications']['web']['units']['web/0']
    assert (shown['workload-status']['status'], shown['agent-status']['status']) == ('error', 'idle')
    assert resolved == {'results': [{}]}
    view = state.read(uniter.view, model, 'web/0')
    assert view is not None
    assert view.resolved == 'retry-hooks'


NAMELESS: dict[str, Any] = {
    'entities': [{'tag': ''}, {}],
    'applications': [{}],
    'args': [{}],
    'actions': [{}],
    'params': [{}],
    'models': [{}],
    'requests': [{}],
    'units': [{}],
}


@pytest.mark.parametrize('params', [{}, NAMELESS], ids=['nothing', 'nameless'])
async def test_no_method_breaks_on_requests_that_name_nothing(
    on_model: Call, on_controller: Call, params: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    for facade in facades.ALL.values():
        ask = on_controller if facade.scope is Scope.CONTROLLER else on_model
        for method in facade.methods:
            with contextlib.suppress(JujuError):
                await ask(facade.name, facade.versions[-1], method, **params)

    assert [record.message for record in caplog.records if record.levelname == 'ERROR'] == []
