"""What a unit does in a hook, seen from Juju and from the machine's files."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import charm
import machine
import ops
import pytest
import render
import yaml
from ops import testing

Context = testing.Context[charm.NrpeCharm]


@pytest.fixture
def context(host: machine.Machine) -> Context:
    class Tested(charm.NrpeCharm):
        pass

    Tested.host = host
    host.write('/proc/mounts', '/dev/vda1 / ext4 rw 0 0\n')
    root = Path(charm.__file__).parents[1]
    craft = yaml.safe_load((root / 'charmcraft.yaml').read_text())
    meta = {key: craft[key] for key in ('name', 'subordinate', 'requires', 'provides')}
    return testing.Context(
        Tested,
        meta=meta,
        config=craft['config'],
        actions=craft['actions'],
        charm_root=root,
        principal_unit='haproxy/0',
        machine_id='7',
    )


def principal(monitors: str = '', **data: str) -> testing.SubordinateRelation:
    bag = {'monitors': monitors, **data} if monitors else data
    return testing.SubordinateRelation(
        'nrpe-external-master', remote_app_name='haproxy', remote_unit_id=0, remote_unit_data=bag
    )


def state(*relations: testing.RelationBase, config: Mapping[str, Any] | None = None) -> testing.State:
    return testing.State(relations=list(relations), config=dict(config or {}))


def names(host: machine.Machine, folder: str = render.CHECKS_DIR) -> set[str]:
    return {path.name for path in host.path(folder).iterdir()}


def restarts(programs: Any) -> int:
    return programs.asked('systemctl', 'restart')


def test_a_unit_is_ready_without_nagios(context: Context, host: machine.Machine, programs: Any) -> None:
    relation = principal()
    out = context.run(context.on.relation_changed(relation), state(relation))
    assert out.unit_status == ops.ActiveStatus('2 checks, no Nagios server yet')
    assert names(host) == {'check_total_procs.cfg', 'check_conntrack.cfg'}
    assert out.opened_ports == {testing.TCPPort(5666)}
    assert 'allowed_hosts=127.0.0.1\n' in (host.read(render.CONFIG) or b'').decode()
    assert programs.asked('apt-get', 'install') == 0


def test_nagios_can_be_required(context: Context) -> None:
    relation = principal()
    out = context.run(context.on.config_changed(), state(relation, config={'require-nagios': True}))
    assert out.unit_status == ops.BlockedStatus('no Nagios server is related or configured')


def test_a_daemon_that_does_not_run_is_told(context: Context, programs: Any) -> None:
    programs.broken = True
    out = context.run(context.on.update_status(), state(principal()))
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert 'does not run' in out.unit_status.message


def test_the_daemon_restarts_when_a_file_changed_and_only_then(
    context: Context, host: machine.Machine, programs: Any
) -> None:
    relation = principal()
    out = context.run(context.on.relation_changed(relation), state(relation))
    assert restarts(programs) == 1
    out = context.run(context.on.update_status(), out)
    out = context.run(context.on.config_changed(), out)
    assert restarts(programs) == 1
    # A principal writes its file itself and then tells, by whatever it changes in its data.
    host.write(f'{render.CHECKS_DIR}/check_haproxy.cfg', 'command[check_haproxy]=/bin/true\n')
    out = context.run(context.on.relation_changed(out.get_relation(relation.id)), out)
    assert restarts(programs) == 2
    out = context.run(context.on.config_changed(), dataclasses.replace(out, config={'load': '-w 1 -c 2'}))
    assert restarts(programs) == 2, 'a container has no check_load, so nothing changed'
    context.run(context.on.config_changed(), dataclasses.replace(out, config={'procs': ''}))
    assert restarts(programs) == 3
    assert names(host) == {'check_conntrack.cfg', 'check_haproxy.cfg'}


def test_a_stopped_daemon_is_started(context: Context, programs: Any) -> None:
    out = context.run(context.on.update_status(), state(principal()))
    programs.active.clear()
    out = context.run(context.on.update_status(), out)
    assert 'nagios-nrpe-server' in programs.active
    assert restarts(programs) == 1


@pytest.mark.parametrize(
    ('config', 'virtual', 'expected'),
    [
        ({}, 'container', 'juju-haproxy-0'),
        ({'nagios_host_context': 'prod'}, 'container', 'prod-haproxy-0'),
        ({'nagios_host_context': ''}, 'vm', 'haproxy-0'),
        ({}, 'none', 'juju-metal'),
        ({'nagios_hostname_type': 'unit'}, 'none', 'juju-haproxy-0'),
        ({'nagios_hostname_type': 'host'}, 'vm', 'juju-metal'),
    ],
)
def test_the_host_is_named_by_rule(
    context: Context,
    programs: Any,
    monkeypatch: pytest.MonkeyPatch,
    config: dict[str, Any],
    virtual: str,
    expected: str,
) -> None:
    monkeypatch.setattr('socket.gethostname', lambda: 'metal')
    programs.virtual = virtual
    relation = principal()
    out = context.run(context.on.relation_changed(relation), state(relation, config=config))
    told = out.get_relation(relation.id).local_unit_data
    assert told['nagios_hostname'] == expected
    assert told.get('nagios_host_context', '') == config.get('nagios_host_context', 'juju')


def test_a_related_nagios_hears_everything_and_may_ask(context: Context, host: machine.Machine) -> None:
    beside = principal('{monitors: {remote: {nrpe: {check_haproxy: {command: check_haproxy}}}}}')
    nagios = testing.Relation(
        'monitors', remote_units_data={0: {'egress-subnets': '10.9.0.1/32', 'ingress-address': '10.9.0.2'}}
    )
    given = state(beside, nagios, config={'nagios_master': '10.8.0.1, 10.8.0.2'})
    out = context.run(context.on.relation_changed(nagios, remote_unit=0), given)
    told = out.get_relation(nagios.id).local_unit_data
    assert told['target-id'] == 'juju-haproxy-0'
    assert told['target-address'] == told['private-address'] == told['ingress-address'] == '192.0.2.0'
    assert (told['machine_id'], told['model_id']) == ('7', out.model.uuid)
    remote = yaml.safe_load(told['monitors'])['monitors']['remote']
    assert set(remote['nrpe']) == {'check_haproxy', 'check_total_procs', 'check_conntrack'}
    config = (host.read(render.CONFIG) or b'').decode()
    assert 'allowed_hosts=127.0.0.1,10.8.0.1,10.8.0.2,10.9.0.1/32\n' in config
    assert isinstance(out.unit_status, ops.ActiveStatus)


def test_local_monitors_of_principal_and_operator_are_run(context: Context, host: machine.Machine) -> None:
    beside = principal('{monitors: {local: {procrunning: {x: {executable: squid, min: 1, max: 2}}}}}')
    config = {'monitors': '{monitors: {local: {custom: {mine: {check: check_mine}}}}}'}
    context.run(context.on.relation_changed(beside), state(beside, config=config))
    assert {'check_proc_squid_principal.cfg', 'check_mine_user.cfg'} <= names(host)
    context.run(context.on.relation_broken(beside), state(beside, config=config))
    assert 'check_proc_squid_principal.cfg' not in names(host)


def test_bad_monitors_block_with_their_author(context: Context) -> None:
    beside = principal('[')
    out = context.run(context.on.relation_changed(beside), state(beside))
    assert out.unit_status == ops.BlockedStatus('haproxy/0: monitors are not valid YAML')


def test_definitions_are_exported_for_a_nagios_outside(
    context: Context, host: machine.Machine, programs: Any
) -> None:
    config = {'nagios_master': '10.8.0.1', 'hostgroups': 'mirrors', 'hostcheck_inherit': 'generic'}
    out = context.run(context.on.config_changed(), state(principal(), config=config))
    assert names(host, render.EXPORT_DIR) == {
        'host__juju-haproxy-0.cfg',
        'service__juju-haproxy-0_check_total_procs.cfg',
        'service__juju-haproxy-0_check_conntrack.cfg',
    }
    folder = host.path(render.EXPORT_DIR)
    entry = (folder / 'host__juju-haproxy-0.cfg').read_text()
    for words in ('address               192.0.2.0', 'use                   generic', 'machines, mirrors'):
        assert words in entry
    service = (folder / 'service__juju-haproxy-0_check_conntrack.cfg').read_text()
    for words in (
        'active-service',
        'check_nrpe!check_conntrack\n',
        'juju-haproxy-0[conntrack] Connection tracking table (sub)',
    ):
        assert words in service
    module = (host.read(render.RSYNC_MODULE) or b'').decode()
    assert '[external-nagios]' in module
    assert 'hosts allow = 10.8.0.1\n' in module
    assert {'rsync'} <= programs.installed & programs.active
    context.run(context.on.config_changed(), dataclasses.replace(out, config={}))
    assert names(host, render.EXPORT_DIR) == set()
    assert host.read(render.RSYNC_MODULE) is None


def test_checks_are_listed_by_name(context: Context, host: machine.Machine) -> None:
    out = context.run(context.on.start(), state(principal()))
    host.write(f'{render.CHECKS_DIR}/check_haproxy.cfg', '# x\ncommand[check_haproxy]=/bin/true -x\n')
    context.run(context.on.action('list-nrpe-checks'), out)
    results = context.action_results or {}
    lines = str(results['checks']).splitlines()
    named = [line.partition(': ')[0] for line in lines]
    assert named == ['check_conntrack', 'check_haproxy', 'check_total_procs']
    assert 'check_haproxy: /bin/true -x' in lines


def test_a_check_is_run_by_its_exact_name_and_tells_its_code(context: Context, programs: Any) -> None:
    out = context.run(context.on.start(), state(principal()))
    context.run(context.on.action('run-nrpe-check', params={'name': 'check_conntrack'}), out)
    assert context.action_results == {'check-output': 'OK', 'exit-code': 0}
    assert programs.calls[-1][:3] == ('runuser', '-u', 'nagios')
    programs.check = (2, 'CRITICAL: all is lost')
    with pytest.raises(testing.ActionFailed, match='check "check_conntrack" ended with 2'):
        context.run(context.on.action('run-nrpe-check', params={'name': 'check_conntrack'}), out)
    assert context.action_results == {'check-output': 'CRITICAL: all is lost', 'exit-code': 2}
    with pytest.raises(testing.ActionFailed, match=r'there is no check "check.conntrack"'):
        context.run(context.on.action('run-nrpe-check', params={'name': 'check.conntrack'}), out)


def test_a_boot_is_acknowledged_at_first_and_by_the_action(context: Context, host: machine.Machine) -> None:
    out = context.run(context.on.start(), state(principal()))
    assert host.read('/var/lib/nagios/acknowledged-boot') == b'boot/1\n'
    host.write('/var/lib/nagios/acknowledged-boot', 'boot/0\n')
    out = context.run(context.on.update_status(), out)
    assert host.read('/var/lib/nagios/acknowledged-boot') == b'boot/0\n'
    context.run(context.on.action('ack-reboot'), out)
    assert host.read('/var/lib/nagios/acknowledged-boot') == b'boot/1\n'


def test_stopping_takes_everything_away_but_what_others_wrote(
    context: Context, host: machine.Machine, programs: Any
) -> None:
    out = context.run(context.on.start(), state(principal()))
    host.write(f'{render.CHECKS_DIR}/check_haproxy.cfg', 'command[check_haproxy]=/bin/true\n')
    context.run(context.on.stop(), out)
    assert names(host) == {'check_haproxy.cfg'}
    assert programs.asked('systemctl', 'stop') == 1
