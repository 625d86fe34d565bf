"""How long a leader that is out of reach leads: told with the model's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocket.services import leases, machines, uniter

if TYPE_CHECKING:
    from tests.unit.pocket.services.conftest import World


def _led(world: World) -> None:
    world.deploy('a', world.make_charm('a'), units=2)
    world.start('a/0', 'a/1')
    assert uniter.claim_leadership(world.tx, world.uuid, 'a/0')


def _wait(world: World, ms: int) -> None:
    world.tx.now_ms += ms
    leases.expire(world.tx)


def test_a_leader_whose_machine_stops_leads_for_a_minute_more(world: World) -> None:
    _led(world)
    machines.set_stopped(world.tx, world.uuid, '0')
    assert leases.next_expiry_ms(world.tx) == world.tx.now_ms + 60_000
    _wait(world, 59_999)
    assert not uniter.claim_leadership(world.tx, world.uuid, 'a/1')
    world.tx._touched['model'].clear()  # pyright: ignore[reportPrivateUsage]
    _wait(world, 1)
    assert world.tx.touched('model') == {world.uuid}, 'the others are woken to claim'
    assert uniter.claim_leadership(world.tx, world.uuid, 'a/1')
    assert leases.next_expiry_ms(world.tx) is None
    machines.set_running(world.tx, world.uuid, '0', address='10.0.0.2')
    assert not uniter.claim_leadership(world.tx, world.uuid, 'a/0')
    assert (world.view('a/0').leader, world.view('a/1').leader) == (False, True)


def test_a_machine_that_comes_back_in_time_renews_the_lease(world: World) -> None:
    _led(world)
    machines.set_stopped(world.tx, world.uuid, '0')
    _wait(world, 40_000)
    machines.set_stopped(world.tx, world.uuid, '0')
    assert leases.next_expiry_ms(world.tx) == world.tx.now_ms + 20_000, 'told again, it is no later'
    machines.set_running(world.tx, world.uuid, '0', address='10.0.0.2')
    assert leases.next_expiry_ms(world.tx) is None
    _wait(world, 120_000)
    assert world.view('a/0').leader


def test_the_lease_of_a_leader_elsewhere_goes_on(world: World) -> None:
    _led(world)
    machines.set_stopped(world.tx, world.uuid, '1')
    assert leases.next_expiry_ms(world.tx) is None
    _wait(world, 120_000)
    assert world.view('a/0').leader
