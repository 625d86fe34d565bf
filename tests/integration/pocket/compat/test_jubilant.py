"""jubilant, unmodified: every method that it has, on one model."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Generator
from pathlib import Path

import jubilant
import pytest

from bedrock import process
from tests.integration.pocket.compat.conftest import CHARMS, Home, needs_machines

pytestmark = needs_machines

NOT_APPLICABLE = {'bootstrap': '`pocket up` is the bootstrap'}


@pytest.fixture(scope='module')
def juju(home: Home) -> Generator[jubilant.Juju]:
    """jubilant takes the environment of its process, and so do the programs that it starts."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in home.env.items():
            patch.setenv(name, value)
        juju = jubilant.Juju(wait_timeout=240)
        juju.add_model('jubilant', config={'update-status-hook-interval': '1h'})
        yield juju
        juju.destroy_model('jubilant', destroy_storage=True, force=True, timeout=120)


def test_every_method_of_jubilant_is_called() -> None:
    methods = {name for name, _ in inspect.getmembers(jubilant.Juju, inspect.isfunction) if name[0] != '_'}
    text = ''.join(path.read_text() for path in Path(__file__).parent.glob('test_jubilant*.py'))

    called = set(re.findall(r'\b(?:juju|shop|other|controller)\.(\w+)\(', text))

    assert sorted(methods - called) == sorted(NOT_APPLICABLE)


def test_every_helper_of_jubilant_is_used() -> None:
    helpers = {name for name in jubilant.__all__ if name.startswith(('all_', 'any_', 'temp_'))}
    text = ''.join(path.read_text() for path in Path(__file__).parent.glob('test_jubilant*.py'))

    assert sorted(name for name in helpers if f'jubilant.{name}' not in text) == []


def test_the_version_and_the_model_are_told(juju: jubilant.Juju) -> None:
    assert juju.version().tuple[:2] == (3, 6)
    model = juju.show_model()
    assert (model.short_name, model.cloud, model.life, model.is_controller) == (
        'jubilant',
        'pocket',
        'alive',
        False,
    )
    assert juju.show_model('controller').is_controller
    config = juju.model_config()
    assert config['update-status-hook-interval'] == '1h'
    juju.model_config({'default-base': 'ubuntu@24.04'})
    juju.model_config(reset=['default-base'])
    assert not juju.model_config().get('default-base')
    assert juju.model_constraints() == {}
    juju.model_constraints({'mem': '1G'})
    assert juju.model_constraints() == {'mem': 1024}
    juju.model_constraints({})
    assert juju.cli('whoami', '--format', 'json', include_model=False).startswith('{')


def test_charms_of_three_kinds_are_deployed_and_related(juju: jubilant.Juju, home: Home) -> None:
    juju.deploy(home.packed, 'db', config={'greeting': 'hey', 'size': 3, 'loud': False}, base='ubuntu@24.04')
    juju.deploy(CHARMS / 'classic', config={'note': 'first'}, constraints={'mem': '512M'})
    juju.deploy(CHARMS / 'layered', trust=True)
    with pytest.raises(jubilant.CLIError, match='already exists'):
        juju.deploy(CHARMS / 'layered')
    juju.integrate('db', 'classic')
    juju.integrate('db:db', 'layered:db')

    status = juju.wait(
        lambda status: jubilant.all_active(status) and jubilant.all_agents_idle(status),
        error=jubilant.any_error,
        delay=0.2,
    )

    assert {name: app.app_status.message for name, app in status.apps.items()} == {
        'db': 'hey',
        'classic': 'heard hey',
        'layered': 'hey!',
    }
    assert status.apps['db'].units['db/0'].open_ports == ['5432/tcp']
    assert (status.apps['db'].charm_name, status.apps['db'].version) == ('opsdb', '1.2')
    assert [related.related_app for related in status.apps['db'].relations['db']] == ['classic', 'layered']
    unit = juju.show_unit('classic/0')
    assert (unit.charm, unit.leader) == ('local:classic-0', True)
    data = unit.relation_info[0]
    assert data.app_data == {'greeting': 'hey'}
    assert data.related_units['db/0'].data['name'] == 'db/0'


def test_options_are_set_reset_and_refused(juju: jubilant.Juju) -> None:
    juju.config('db', {'greeting': 'good day', 'loud': True})
    juju.wait(lambda status: status.apps['layered'].app_status.message == 'good day!', delay=0.2)
    assert juju.status().apps['db'].app_status.message == 'GOOD DAY'
    assert juju.config('db')['size'] == 3
    juju.config('db', reset=['loud', 'size'])
    assert juju.config('db')['size'] == 1
    with pytest.raises(jubilant.CLIError, match='unknown option "none"'):
        juju.config('db', {'none': 1})
    juju.trust('db')
    assert juju.config('db', app_config=True)['trust'] is True
    juju.trust('db', remove=True)
    assert juju.config('db', app_config=True)['trust'] is False


def test_actions_and_commands_run(juju: jubilant.Juju) -> None:
    task = juju.run('db/leader', 'report', {'word': 'up'})
    assert (task.results['word'], task.results['config']) == ('up', {'size': '1'})
    assert [line.partition(' ')[2].endswith('reporting') for line in task.log] == [True]
    with pytest.raises(jubilant.TaskError) as refused:
        juju.run('db/0', 'refuse')
    assert (refused.value.task.status, refused.value.task.message) == ('failed', 'will not')
    with pytest.raises(jubilant.TaskError):
        juju.run('db/0', 'crash')
    with pytest.raises(ValueError, match='not defined'):
        juju.run('db/0', 'nothing')
    assert juju.run('classic/0', 'recall').results['note'] == 'first'
    assert juju.exec('hostname', unit='db/0').stdout.startswith('juju-')
    machine = juju.status().apps['db'].units['db/0'].machine
    assert juju.exec('id', '-un', machine=machine).stdout == 'ubuntu\n'
    with pytest.raises(jubilant.TaskError):
        juju.exec('exit 3', unit='db/0')
    with pytest.raises(TimeoutError):
        juju.exec('sleep 30', unit='layered/0', wait=0.01)


def test_secrets_are_shared_followed_and_removed(juju: jubilant.Juju) -> None:
    uri = juju.add_secret('login', {'user': 'joe', 'pass': 'x'}, info='who may look')
    with pytest.raises(jubilant.CLIError, match='already exists'):
        juju.add_secret('login', {'user': 'joe'})
    juju.config('db', {'login': uri})
    with pytest.raises(jubilant.TaskError) as refused:
        juju.run('db/0', 'report')
    assert 'permission denied' in refused.value.task.stderr
    juju.grant_secret('login', 'db')
    assert juju.run('db/0', 'report').results['user'] == 'joe'
    juju.update_secret(uri, {'user': 'ann'}, info='who else', name='logon')
    assert juju.run('db/0', 'report').results['user'] == 'ann'

    (secret,) = juju.secrets()
    assert (secret.uri.unique_identifier, secret.name) == (uri.unique_identifier, 'logon')
    assert juju.secrets(owner='db') == []
    revealed = juju.show_secret('logon', reveal=True)
    assert (revealed.content, revealed.revision, revealed.description) == ({'user': 'ann'}, 2, 'who else')
    assert juju.show_secret(uri, reveal=True, revision=1).content == {'user': 'joe', 'pass': 'x'}
    listed = juju.show_secret(uri, revisions=True)
    assert [revision.revision for revision in listed.revisions or []] == [1, 2]
    assert [access.target for access in listed.access or []] == ['application-db']
    juju.remove_secret(uri, revision=1)
    juju.update_secret(uri, {'user': 'eve'}, auto_prune=True)
    juju.config('db', reset='login')
    juju.remove_secret('logon')
    assert juju.secrets() == []
    with pytest.raises(jubilant.CLIError, match='not found'):
        juju.show_secret(uri)


def test_helpers_of_wait_see_every_status(juju: jubilant.Juju) -> None:
    every = {
        'active': (jubilant.all_active, jubilant.any_active),
        'blocked': (jubilant.all_blocked, jubilant.any_blocked),
        'maintenance': (jubilant.all_maintenance, jubilant.any_maintenance),
        'waiting': (jubilant.all_waiting, jubilant.any_waiting),
    }
    for value, (everywhere, somewhere) in every.items():
        juju.exec(f'status-set {value} said', unit='classic/0')
        status = juju.wait(lambda status, check=everywhere: check(status, 'classic'), delay=0.1)
        assert somewhere(status, 'classic', 'db')
        assert everywhere(status, 'classic', 'db') is (value == 'active')
        with pytest.raises(jubilant.WaitError):
            juju.wait(lambda _: False, error=lambda status, check=somewhere: check(status), delay=0.1)
    with pytest.raises(TimeoutError):
        juju.wait(jubilant.any_error, delay=0.1, timeout=0.3)
    juju.exec('status-set active "heard hey"', unit='classic/0')


def test_machines_are_reached_by_ssh_and_scp(juju: jubilant.Juju, home: Home) -> None:
    assert juju.ssh('db/0', 'echo', 'hello').strip() == 'hello'
    juju.exec('touch /var/lib/juju/mark && chmod 644 /var/lib/juju/mark', unit='db/0')
    (home.folder / 'sent').write_text('words')
    juju.scp(home.folder / 'sent', 'db/leader:/tmp/received')
    juju.scp('db/0:/tmp/received', home.folder / 'back')
    assert (home.folder / 'back').read_text() == 'words'
    process.run(
        ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'visitor', '-f', home.folder / 'own'],
        timeout_s=60,
    )
    juju.add_ssh_key((home.folder / 'own.pub').read_text().strip())
    assert 'visitor' in juju.cli('ssh-keys')
    juju.remove_ssh_key('visitor')
    assert 'visitor' not in juju.cli('ssh-keys')
    assert 'greeting is good day' in juju.debug_log()
    begun = [line for line in juju.debug_log(limit=3).splitlines() if line.startswith(('unit-', 'machine-'))]
    assert len(begun) == 3


def test_applications_scale_and_are_refreshed(juju: jubilant.Juju, home: Home) -> None:
    juju.refresh('db', path=home.packed)
    juju.add_unit('db', num_units=1)
    juju.add_machine(base='ubuntu@24.04')
    juju.wait(
        lambda status: (
            status.apps['db'].charm_rev == 1
            and len(status.apps['db'].units) == 2
            and all(machine.juju_status.current == 'started' for machine in status.machines.values())
            and jubilant.all_active(status)
            and jubilant.all_agents_idle(status)
        ),
        error=jubilant.any_error,
        delay=0.2,
    )
    spare = (juju.status().machines.keys() - {unit.machine for _, unit in _units(juju)}).pop()
    juju.cli('remove-machine', '--no-prompt', spare)
    juju.remove_unit('db/1')
    juju.wait(
        lambda status: list(status.apps['db'].units) == ['db/0'] and len(status.machines) == 3, delay=0.2
    )


def test_relations_and_applications_are_removed(juju: jubilant.Juju) -> None:
    juju.remove_relation('db', 'classic')
    juju.wait(lambda status: jubilant.all_blocked(status, 'classic'), error=jubilant.any_error, delay=0.2)
    juju.config('classic', {'note': 'trouble'})
    broken = juju.wait(lambda status: jubilant.any_error(status, 'classic'), delay=0.2, successes=1)
    assert jubilant.all_error(broken, 'classic')
    juju.remove_application('classic', force=True)
    juju.remove_application('layered', 'db')
    juju.wait(lambda status: not status.apps and not status.machines, delay=0.2)


def test_a_suite_for_pytest_jubilant_passes(home: Home) -> None:
    said = home.pytest(Path(sys.executable), 'suite_for_pytest_jubilant.py')

    assert '3 passed' in said


def _units(juju: jubilant.Juju) -> list[tuple[str, jubilant.statustypes.UnitStatus]]:
    return [entry for app in juju.status().apps.values() for entry in app.units.items()]
