"""Texts that the machines' network is made of."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from pocket.substrate import _netrules
from pocket.substrate._netrules import Segment

SEGMENTS = [
    Segment(bridge='pk1b1', network=IPv4Network('10.70.1.0/24')),
    Segment(bridge='pk1b2', network=IPv4Network('10.70.2.0/24')),
]


def _rules(*pairs: tuple[str, str]) -> str:
    return _netrules.rules('pocket_1', bridges='pk1b', segments=SEGMENTS, open_pairs=pairs)


def test_the_rules_replace_the_old_ones_and_translate_what_leaves_the_home() -> None:
    assert _rules().startswith('table inet pocket_1 {}\ndelete table inet pocket_1\n')
    assert 'elements = { 10.70.1.0/24, 10.70.2.0/24 }' in _rules()
    assert 'ip saddr @machines oifname != "pk1b*" masquerade' in _rules()


def test_the_rules_shield_the_host() -> None:
    shield = _rules().partition('chain input')[2]
    assert shield.index('iifname != "pk1b*" accept') < shield.index('established') < shield.index('drop')


def test_the_rules_keep_models_and_homes_apart_but_for_open_pairs() -> None:
    forward = _rules().partition('chain forward')[2].partition('chain input')[0]
    order = [
        'iifname "pk1b1" ip saddr != 10.70.1.0/24 drop',
        '@between accept',
        'iifname "pk1b*" oifname "pk*" drop',
        'iifname "pk*" oifname "pk1b*" drop',
        'iifname "pk1b*" accept',
    ]
    assert [forward.index(rule) for rule in order] == sorted(forward.index(rule) for rule in order)
    assert 'elements = { "pk1b1" . "pk1b1", "pk1b2" . "pk1b2" }' in _rules()
    opened = _rules(('pk1b1', 'pk1b2'))
    assert '"pk1b1" . "pk1b2"' in opened
    assert '"pk1b2" . "pk1b1"' in opened


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
    assert _netrules.resolv_conf(texts) == expected


def test_the_block_of_machines_is_replaced_and_other_lines_stay() -> None:
    first = _netrules.hosts_text('', {'10.0.0.2': ('a', 'app-0', 'app')})
    assert first.startswith('127.0.0.1 localhost\n')
    mine = first + '192.0.2.9 my.own\n'
    second = _netrules.hosts_text(mine, {'10.0.0.2': ('a',), '10.0.0.3': ('b',)})
    assert '10.0.0.3 b\n' in second
    assert second.endswith('192.0.2.9 my.own\n')
    assert _netrules.hosts_text(second, {'10.0.0.2': ('a', 'app-0', 'app')}) == mine
