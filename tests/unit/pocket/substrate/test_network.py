"""Texts that the machines' network is made of."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from pocket.substrate import network
from pocket.substrate._addresses import Plan


def test_the_rules_translate_the_homes_network_and_shield_the_host() -> None:
    rules = network.rules('pocket_abc123', 'pkabc123', Plan(subnet=IPv4Network('10.70.1.0/24')))
    assert rules.startswith('table inet pocket_abc123 {}\ndelete table inet pocket_abc123\n')
    assert 'ip saddr 10.70.1.0/24 ip daddr != 10.70.1.0/24 masquerade' in rules
    shield = rules.partition('chain input')[2]
    assert shield.index('iifname != "pkabc123" accept') < shield.index('established') < shield.index('drop')


@pytest.mark.parametrize(
    ('texts', 'expected'),
    [
        (['nameserver 192.0.2.53\nsearch a.example\n'], 'nameserver 192.0.2.53\nsearch a.example\n'),
        (['nameserver 127.0.0.53\n', 'nameserver 192.0.2.1\n'], 'nameserver 192.0.2.1\n'),
        (
            ['nameserver 2001:db8::1\nnameserver 192.0.2.1\n'],
            'nameserver 192.0.2.1\nnameserver 2001:db8::1\n',
        ),
        (['nameserver 127.0.0.1\n', ''], ''),
        ([], ''),
    ],
)
def test_machines_get_name_servers_that_they_can_reach(texts: list[str], expected: str) -> None:
    assert network.resolv_conf(texts) == expected


def test_the_block_of_machines_is_replaced_and_other_lines_stay() -> None:
    first = network.hosts_text('', {'a': '10.0.0.2'})
    assert first.startswith('127.0.0.1 localhost\n')
    mine = first + '192.0.2.9 my.own\n'
    second = network.hosts_text(mine, {'a': '10.0.0.2', 'b': '10.0.0.3'})
    assert '10.0.0.3 b\n' in second
    assert second.endswith('192.0.2.9 my.own\n')
    assert network.hosts_text(second, {'a': '10.0.0.2'}) == mine
