"""Monitors of principals and operators: what they become here and for Nagios."""

from __future__ import annotations

import checks
import monitors
import pytest
import yaml

PRINCIPAL = """
version: '0.3'
monitors:
  local:
    procrunning:
      squid: {executable: squid3, min: 1, max: 3}
    processcount:
      all: {min: 50, max: 100}
    disk:
      data: {path: /srv/data}
    custom:
      health: {check: check_health, plugin_path: opt/checks, params: -t 3, desc: Health}
  remote:
    http:
      front: {port: 80, path: /healthz, status: 200, host: example}
    nrpe:
      check_haproxy: {command: check_haproxy}
"""


def read(text: str, source: str = 'principal') -> monitors.Monitors:
    return monitors.read(text, author='haproxy/0', source=source)


def test_local_monitors_become_checks_of_the_agent() -> None:
    plugins = '/usr/lib/nagios/plugins'
    assert {check.name: check.command for check in read(PRINCIPAL).local} == {
        'check_proc_squid3_principal': f'{plugins}/check_procs -c 1:3 -C squid3',
        'check_proc_principal_principal': f'{plugins}/check_procs -w 50 -c 100',
        'check_disk_principal_principal': f'{plugins}/check_disk -w 20 -c 10 -p /srv/data',
        'check_health_principal': '/opt/checks/check_health -t 3',
    }
    assert [check.description for check in read(PRINCIPAL).local][-1] == 'Health (principal)'


def test_nagios_hears_of_all_three_sources() -> None:
    own = checks.Check(name='check_load', description='', command='x')
    user = read(
        '{monitors: {remote: {http: {front: {port: 8080}}, tcp: {ssh: {port: 22}}},'
        ' local: {custom: {a: {check: check_a}}}}}',
        source='user',
    )
    merged = yaml.safe_load(monitors.merge([read(PRINCIPAL), user], [own]))
    assert merged['version'] == '0.3'
    remote = merged['monitors']['remote']
    assert set(merged['monitors']) == {'remote'}
    assert remote['nrpe'] == {
        name: {'command': name}
        for name in (
            'check_load',
            'check_haproxy',
            'check_proc_squid3_principal',
            'check_proc_principal_principal',
            'check_disk_principal_principal',
            'check_health_principal',
            'check_a_user',
        )
    }
    assert remote['http'] == {'front': {'port': 8080}}  # the operator has the last word
    assert remote['tcp'] == {'ssh': {'port': 22}}


@pytest.mark.parametrize('text', ['', '{}', 'monitors:', '{monitors: {remote: , local: {disk: }}}'])
def test_empty_monitors_are_none(text: str) -> None:
    assert read(text).local == ()
    assert not any(read(text).remote.values())


@pytest.mark.parametrize(
    ('text', 'problem'),
    [
        ('[', 'haproxy/0: monitors are not valid YAML'),
        ('[1]', 'not a mapping of mappings'),
        ('{monitors: {local: {weather: {x: {}}}}}', 'unknown kind of local monitor "weather"'),
        ('{monitors: {local: {disk: {x: {}}}}}', 'local monitor "disk" has no path'),
        ('{monitors: {local: {custom: {x: {check: "../../x"}}}}}', '"../../x_principal" is no name'),
        ('{monitors: {local: {custom: {x: {check: a, params: "1\\n2"}}}}}', 'more than one line'),
        ('{monitors: {remote: {nrpe: {"a b": {command: x}}}}}', '"a b" is no name'),
    ],
)
def test_bad_monitors_are_refused_with_their_author(text: str, problem: str) -> None:
    with pytest.raises(monitors.MonitorsFault) as caught:
        read(text)
    assert problem in str(caught.value)
