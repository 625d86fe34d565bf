"""What a model has beside applications, through python-libjuju: the second half of libjuju_session.py."""

from __future__ import annotations

import asyncio
import io
import sys
from pathlib import Path

from juju.client import client
from juju.client.jujudata import NoModelException
from juju.constraints import parse_storage_constraint
from juju.controller import Controller
from juju.errors import JujuError
from juju.model import Model

CHARMS, PACKED, SCRATCH = (Path(word) for word in sys.argv[1:4])
IDLE = {'timeout': 240, 'idle_period': 0.4, 'check_freq': 0.1}
BUNDLE = f"""
default-base: ubuntu@22.04
applications:
  classic: {{charm: {CHARMS}/classic, num_units: 1, to: ["0"], options: {{note: bundled}}, expose: true}}
  layered: {{charm: {CHARMS}/layered, num_units: 1, to: ["0"], options: {{suffix: "?"}}}}
machines: {{"0": {{annotations: {{where: here}}}}}}
"""
OVERLAY = """
applications: {layered: {options: {suffix: ", all"}}}
saas: {lent: {url: admin/libjuju.lent}}
relations: [["layered:db", "lent:db"]]
"""


def done(step: str) -> None:
    print('ok', step, flush=True)


async def expect_refusal(awaitable, words: str, *kinds: type[BaseException]) -> None:
    """*awaitable* has to end in an error (of the API, if no kind is named) that holds *words*."""
    try:
        await awaitable
    except kinds or (JujuError, ValueError) as error:
        assert words in str(error), error
    else:
        raise AssertionError(f'nothing was refused; expected {words!r}')


async def report(model: Model) -> dict[str, str]:
    """What the charm of db tells."""
    action = await (await model.applications['db'].units[0].run_action('report')).wait()
    assert action.status == 'completed', action.results
    return action.results


async def secrets(model: Model) -> None:
    database = model.applications['db']
    uri = await model.add_secret('login', ['user=joe', 'pass=x'], info='who may look')
    await model.grant_secret('login', 'db')
    await database.set_config({'login': uri})
    assert (await report(model))['user'] == 'joe'
    await model.update_secret('login', ['user=ann'], new_name='logon')
    assert (await report(model))['user'] == 'ann'
    (found,) = await model.list_secrets(show_secrets=True)
    assert (found.label, found.description, found.latest_revision) == ('logon', 'who may look', 2)
    assert found.value.data == {'user': 'YW5u'}
    await model.remove_secret('logon', revision=1)
    assert [revision.revision for revision in (await model.list_secrets())[0].revisions] == [2]
    await model.revoke_secret('logon', 'db')
    action = await (await database.units[0].run_action('report')).wait()
    assert (action.status, 'permission denied' in action.results['stderr']) == ('failed', True)
    await database.reset_config(['login'])
    await expect_refusal(model.remove_secret('nothing'), 'not found')
    await model.remove_secret('logon')
    assert await model.list_secrets() == []
    done('secrets')


async def resources(model: Model) -> None:
    database = model.applications['db']
    assert 'words' not in await report(model)
    file = SCRATCH / 'words.txt'
    file.write_text('brought')
    with file.open() as opened:
        database.attach_resource('words', file.name, opened)
    await model.block_until(lambda: database.units[0].agent_status == 'executing', timeout=60)
    await model.wait_for_idle(apps=['db'], status='active', **IDLE)
    assert (await report(model))['words'] == 'brought'
    with file.open() as opened:
        try:
            database.attach_resource('nothing', file.name, opened)
        except JujuError as error:
            assert 'not found' in str(error)
        else:
            raise AssertionError('a resource that the charm has not was taken')
    done('resources')


async def storage(model: Model) -> None:
    unit = model.applications['db'].units[0]
    assert {'loop', 'rootfs', 'tmpfs'} <= {pool['name'] for pool in await model.list_storage_pools()}
    await model.create_storage_pool('quick', 'tmpfs', 'colour=red')
    await model.update_storage_pool('quick', 'colour=blue')
    assert {'name': 'quick', 'provider': 'tmpfs', 'attrs': {'colour': 'blue'}} in await model.list_storage_pools()
    assert await unit.add_storage('scratch', pool='quick', size=16) == ['storage-scratch-0']
    assert await unit.add_storage('scratch', pool='loop', size=16) == ['storage-scratch-1']
    places = '/var/lib/juju/storage/scratch/0 /var/lib/juju/storage/scratch/1'
    await until(lambda: told(model, places))
    (kept,) = await model.show_storage_details('scratch/1')
    assert (kept['storage-tag'], kept['owner-tag'], kept['persistent']) == ('storage-scratch-1', 'unit-db-0', True)
    assert [one['info'].pool for one in await model.list_storage(filesystem=True)] == ['quick', 'loop']
    assert [one['info'].pool for one in await model.list_storage(volume=True)] == ['loop']
    await unit.detach_storage('scratch/1')
    # The charm is told first and the device goes then; only a free one can be attached.
    await until(lambda: detached(model, 'scratch/1'))
    assert await told(model, places.split()[0])
    await unit.attach_storage(['scratch/1'])
    await until(lambda: told(model, places))
    await expect_refusal(model.remove_storage_pool('quick'), 'storage pool "quick" in use')
    # The library wants the tag here, not the name that its other methods take.
    for tag in ('storage-scratch-0', 'storage-scratch-1'):
        await model.remove_storage(tag, force=True, destroy_storage=True)
    await until(lambda: told(model, ''))
    await until(lambda: no_storage(model))
    await model.remove_storage_pool('quick')
    done('storage')


async def told(model: Model, places: str) -> bool:
    return (await report(model))['scratch'] == places


async def detached(model: Model, storage: str) -> bool:
    (kept,) = await model.show_storage_details(storage)
    return kept['status'].status == 'detached'


async def no_storage(model: Model) -> bool:
    return await model.list_storage() == []


async def until(condition) -> None:
    """Ask until *condition* holds."""
    async with asyncio.timeout(120):
        while not await condition():
            await asyncio.sleep(0.2)


async def store(model: Model) -> None:
    """A charm of a store, with storage, on a machine that is there."""
    machine = model.applications['db'].units[0].machine.id
    keeper = await model.deploy(
        'ch:keeper',
        base='ubuntu@24.04',
        channel='latest/stable',
        to=machine,
        bind={'': 'alpha'},
        storage={'data': parse_storage_constraint('tmpfs,16M')},
    )
    await model.wait_for_idle(apps=['keeper'], status='active', **IDLE)
    assert keeper.units[0].workload_status_message == 'hello r1'
    assert keeper.charm_name == 'keeper'
    assert (await keeper.get_resources())['words'].origin == 'store'
    assert [one['storage-tag'] for one in await model.list_storage()] == ['storage-data-2']
    assert (await model.charmhub.info('keeper'))['name'] == 'keeper'
    await keeper.refresh(channel='latest/edge', revision=2)
    await said(model, 'keeper', 'goodbye r2')
    await keeper.refresh(revision=1, resources={'words': 1})
    await said(model, 'keeper', 'hello r1')
    await expect_refusal(model.deploy('ch:nothing'), 'not found')
    await model.remove_application('keeper', block_until_done=True, destroy_storage=True, timeout=120)
    done('store')


async def said(model: Model, application: str, message: str) -> None:
    unit = model.applications[application].units[0]
    await model.block_until(lambda: unit.workload_status_message == message, timeout=120)
    await model.wait_for_idle(apps=[application], status='active', **IDLE)


async def between_models(model: Model) -> None:
    """Another cloud, a model there, a bundle in it, and what it consumes of the first model."""
    controller = await model.get_controller()
    cloud = client.Cloud(type_='pocket', auth_types=['empty'], endpoint='', regions=[client.CloudRegion(name='r1')])
    assert (await controller.add_cloud('rain', cloud)).type_ == 'pocket'
    credential = client.CloudCredential(auth_type='empty', attrs={})
    assert await controller.add_credential('me', credential=credential, cloud='rain') == 'me'
    other = await controller.add_model('others', cloud_name='rain', region='r1', credential_name='me')
    try:
        await model.create_offer('db:db', offer_name='lent')
        (offer,) = (await model.list_offers()).results
        assert (offer.offer_name, offer.application_name) == ('lent', 'db')
        await deploy_bundle(other)
        assert await other.consume('admin/libjuju.lent', application_alias='again') == 'again'
        relation = await other.integrate('classic:db', 'again')
        assert relation.key == 'classic:db again:db'
        await other.wait_for_idle(apps=['classic'], status='active', **IDLE)
        assert other.applications['classic'].units[0].workload_status_message == 'heard good day'
        assert set(other.remote_applications) == {'again', 'lent'}
        exported = await other.export_bundle()
        assert 'admin/libjuju.lent' in exported, exported
        assert ', all' in exported, exported
        await other.applications['classic'].destroy_relation('db', 'again:db')
        await other.remove_saas('again')
        await other.block_until(lambda: 'again' not in other.remote_applications, timeout=60)
        await model.remove_offer('admin/libjuju.lent', force=True)
        await other.wait_for_idle(apps=['layered'], status='waiting', **IDLE)
    finally:
        await other.disconnect()
    await controller.destroy_models('others', destroy_storage=True, force=True)
    await until(lambda: no_model(controller, 'others'))
    await controller.remove_cloud('rain')
    assert set((await controller.clouds()).clouds) == {'cloud-pocket', 'cloud-k8s'}
    await controller.disconnect()
    done('clouds, offers, bundle')


async def deploy_bundle(other: Model) -> None:
    bundle, overlay = SCRATCH / 'bundle.yaml', SCRATCH / 'overlay.yaml'
    bundle.write_text(BUNDLE)
    overlay.write_text(OVERLAY)
    await other.deploy(str(bundle), overlays=[str(overlay)])
    await other.wait_for_idle(apps=['layered'], status='active', **IDLE)
    assert other.applications['layered'].units[0].workload_status_message == 'good day, all'
    assert other.applications['classic'].exposed
    assert list(other.machines) == ['0']
    assert await other.machines['0'].get_annotations() == {'where': 'here'}
    config = await other.applications['classic'].get_config()
    assert config['note']['value'] == 'bundled'


async def no_model(controller: Controller, name: str) -> bool:
    return name not in await controller.list_models()


async def faults(model: Model) -> None:
    """What this version of the library cannot do with any controller; docs/reference/juju.md has the list."""
    connection = model.connection()
    # What it stumbles over first depends on what the client's files say of a current model.
    stumbles = (TypeError, KeyError, NoModelException)
    await expect_refusal(model.debug_log(target=io.StringIO(), limit=1, no_tail=True), '', *stumbles)
    await connect_again(model, connection)
    await expect_refusal(model.get_action_status(name='report'), 'FindActionsByNames', AttributeError)
    await expect_refusal(model.charmhub.find('keeper'), 'CharmHubFacade', AttributeError)
    await expect_refusal(model.deploy(str(CHARMS / 'opsdb'), 'twin'), 'Unable to determine base', JujuError)
    assert await model.applications['db'].get_resources() == {}
    done('faults of the library')


async def connect_again(model: Model, connection) -> None:
    """debug_log hands a new connection to the model before it fails."""
    if not model.is_connected():
        await model.connect(uuid=connection.uuid)
