"""A day of work through python-libjuju, as its users write it; runs where that library is installed.

Arguments: the folder of the test charms, a packed charm, a scratch folder. The Juju client's files are found by
JUJU_DATA, as always. Each step prints its name when it is done; the first one that fails ends the program.
"""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

from juju.client import client
from juju.client.connection import Connection
from juju.controller import Controller
from juju.model import Model

import libjuju_subjects as subjects
from libjuju_subjects import CHARMS, IDLE, PACKED, SCRATCH, done, expect_refusal


async def controller_side(controller: Controller) -> None:
    assert controller.is_connected()
    assert controller.controller_name
    assert await controller.get_cloud() == 'pocket'
    assert 'cloud-pocket' in (await controller.clouds()).clouds
    assert (await controller.cloud('pocket')).cloud.type_ == 'pocket'
    assert (await controller.get_current_user()).username == 'admin'
    assert [user.username for user in await controller.get_users()] == ['admin']
    facade = client.ControllerFacade.from_connection(controller.connection())
    assert (await facade.ControllerConfig()).config['controller-uuid'] == controller.controller_uuid
    assert 'controller' in await controller.list_models()
    done('controller')


async def model_settings(model: Model) -> None:
    await model.set_config({'update-status-hook-interval': '10m'})
    assert (await model.get_config())['update-status-hook-interval'].value == '10m'
    await model.set_constraints({'mem': 512})
    assert (await model.get_constraints())['mem'] == 512
    await model.set_constraints({})
    await model.set_annotations({'purpose': 'test'})
    assert await model.get_annotations() == {'purpose': 'test'}
    assert [space.name for space in await model.get_spaces()] == ['alpha']
    key = Path(SCRATCH, 'id.pub').read_text().strip()
    await model.add_ssh_key('admin', key)
    listed = await model.get_ssh_keys(raw_ssh=True)
    assert key in listed.results[0].result
    await model.remove_ssh_key('admin', key)
    done('model settings')


async def deploy(model: Model) -> None:
    classic = await model.deploy(str(CHARMS / 'classic'), config={'note': 'first'}, num_units=1)
    database = await model.deploy(str(PACKED), application_name='db', config={'greeting': 'hey', 'size': 7})
    assert (classic.name, database.name) == ('classic', 'db')
    await model.wait_for_idle(apps=['classic'], status='blocked', **IDLE)
    await model.wait_for_idle(apps=['db'], status='active', **IDLE)
    assert database.units[0].workload_status_message == 'hey'
    assert classic.status == 'blocked'
    await expect_refusal(model.deploy(str(CHARMS / 'classic')), 'already exists')
    done('deploy')


async def relate(model: Model) -> None:
    relation = await model.integrate('db', 'classic')
    assert {endpoint.application_name for endpoint in relation.endpoints} == {'db', 'classic'}
    await model.wait_for_idle(status='active', **IDLE)
    unit = model.applications['classic'].units[0]
    assert unit.workload_status_message == 'heard hey'
    assert [r.key for r in model.applications['classic'].relations] == ['classic:db db:db']
    await expect_refusal(model.integrate('db', 'nothing'), 'application "nothing" not found')
    done('integrate')


async def configure(model: Model) -> None:
    database = model.applications['db']
    await database.set_config({'greeting': 'good day', 'loud': 'true'})
    await model.block_until(lambda: database.units[0].workload_status_message == 'GOOD DAY', timeout=120)
    config = await database.get_config()
    assert (config['greeting']['value'], config['size']['value']) == ('good day', 7)
    await database.reset_config(['loud'])
    await model.block_until(lambda: database.units[0].workload_status_message == 'good day', timeout=120)
    await expect_refusal(database.set_config({'none': 'x'}), 'unknown option "none"')
    await database.set_constraints({'cores': 1})
    assert (await database.get_constraints())['cores'] == 1
    await database.set_annotations({'kind': 'store'})
    assert await database.get_annotations() == {'kind': 'store'}
    await database.set_trusted(True)
    assert await database.get_trusted() is True
    await database.expose()
    await model.block_until(lambda: database.exposed, timeout=60)
    await database.unexpose()
    done('config')


async def act(model: Model) -> None:
    unit = model.applications['db'].units[0]
    assert sorted(await model.applications['db'].get_actions()) == ['crash', 'refuse', 'report']
    action = await (await unit.run_action('report', word='up')).wait()
    assert action.status == 'completed'
    assert action.results['word'] == 'up'
    assert action.results['config'] == {'size': '7'}
    refused = await (await unit.run_action('refuse')).wait()
    assert (refused.status, refused.safe_data['message']) == ('failed', 'will not')
    assert (await model.get_action_output(action.entity_id))['word'] == 'up'
    await expect_refusal(unit.run_action('nothing'), '`nothing` not found')
    run = await unit.run('echo out; echo err >&2; exit 3', block=True)
    assert run.status == 'completed'
    assert run.results == {'return-code': 3, 'stdout': 'out\n', 'stderr': 'err\n'}
    everywhere = await model.applications['classic'].run('true')
    assert [found.action.receiver for found in everywhere.actions] == ['unit-classic-0']
    done('actions')


async def reach(model: Model) -> None:
    unit = model.applications['db'].units[0]
    assert await unit.is_leader_from_status()
    address = await unit.get_public_address()
    assert address == unit.machine.dns_name
    assert (await unit.ssh('hostname')).strip() == unit.machine.hostname
    Path(SCRATCH, 'sent').write_text('words')
    await unit.scp_to(str(SCRATCH / 'sent'), '/tmp/sent')
    assert await unit.ssh('cat /tmp/sent') == 'words'
    await unit.scp_from('/tmp/sent', str(SCRATCH / 'back'))
    assert Path(SCRATCH, 'back').read_text() == 'words'
    assert (await unit.machine.ssh('cat /tmp/sent')).strip() == 'words'
    log = io.StringIO()
    connection = model.connection()
    # Model.debug_log of this version hands its connection an argument too many; this is what it means to do.
    wanted = {'include': ['unit-db-0'], 'exclude': [], 'include_module': [], 'exclude_module': [], 'level': 'INFO'}
    stream = await Connection.connect(
        endpoint=connection.endpoint,
        uuid=connection.uuid,
        username=connection.username,
        password=connection.password,
        cacert=connection.cacert,
        debug_log_conn=log,
        debug_log_params={**wanted, 'limit': 5},
    )
    await asyncio.wait_for(stream._debug_log_task, 60)
    assert 'greeting is hey' in log.getvalue()
    assert all(line.startswith('unit-db-0') for line in log.getvalue().splitlines())
    done('ssh, scp, debug-log')


async def scale(model: Model) -> None:
    database = model.applications['db']
    added = await database.add_unit(count=1)
    assert [unit.name for unit in added] == ['db/1']
    await model.wait_for_idle(apps=['db'], status='active', wait_for_exact_units=2, **IDLE)
    machine = await model.add_machine()
    await model.block_until(lambda: machine.agent_status == 'started', timeout=120)
    await machine.set_annotations({'spare': 'yes'})
    third = (await database.add_unit(to=machine.id))[0]
    assert third.name == 'db/2'
    await model.wait_for_idle(apps=['db'], status='active', wait_for_exact_units=3, **IDLE)
    assert third.machine.id == machine.id
    await database.destroy_unit('db/1', 'db/2')
    await model.block_until(lambda: len(database.units) == 1, timeout=120)
    done('units and machines')


async def refresh(model: Model) -> None:
    database = model.applications['db']
    await database.refresh(path=str(PACKED))
    await model.block_until(lambda: database.safe_data['charm-url'] == 'local:opsdb-1', timeout=60)
    await model.wait_for_idle(status='active', **IDLE)
    done('refresh')


async def resolve(model: Model) -> None:
    classic = model.applications['classic']
    await classic.set_config({'note': 'trouble'})
    await model.block_until(lambda: classic.units[0].workload_status == 'error', timeout=120)
    assert classic.units[0].workload_status_message == 'hook failed: "config-changed"'
    await classic.set_config({'note': 'peace'})
    await classic.units[0].resolved(retry=True)
    await model.block_until(lambda: classic.units[0].workload_status != 'error', timeout=120)
    await model.wait_for_idle(apps=['classic'], status='active', **IDLE)
    done('resolved')


async def look(model: Model) -> None:
    status = await model.get_status()
    assert set(status.applications) == {'classic', 'db'}
    assert (await model.get_status(filters=['db'])).applications['db'].units['db/0'].leader
    facade = client.ApplicationFacade.from_connection(model.connection())
    info = await facade.UnitsInfo(entities=[client.Entity('unit-classic-0')])
    assert info.results[0].result.relation_data[0].applicationdata == {'greeting': 'good day'}
    history = await client.ClientFacade.from_connection(model.connection()).StatusHistory(
        requests=[client.StatusHistoryRequest({'size': 200}, 'unit', 200, 'unit-db-0')]
    )
    assert any(entry.info == 'good day' for entry in history.results[0].history.statuses)
    second = Model()
    await second.connect(model_name=model.name)
    assert set(second.applications) == {'classic', 'db'}
    assert [deltas[-1]['name'] for deltas in second.state.state['action'].values()].count('report') == 1
    await second.disconnect()
    done('status')


async def remove(model: Model) -> None:
    await model.applications['classic'].destroy_relation('db', 'db:db')
    await model.wait_for_idle(apps=['classic'], status='blocked', **IDLE)
    await model.remove_application('classic', block_until_done=True, timeout=120)
    assert 'classic' not in model.applications
    await expect_refusal(model.remove_application('classic'), '')
    done('removal')


async def survive(model: Model) -> None:
    """What no facade has is refused, and the connection goes on."""
    connection: Connection = model.connection()
    for wrong in ({'type': 'Nothing', 'request': 'Call', 'version': 1}, {'type': 'Client', 'request': 'Nope', 'version': 6}):
        await expect_refusal(connection.rpc(dict(wrong, params={})), '')
    assert (await model.get_status()).model.name == model.name
    done('refusals')


async def main() -> None:
    controller = Controller()
    await controller.connect()
    await controller_side(controller)
    model = await controller.add_model('libjuju')
    try:
        for step in (
            *(model_settings, deploy, relate, configure, act, reach, scale, refresh, resolve, look, survive),
            *(subjects.secrets, subjects.resources, subjects.storage, subjects.store, subjects.between_models),
            *(subjects.faults, remove),
        ):
            await step(model)
    finally:
        await model.disconnect()
    await controller.destroy_model('libjuju', destroy_storage=True, force=True, max_wait=60)
    async with asyncio.timeout(120):
        while 'libjuju' in await controller.list_models():
            await asyncio.sleep(0.2)
    done('destroy')
    await controller.disconnect()


asyncio.run(main())
