"""Which pools regions take, which subnets models, and which addresses machines get."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock import errors
from pocket.substrate import _addresses
from pocket.substrate._addresses import SPACE, Known, Plan

HERE, AWS = 'pocket/default', 'aws/us-east-1'


def _place(
    plan: Plan, model: str, *, region: str = HERE, home: str = '/home', taken: tuple[IPv4Network, ...] = ()
) -> Plan:
    return _addresses.place(plan, model, home=home, region=region, taken=taken)


def _machines(plan: Plan, model: str, *names: str) -> Plan:
    for name in names:
        plan = _addresses.allot(plan, model, name)
    return plan


def test_models_of_one_region_get_subnets_of_its_pool() -> None:
    plan = _place(_place(_place(Plan(), 'a'), 'b'), 'c', region=AWS)
    a, b, c = (plan.models[model].network for model in 'abc')
    assert len({a, b, c}) == 3
    assert a.prefixlen == 24
    assert a.subnet_of(plan.pools[HERE])
    assert b.subnet_of(plan.pools[HERE])
    assert c.subnet_of(plan.pools[AWS])
    assert not plan.pools[HERE].overlaps(plan.pools[AWS])
    assert plan.pools[HERE].subnet_of(SPACE)
    assert sorted(subnet.number for subnet in plan.models.values()) == [1, 2, 3]


def test_a_model_takes_the_same_subnet_each_time() -> None:
    first = _place(Plan(), 'a')
    assert _place(Plan(), 'a') == first
    assert _place(first, 'a') == first
    assert _place(_addresses.forget(first, 'a'), 'a') == first
    assert _place(Plan(), 'a', home='/other').pools != first.pools


@pytest.mark.parametrize('prefix', [24, 22, 17, 15])
def test_a_network_that_a_route_covers_is_avoided(prefix: int) -> None:
    first = _place(Plan(), 'a')
    taken = first.models['a'].network.supernet(new_prefix=prefix)
    for start in (Plan(), first):
        second = _place(start, 'a', taken=(taken,)) if prefix > 17 or start == Plan() else None
        assert second is None or not second.models['a'].network.overlaps(taken)


def test_a_model_with_machines_keeps_its_subnet_whatever_comes() -> None:
    plan = _machines(_place(Plan(), 'a'), 'a', 'm')
    assert _place(plan, 'a', taken=(plan.models['a'].network,)) == plan


def test_no_free_network_is_an_error() -> None:
    with pytest.raises(errors.Fault, match='cannot choose a network'):
        _place(Plan(), 'a', taken=(IPv4Network('10.0.0.0/8'),))


def test_a_pool_has_room_for_128_models() -> None:
    plan = Plan()
    for number in range(128):
        plan = _place(plan, f'm{number}')
    assert len({subnet.network for subnet in plan.models.values()}) == 128
    with pytest.raises(errors.Fault, match='pocket/default: all of'):
        _place(plan, 'more')


def test_addresses_are_kept_and_not_used_again_at_once() -> None:
    plan = _machines(_place(Plan(), 'model'), 'model', 'a', 'b')
    subnet = plan.models['model']
    assert (subnet.address('a'), subnet.address('b')) == (str(subnet.network[2]), str(subnet.network[3]))
    assert _addresses.allot(plan, 'model', 'a') == plan
    again = _machines(_addresses.release(plan, 'a'), 'model', 'c')
    assert again.models['model'].address('c') == str(subnet.network[4])
    assert (again.model_of('c'), again.model_of('a'), again.machines) == ('model', '', {'b', 'c'})


def test_every_address_is_given_once_then_none() -> None:
    names = [str(number) for number in range(253)]
    plan = _machines(_place(Plan(), 'model'), 'model', *names)
    subnet = plan.models['model']
    assert len({subnet.address(name) for name in names}) == 253
    assert str(subnet.gateway) not in {subnet.address(name) for name in names}
    with pytest.raises(errors.Fault, match='all 253'):
        _machines(plan, 'model', 'more')
    freed = _machines(_addresses.release(plan, '7'), 'model', 'more')
    assert freed.models['model'].address('more') == subnet.address('7')


@given(
    st.lists(st.tuples(st.sampled_from('abcde'), st.sampled_from(['p/1', 'p/2', 'q/1'])), max_size=12),
    st.lists(st.integers(0, 9), max_size=12),
)
def test_a_plan_reads_back_as_written_and_never_overlaps(
    wanted: list[tuple[str, str]], gone: list[int]
) -> None:
    plan = Plan()
    for number, (model, region) in enumerate(wanted):
        plan = _machines(_place(plan, model, region=region), model, f'{model}-{number}')
    for number in gone:
        for model in 'abcde':
            plan = _addresses.release(plan, f'{model}-{number}')
    networks = [subnet.network for subnet in plan.models.values()]
    assert not any(a.overlaps(b) for at, a in enumerate(networks) for b in networks[at + 1 :])
    assert len({subnet.number for subnet in plan.models.values()}) == len(networks)
    assert _addresses.parse(_addresses.dump(plan)) == plan


def test_a_lost_plan_is_made_again_from_the_machines() -> None:
    plan = _machines(_place(_place(Plan(), 'a'), 'b', region=AWS), 'a', 'a0', 'a1')
    plan = _machines(plan, 'b', 'b0')
    known = [
        Known(
            name=name, model=model, region=plan.models[model].region, address=plan.models[model].address(name)
        )
        for name, model in (('a0', 'a'), ('a1', 'a'), ('b0', 'b'))
    ]
    assert _addresses.restore(known) == plan
    assert _addresses.restore([]) == Plan()


def test_routes_are_read_without_default_and_own_devices() -> None:
    routes = """[{"dst":"default","dev":"eth0"},{"dst":"10.1.0.0/16","dev":"wg0"},
        {"dst":"10.70.1.0/24","dev":"pk1b7"},{"type":"local","dst":"192.0.2.2","dev":"eth0"}]"""
    assert _addresses.taken_networks(routes, without_devices='pk1b') == (
        IPv4Network('10.1.0.0/16'),
        IPv4Network('192.0.2.2/32'),
    )
