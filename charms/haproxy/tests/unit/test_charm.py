"""What a unit does in a hook, seen from Juju and from the machine's files."""

from __future__ import annotations

import dataclasses
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import charm
import checks
import haproxy
import machine
import ops
import pytest
import yaml
from ops import testing

SERVERS = "[{service_name: web, service_host: 0.0.0.0, service_port: 8080, servers: [[a, 10.0.0.9, 80, '']]}]"
ALERT = '[NOTICE]   (9) : version\n[ALERT]    (9) : config : parsing [/x/haproxy.cfg:40] : {}\n'

Context = testing.Context[charm.HaproxyCharm]


@pytest.fixture
def context(host: machine.Machine) -> Context:
    class Tested(charm.HaproxyCharm):
        pass

    Tested.host = host
    root = Path(charm.__file__).parents[1]
    craft = yaml.safe_load((root / 'charmcraft.yaml').read_text())
    meta = {key: craft[key] for key in ('name', 'requires', 'provides', 'peers')}
    return testing.Context(
        Tested, meta=meta, config=craft['config'], actions=craft['actions'], charm_root=root
    )


def backend(unit: int = 0, **data: str) -> testing.Relation:
    bag = {'port': '8000', 'hostname': 'x', 'private-address': f'10.0.0.{unit}', **data}
    return testing.Relation('reverseproxy', remote_app_name='web', remote_units_data={unit: bag})


def state(*relations: testing.RelationBase, config: Mapping[str, Any] | None = None) -> testing.State:
    peer = testing.PeerRelation('peer')
    return testing.State(relations=[peer, *relations], config=dict(config or {}), leader=True)


def live(host: machine.Machine) -> str:
    return (host.read(haproxy.CONFIG) or b'').decode()


def test_installing_needs_no_package_lists_when_they_are_fresh(context: Context, programs: Any) -> None:
    programs.installed.clear()
    out = context.run(context.on.install(), state())
    assert programs.asked('apt-get', 'install') == 1
    assert programs.asked('apt-get', 'update') == 0
    assert out.workload_version == '2.6.12'
    assert out.unit_status == ops.MaintenanceStatus('installing haproxy')


def test_stale_package_lists_are_fetched_and_installing_tried_again(context: Context, programs: Any) -> None:
    programs.installed.clear()
    programs.stale_lists = True
    context.run(context.on.install(), state())
    assert (programs.asked('apt-get', 'install'), programs.asked('apt-get', 'update')) == (2, 1)


def test_without_backends_the_unit_says_what_it_needs(context: Context) -> None:
    assert isinstance(context.run(context.on.start(), state()).unit_status, ops.BlockedStatus)
    silent = testing.Relation('reverseproxy', remote_units_data={0: {}})
    out = context.run(context.on.relation_changed(silent, remote_unit=0), state(silent))
    assert out.unit_status == ops.WaitingStatus('waiting for backends to register on reverseproxy')


def test_a_backend_is_served_and_the_port_opened(
    context: Context, host: machine.Machine, programs: Any
) -> None:
    relation = backend()
    out = context.run(context.on.relation_changed(relation, remote_unit=0), state(relation))
    assert out.unit_status == ops.ActiveStatus('serving haproxy_service with 1 server')
    assert 'server web-0-8000 10.0.0.0:8000 maxconn 100 cookie S0 check' in live(host)
    assert out.opened_ports == {testing.TCPPort(80)}
    assert programs.asked('systemctl', 'reload-or-restart') == 1
    assert stat.S_IMODE(host.path(haproxy.CONFIG).stat().st_mode) == 0o640
    assert out.get_relation(relation.id).local_unit_data['public-address'] == '192.0.2.0'


def test_nothing_is_repeated_when_nothing_changed(context: Context, programs: Any) -> None:
    relation = backend()
    out = context.run(context.on.relation_changed(relation, remote_unit=0), state(relation))
    programs.calls.clear()
    context.run(context.on.update_status(), out)
    assert {call[0] for call in programs.calls} == {'dpkg-query', 'systemctl'}
    assert programs.asked('systemctl', 'reload-or-restart') == 0


def test_a_stopped_daemon_is_started_again(context: Context, programs: Any) -> None:
    programs.active.clear()
    context.run(context.on.update_status(), state(config={'services': SERVERS}))
    assert 'haproxy' in programs.active


def test_a_configuration_that_haproxy_refuses_never_replaces_a_good_one(
    context: Context, host: machine.Machine, programs: Any
) -> None:
    out = context.run(context.on.config_changed(), state(config={'services': SERVERS}))
    good = live(host)
    programs.refusal = ALERT.format("unknown keyword 'speed' in 'backend' section")
    out = context.run(
        context.on.config_changed(),
        dataclasses.replace(out, config={'services': SERVERS, 'default_mode': 'speed'}),
    )
    assert live(host) == good
    assert programs.asked('systemctl', 'reload-or-restart') == 1
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert "unknown keyword 'speed' in 'backend' section" in out.unit_status.message
    assert not list(host.path('/etc/haproxy').glob('*candidate*'))


def test_bad_yaml_of_one_unit_never_replaces_a_good_configuration(
    context: Context, host: machine.Machine
) -> None:
    relation = backend()
    out = context.run(context.on.relation_changed(relation, remote_unit=0), state(relation))
    good = live(host)
    bad = testing.Relation(
        'reverseproxy', remote_app_name='cache', remote_units_data={0: {'services': '[: {'}}
    )
    out = context.run(context.on.relation_changed(bad, remote_unit=0), state(relation, bad))
    assert live(host) == good
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert out.unit_status.message.startswith('cache/0: not valid YAML')


def test_a_bad_option_blocks_the_unit(context: Context) -> None:
    out = context.run(context.on.config_changed(), state(config={'peering_mode': 'none'}))
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert 'peering_mode' in out.unit_status.message


def test_a_departing_unit_is_taken_out(context: Context, host: machine.Machine) -> None:
    bags = {unit: {'port': '80', 'private-address': f'10.0.0.{unit}'} for unit in (1, 2)}
    relation = testing.Relation('reverseproxy', remote_app_name='web', remote_units_data=bags)
    context.run(context.on.relation_departed(relation, remote_unit=2, departing_unit=2), state(relation))
    assert 'server web-1-80' in live(host)
    assert 'server web-2-80' not in live(host)


def test_the_website_relation_tells_where_and_what(context: Context) -> None:
    website = testing.Relation('website', remote_units_data={0: {}})
    out = context.run(
        context.on.relation_joined(website, remote_unit=0), state(website, config={'services': SERVERS})
    )
    data = out.get_relation(website.id).local_unit_data
    assert (data['hostname'], data['port']) == ('192.0.2.0', '8080')
    (service,) = yaml.safe_load(data['all_services'])
    assert (service['service_name'], service['service_port']) == ('web', 8080)
    assert service['servers'] == [['a', '10.0.0.9', 80, []]]


def test_two_units_have_one_live_way_in(context: Context, host: machine.Machine) -> None:
    all_services = '[{service_name: web, service_host: 0.0.0.0, service_port: 8080}]'
    bag = {'all_services': all_services, 'private-address': '10.0.0.1'}
    peer = testing.PeerRelation('peer', peers_data={1: bag})
    for mode, served in (('active-passive', 'web, web_be'), ('active-active', 'web')):
        given = testing.State(relations=[peer], config={'services': SERVERS, 'peering_mode': mode})
        out = context.run(context.on.relation_changed(peer, remote_unit=1), given)
        assert out.unit_status.message.startswith(f'serving {served} with')
        assert ('server haproxy-1 10.0.0.1:8081 check backup' in live(host)) == (mode == 'active-passive')


def test_a_generated_password_is_kept_for_root_and_shown_by_the_action_only(
    context: Context, host: machine.Machine
) -> None:
    given = state(config={'services': SERVERS, 'enable_monitoring': True})
    out = context.run(context.on.config_changed(), given)
    (kept,) = host.path('/var/lib/haproxy-charm').iterdir()
    password = kept.read_text().strip()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert f'stats auth haproxy:{password}\n' in live(host)
    assert len(password) >= 20
    assert not any(password in entry.message for entry in context.juju_log)
    assert out.opened_ports == {testing.TCPPort(8080), testing.TCPPort(10000)}
    context.run(context.on.action('monitoring-credentials'), out)
    assert context.action_results == {
        'enabled': 'True',
        'port': '10000',
        'user': 'haproxy',
        'password': password,
    }


def test_the_statistics_relation_tells_how_to_ask(context: Context) -> None:
    relation = testing.SubordinateRelation('statistics')
    config = {'enable_monitoring': True, 'monitoring_password': 'given'}
    out = context.run(context.on.relation_joined(relation), state(relation, config=config))
    assert out.get_relation(relation.id).local_unit_data.items() >= {
        ('enabled', 'True'),
        ('port', '10000'),
        ('user', 'haproxy'),
        ('password', 'given'),
    }


def test_a_selfsigned_certificate_is_made_once_and_its_key_stays(
    context: Context, programs: Any, host: machine.Machine
) -> None:
    services = SERVERS.replace('8080,', '8443, crts: [DEFAULT],')
    relation = backend()
    given = state(relation, config={'services': services, 'ssl_cert': 'SELFSIGNED'})
    out = context.run(context.on.config_changed(), given)
    out = context.run(context.on.update_status(), out)
    assert sum(call[0] == 'openssl' for call in programs.calls) == 1
    told = out.get_relation(relation.id).local_unit_data['ssl_cert']
    assert told.startswith('LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t')  # BEGIN CERTIFICATE
    assert 'UFJJVkFURSBLRVk' not in told  # PRIVATE KEY
    (pem,) = host.path('/var/lib/haproxy/material').iterdir()
    assert stat.S_IMODE(pem.stat().st_mode) == 0o600


@pytest.mark.parametrize('endpoint', ['nrpe-external-master', 'local-monitors'])
def test_checks_are_written_for_nrpe_and_told(context: Context, host: machine.Machine, endpoint: str) -> None:
    nrpe = testing.SubordinateRelation(endpoint, remote_unit_data={'nagios_hostname': 'prod-haproxy-0'})
    config = {
        'services': SERVERS,
        'check_url_path': '/ubuntu/dists/',
        'check_url_expect': 'bionic/ artful/',
        'monitoring_queue_critical': 50,
        'nagios_servicegroups': 'mirrors',
    }
    out = context.run(context.on.relation_changed(nrpe), state(nrpe, config=config))
    folder = host.path(checks.NRPE_DIR)
    commands = {
        path.stem: next(line for line in path.read_text().splitlines() if line.startswith('command['))
        for path in folder.iterdir()
    }
    plugins = '/usr/local/lib/nagios/plugins'
    ask = f'{plugins}/check_haproxy.py --socket /run/haproxy/stats.sock'
    page = 'http://localhost:8080/ubuntu/dists/ --expect bionic/ --expect artful/'
    assert commands == {
        'check_haproxy': f'command[check_haproxy]={ask} servers --always-critical',
        'check_haproxy_queue': f'command[check_haproxy_queue]={ask} queue -w 0 -c 50',
        'check_archive_http': f'command[check_archive_http]={plugins}/check_url.py --url {page}',
    }
    assert '# servicegroups: mirrors\n' in (folder / 'check_haproxy.cfg').read_text()
    assert stat.S_IMODE(host.path(f'{plugins}/check_url.py').stat().st_mode) == 0o755
    export = (host.path(checks.EXPORT_DIR) / 'service__prod-haproxy-0_check_haproxy.cfg').read_text()
    assert 'prod-haproxy-0[haproxy] Check HAProxy' in export
    assert 'check_nrpe!check_haproxy' in export
    told = out.get_relation(nrpe.id).local_unit_data
    remote = yaml.safe_load(told['monitors'])['monitors']['remote']['nrpe']
    assert remote == {name: {'command': name} for name in checks.NAMES}

    fewer = dataclasses.replace(out, config={'services': SERVERS})
    out = context.run(context.on.config_changed(), fewer)
    assert not (folder / 'check_archive_http.cfg').exists()
    assert out.get_relation(nrpe.id).local_unit_data['digest'] != told['digest']
    context.run(context.on.relation_broken(out.get_relation(nrpe.id)), out)
    assert not list(folder.iterdir())
    assert not list(host.path(checks.EXPORT_DIR).iterdir())


def test_kernel_parameters_are_set_once(context: Context, programs: Any, host: machine.Machine) -> None:
    given = state(config={'sysctl': '{net.core.somaxconn: 4096}'})
    out = context.run(context.on.config_changed(), given)
    context.run(context.on.update_status(), out)
    assert host.read('/etc/sysctl.d/50-haproxy.conf') == b'net.core.somaxconn=4096\n'
    assert sum(call[0] == 'sysctl' for call in programs.calls) == 1


def test_stopping_stops_the_daemon(context: Context, programs: Any) -> None:
    context.run(context.on.stop(), state())
    assert programs.asked('systemctl', 'stop') == 1
