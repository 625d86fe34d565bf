"""The charm's events: Juju simulated, files below a temporary root, a keeper that says what it is told."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import ops
import pytest
import yaml
from ops import testing

from repository_cache.client import KeeperDown
from repository_cache.machine import CommandError, Machine

ROOT = Path(__file__).parent.parent.parent
_SPEC = importlib.util.spec_from_file_location('repository_cache_charm', ROOT / 'src' / 'charm.py')
assert _SPEC is not None
assert _SPEC.loader is not None
charm = importlib.util.module_from_spec(_SPEC)
sys.modules['repository_cache_charm'] = charm
_SPEC.loader.exec_module(charm)
META: dict[str, Any] = yaml.safe_load((ROOT / 'charmcraft.yaml').read_text())

READY: dict[str, Any] = {
    'state': 'ready',
    'generation': 3,
    'digest': 'd' * 64,
    'age': 130.0,
    'hit_share': 96.4,
    'suites': [
        {'suite': 'bookworm', 'components': ['main']},
        {'suite': 'bookworm-updates', 'components': ['main', 'contrib']},
    ],
    'sync': {'problems': {}, 'seconds': 1.5},
}
BUILDING: dict[str, Any] = {**READY, 'state': 'building', 'generation': 0, 'suites': []}


class Keeper:
    """Stands for the keeper's socket."""

    def __init__(self) -> None:
        self.state: dict[str, Any] | None = READY
        self.asked: list[str] = []
        self.answer: dict[str, Any] = {}

    def report(self) -> dict[str, Any]:
        if self.state is None:
            raise KeeperDown('the keeper does not answer')
        return self.state

    def wait_ready(self, *, timeout_s: float) -> dict[str, Any]:
        self.asked.append(f'wait-ready {timeout_s:g}')
        return self.report()

    def command(self, name: str, *, timeout_s: float = 600) -> dict[str, Any]:
        self.asked.append(name)
        self.report()
        return self.answer

    def snapshots(self) -> list[dict[str, Any]]:
        suites = [{'suite': 'bookworm', 'date': 60}]
        return [{'generation': 3, 'built': 0, 'current': True, 'digest': 'd', 'suites': suites}]


class Programs:
    """Records what would be run."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.failing: Callable[[str], bool] = lambda _: False

    def __call__(self, argv: Sequence[str], *, timeout: float = 60) -> str:
        line = ' '.join(argv)
        self.ran.append(line)
        if self.failing(line):
            raise CommandError(line)
        return {'dpkg': 'amd64\n', 'nginx': 'nginx version: nginx/1.22.1 (Ubuntu)\n'}.get(argv[0], '')


@dataclasses.dataclass
class World:
    """A charm under test with its surroundings."""

    context: testing.Context[ops.CharmBase]
    root: Path
    keeper: Keeper
    programs: Programs

    def file(self, path: str) -> Path:
        return self.root / path.lstrip('/')


CONFIG: dict[str, str | int | float | bool] = {
    'sync-host': 'auto',
    'mirror-series': 'auto',
    'path-base': 'auto',
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    root = tmp_path / 'root'
    texts = {
        'etc/os-release': 'ID=debian\nVERSION_CODENAME="bookworm"\n',
        'etc/apt/sources.list': 'deb http://deb.example/debian bookworm main\n',
        'etc/resolv.conf': 'nameserver 192.0.2.53\n',
        'usr/sbin/nginx': '',
        'usr/bin/gpgv': '',
        'usr/share/keyrings/debian-archive-keyring.gpg': '',
        'run/repository-keeper/control.socket': '',
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    keeper, programs = Keeper(), Programs()

    class Charm(charm.RepositoryCacheCharm):
        def make_machine(self) -> Machine:
            return Machine(root=root, runner=programs)

        def make_keeper(self) -> Keeper:
            return keeper

    context = testing.Context(
        cast('type[ops.CharmBase]', Charm),
        meta={k: v for k, v in META.items() if k not in ('config', 'actions', 'parts', 'platforms', 'type')},
        config=META['config'],
        actions=META['actions'],
    )
    return World(context, root, keeper, programs)


def _state(**more: Any) -> testing.State:
    values: dict[str, Any] = {'config': CONFIG, **more}
    return testing.State(**values)


def _converged(world: World, **more: Any) -> testing.State:
    return world.context.run(world.context.on.config_changed(), _state(**more))


# -- hooks ----------------------------------------------------------------------------------------------


def test_install_starts_the_keeper_before_it_installs_nginx(world: World) -> None:
    world.file('/usr/sbin/nginx').unlink()
    world.context.run(world.context.on.install(), _state())
    ran = world.programs.ran
    keeper = ran.index('systemctl restart repository-keeper.service')
    nginx = next(i for i, line in enumerate(ran) if 'install -y' in line and 'nginx-light' in line)
    assert keeper < nginx
    assert not any(line.endswith(' update') for line in ran)


def test_install_refreshes_the_package_lists_only_when_the_first_try_fails(world: World) -> None:
    world.file('/usr/sbin/nginx').unlink()
    world.programs.failing = lambda line: (
        'install -y' in line and not any(ran.endswith(' update') for ran in world.programs.ran)
    )
    world.context.run(world.context.on.install(), _state())
    ours = [line.split(' ')[3:][0] for line in world.programs.ran if line.startswith('apt-get')]
    assert ours == ['install', 'update', 'install']


def test_a_ready_unit_is_active_and_says_what_it_serves(world: World) -> None:
    out = _converged(world)
    assert out.unit_status == testing.ActiveStatus('serving g3, 2 min old, 2 suites, 96 % hits')
    assert out.opened_ports == frozenset({testing.TCPPort(80)})
    assert out.workload_version == '1.22.1'
    assert world.keeper.asked == ['wait-ready 120']


def test_the_wait_for_the_first_snapshot_shows_in_the_status(world: World) -> None:
    _converged(world)
    assert testing.MaintenanceStatus('building the first snapshot') in world.context.unit_status_history


@pytest.mark.parametrize(
    ('state', 'status'),
    [
        (BUILDING, testing.WaitingStatus('building the first snapshot')),
        (
            {**BUILDING, 'sync': {'problems': {'x': 'no route'}}},
            testing.WaitingStatus('building the first snapshot: no route'),
        ),
        (None, testing.WaitingStatus('the keeper does not answer')),
        (
            {**READY, 'state': 'draining'},
            testing.MaintenanceStatus('draining: run the action undrain to serve again'),
        ),
    ],
)
def test_a_unit_that_is_not_ready_is_never_active(
    world: World, state: dict[str, Any] | None, status: testing.WaitingStatus
) -> None:
    world.keeper.state = state
    assert _converged(world).unit_status == status


def test_update_status_refreshes_the_text(world: World) -> None:
    before = _converged(world)
    world.keeper.state = {**READY, 'generation': 4, 'age': 8000.0}
    out = world.context.run(world.context.on.update_status(), before)
    assert out.unit_status == testing.ActiveStatus('serving g4, 2 h old, 2 suites, 96 % hits')


def test_a_wrong_option_blocks_and_changes_nothing(world: World) -> None:
    out = _converged(world, config={**CONFIG, 'sync-interval': 'often'})
    assert isinstance(out.unit_status, testing.BlockedStatus)
    assert out.unit_status.message.startswith('sync-interval: "often"')
    assert not any('systemctl' in line for line in world.programs.ran)


def test_a_keyring_that_is_not_there_blocks(world: World) -> None:
    out = _converged(world, config={**CONFIG, 'keyring': '/srv/none.gpg'})
    assert out.unit_status == testing.BlockedStatus('keyring: /srv/none.gpg is not on the machine')


def test_nothing_restarts_when_nothing_changed(world: World) -> None:
    before = _converged(world)
    world.programs.ran.clear()
    world.context.run(world.context.on.config_changed(), before)
    assert [line for line in world.programs.ran if 'restart' in line or 'reload' in line] == []


def test_another_interval_restarts_the_keeper_alone(world: World) -> None:
    before = _converged(world)
    world.programs.ran.clear()
    changed = dataclasses.replace(before, config={**CONFIG, 'sync-interval': '1h'})
    world.context.run(world.context.on.config_changed(), changed)
    touched = [line for line in world.programs.ran if 'restart' in line or 'reload' in line]
    assert touched == ['systemctl restart repository-keeper.service']
    assert json.loads(world.file('/etc/repository-keeper/keeper.json').read_text())['sync_interval'] == 3600


def test_a_configuration_that_nginx_refuses_does_not_replace_the_good_one(world: World) -> None:
    before = _converged(world)
    good = world.file('/etc/repository-keeper/nginx.conf').read_text()
    world.programs.failing = lambda line: line.startswith('nginx -t')
    changed = dataclasses.replace(before, config={**CONFIG, 'port': 81})
    out = world.context.run(world.context.on.config_changed(), changed)
    assert isinstance(out.unit_status, testing.BlockedStatus)
    assert world.file('/etc/repository-keeper/nginx.conf').read_text() == good


def test_stop_drains_before_it_stops(world: World) -> None:
    before = _converged(world)
    world.programs.ran.clear()
    world.context.run(world.context.on.stop(), before)
    assert world.keeper.asked[-1] == 'drain'
    stopped = [line.rpartition(' ')[2] for line in world.programs.ran if '--now' in line]
    assert stopped == ['nginx.service', 'repository-keeper.service']


# -- relations ------------------------------------------------------------------------------------------


def test_haproxy_gets_a_whole_service_without_cookies_and_with_draining(world: World) -> None:
    relation = testing.Relation('website')
    out = _converged(world, relations=[relation])
    data = out.get_relation(relation.id).local_unit_data
    assert data['port'] == '80'
    assert data['hostname']
    (service,) = yaml.safe_load(data['services'])
    assert service['service_name'] == 'ubuntu-repository-cache'
    assert {'balance uri path-only', 'hash-type consistent', 'option httpchk GET /healthz'} <= set(
        service['service_options']
    )
    assert 'http-check disable-on-404' in service['service_options']
    assert not any('cookie' in option for option in service['service_options'])
    ((name, address, port, server_options),) = service['servers']
    assert (name, port) == ('ubuntu-repository-cache-0-80', 80)
    assert address == '192.0.2.0'
    assert server_options == 'check inter 2000 rise 2 fall 2'


def test_the_service_definition_can_be_left_to_haproxy(world: World) -> None:
    relation = testing.Relation('website', local_unit_data={'services': 'old'})
    out = _converged(world, relations=[relation], config={**CONFIG, 'publish-services': False})
    data = out.get_relation(relation.id).local_unit_data
    assert 'services' not in data
    assert data['port'] == '80'


def test_units_can_be_compared_by_what_they_serve(world: World) -> None:
    peers = testing.PeerRelation('cluster')
    out = _converged(world, relations=[peers])
    data = out.get_relation(peers.id).local_unit_data
    assert (data['generation'], data['digest']) == ('3', 'd' * 64)


def test_checks_come_and_go_with_the_nrpe_relation(world: World) -> None:
    relation = testing.SubordinateRelation('nrpe-external-master')
    out = world.context.run(world.context.on.relation_created(relation), _state(relations=[relation]))
    folder = world.file('/etc/nagios/nrpe.d')
    names = {file.stem for file in folder.iterdir()}
    assert names == {
        'check_repository_age',
        'check_repository_sync',
        'check_repository_store',
        'check_nginx',
    }
    line = (folder / 'check_nginx.cfg').read_text().splitlines()[-1]
    name, _, command = line.removeprefix('command[').partition(']=')
    assert name == 'check_nginx'
    plugin = world.file(command.split()[0])
    assert plugin.stat().st_mode & 0o111
    assert (plugin.parent / 'repository_plugin.py').exists()
    data = yaml.safe_load(out.get_relation(relation.id).local_unit_data['monitors'])
    assert data['version'] == '0.3'
    assert set(data['monitors']['remote']['nrpe']) == names
    assert data['monitors']['remote']['http']['repository']['path'] == '/healthz'
    world.context.run(world.context.on.relation_broken(out.get_relation(relation.id)), out)
    assert list(folder.iterdir()) == []
    assert not plugin.exists()


def test_local_monitors_gets_what_the_agent_can_make_itself(world: World) -> None:
    relation = testing.SubordinateRelation('local-monitors')
    out = world.context.run(world.context.on.relation_created(relation), _state(relations=[relation]))
    monitors = yaml.safe_load(out.get_relation(relation.id).local_unit_data['monitors'])['monitors']
    assert monitors['local']['procrunning']['nginx']['executable'] == 'nginx'
    assert not world.file('/etc/nagios/nrpe.d').exists()


# -- actions --------------------------------------------------------------------------------------------


def test_apt_sources_is_a_source_for_this_mirror(world: World) -> None:
    world.context.run(world.context.on.action('apt-sources', params={'host': 'mirror.example'}), _state())
    assert world.context.action_results == {
        'sources': (
            'Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\n'
            'Components: main contrib\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n'
        )
    }


def test_apt_sources_without_a_host_names_this_unit(world: World) -> None:
    world.context.run(world.context.on.action('apt-sources'), _state(config={**CONFIG, 'port': 8080}))
    results = world.context.action_results
    assert results is not None
    assert 'URIs: http://192.0.2.0:8080/debian\n' in results['sources']


def test_sync_reports_what_came_of_it(world: World) -> None:
    world.keeper.answer = {**READY, 'changed': True}
    world.context.run(world.context.on.action('sync'), _state())
    results = world.context.action_results
    assert results is not None
    assert (results['changed'], results['generation']) == ('true', 3)


def test_a_failed_sync_fails_the_action(world: World) -> None:
    world.keeper.answer = {'error': 'no route'}
    with pytest.raises(testing.ActionFailed, match='no route'):
        world.context.run(world.context.on.action('sync'), _state())


def test_verify_fails_when_something_was_damaged(world: World) -> None:
    world.keeper.answer = {'checked': 9, 'damaged': ['dists/x']}
    with pytest.raises(testing.ActionFailed, match='1 damaged'):
        world.context.run(world.context.on.action('verify'), _state())


@pytest.mark.parametrize(('action', 'request_'), [('drain', 'drain?lasting=1'), ('undrain', 'undrain')])
def test_drain_and_undrain_reach_the_keeper(world: World, action: str, request_: str) -> None:
    world.keeper.answer = {'state': 'x', 'in_flight': 0}
    world.context.run(world.context.on.action(action), _state())
    assert world.keeper.asked == [request_]


def test_list_snapshots_tells_each_ones_age_and_content(world: World) -> None:
    world.context.run(world.context.on.action('list-snapshots'), _state())
    results = world.context.action_results
    assert results is not None
    assert results['g3'] == {
        'built': '1970-01-01 00:00:00Z',
        'current': 'true',
        'digest': 'd',
        'suites': 'bookworm of 1970-01-01 00:01:00Z',
    }


# -- the charm's own consistency ------------------------------------------------------------------------


def test_every_declared_option_is_read_and_has_the_same_default() -> None:
    from repository_cache.options import Options

    fields = {field.name: field.default for field in dataclasses.fields(Options)}
    declared = {name.replace('-', '_'): o['default'] for name, o in META['config']['options'].items()}
    assert declared == fields
