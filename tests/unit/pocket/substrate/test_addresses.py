"""Which network a home takes and which addresses its machines get."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from bedrock import errors
from pocket.substrate import _addresses
from pocket.substrate._addresses import Plan

PLAN = Plan(subnet=IPv4Network('10.70.1.0/24'))


def test_a_home_takes_the_same_free_network_each_time() -> None:
    first = _addresses.choose_subnet('/var/lib/pocket', [])
    assert first == _addresses.choose_subnet('/var/lib/pocket', [])
    assert first != _addresses.choose_subnet('/srv/other', [])
    assert first.subnet_of(IPv4Network('10.64.0.0/10'))
    assert first.prefixlen == 24


def test_a_network_that_a_route_covers_is_avoided() -> None:
    first = _addresses.choose_subnet('/home', [])
    second = _addresses.choose_subnet('/home', [IPv4Network((int(first.network_address), 22), strict=False)])
    assert not first.overlaps(second)


def test_no_free_network_is_an_error() -> None:
    with pytest.raises(errors.Fault, match='cannot choose a network'):
        _addresses.choose_subnet('/home', [IPv4Network('10.0.0.0/8')])


def test_addresses_are_kept_and_not_used_again_at_once() -> None:
    plan = _addresses.allot(_addresses.allot(PLAN, 'a'), 'b')
    assert (plan.address('a'), plan.address('b')) == ('10.70.1.2', '10.70.1.3')
    assert _addresses.allot(plan, 'a') == plan
    assert _addresses.allot(_addresses.release(plan, 'a'), 'c').address('c') == '10.70.1.4'


def test_every_address_is_given_once_then_none() -> None:
    plan = PLAN
    for number in range(253):
        plan = _addresses.allot(plan, str(number))
    assert len(set(plan.machines.values())) == 253
    assert str(plan.gateway) not in {plan.address(name) for name in plan.machines}
    with pytest.raises(errors.Fault, match='all 253'):
        _addresses.allot(plan, 'more')
    assert _addresses.allot(_addresses.release(plan, '7'), 'more').machines['more'] == plan.machines['7']


def test_a_plan_reads_back_as_written() -> None:
    plan = _addresses.allot(PLAN, 'a')
    assert _addresses.parse(_addresses.dump(plan)) == plan


def test_routes_are_read_without_default_and_own_device() -> None:
    routes = """[{"dst":"default","dev":"eth0"},{"dst":"10.1.0.0/16","dev":"wg0"},
        {"dst":"10.70.1.0/24","dev":"pk1"},{"type":"local","dst":"192.0.2.2","dev":"eth0"}]"""
    assert _addresses.taken_networks(routes, without_device='pk1') == (
        IPv4Network('10.1.0.0/16'),
        IPv4Network('192.0.2.2/32'),
    )


def test_a_lost_plan_is_made_again_from_the_machines() -> None:
    plan = _addresses.restore({'m0': '10.70.3.2', 'm1': '10.70.3.9'})
    assert plan is not None
    assert (str(plan.subnet), plan.address('m1'), plan.last) == ('10.70.3.0/24', '10.70.3.9', 9)
    assert _addresses.restore({}) is None
