"""Offers and the relations through them, told from both models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pocket.model import HookChanges
from pocket.services import (
    applications,
    clouds,
    crossings,
    models,
    offers,
    relations,
    saas,
    scopes,
    status,
    uniter,
)
from pocket.services.errors import ALREADY_EXISTS, CANNOT_ENTER_SCOPE, NOT_FOUND, JujuError
from tests.unit.pocket.services.pair import Pair

if TYPE_CHECKING:
    from tests.unit.pocket.services.conftest import World


@pytest.fixture
def pair(world: World) -> Pair:
    return Pair(world)


def test_each_model_has_its_own_id_and_names_for_the_relation(pair: Pair) -> None:
    pair.enter()
    assert (pair.here, pair.there) == (1, 0)
    assert pair.sink.relations == ['wp:cache redis:db', 'wp:store db:server']
    assert pair.source.relations == [f'{pair.proxy}:store mysql:server']
    seen = pair.seen('wp/0')
    assert (seen.remote_application, seen.remote_endpoint, list(seen.members)) == ('db', 'server', ['db/0'])
    assert seen.remote_model == pair.source.uuid
    seen = pair.seen('mysql/0')
    assert (seen.remote_application, seen.remote_endpoint) == (pair.proxy, 'store')
    assert list(seen.members) == [f'{pair.proxy}/0', f'{pair.proxy}/1']
    assert seen.remote_model == pair.sink.uuid


def test_what_one_side_says_the_other_hears_as_a_new_version(pair: Pair) -> None:
    pair.enter()
    uniter.claim_leadership(pair.tx, pair.source.uuid, 'mysql/0')
    before = pair.seen('wp/1')
    changes = HookChanges(
        unit_settings={pair.there: {'port': '3306'}}, application_settings={pair.there: {'dbkey': 'x'}}
    )
    uniter.commit(pair.tx, pair.source.uuid, 'mysql/0', changes, '')
    after = pair.seen('wp/1')
    assert after.members['db/0'] == before.members['db/0'] + 1
    assert after.application_versions == {'db': before.application_versions['db'] + 1}
    heard = scopes.unit_settings(pair.tx, pair.sink.uuid, pair.here, 'db/0')
    assert (heard['port'], heard['ingress-address']) == ('3306', '10.0.0.2')
    assert scopes.application_settings(pair.tx, pair.sink.uuid, pair.here, 'db') == {'dbkey': 'x'}
    with pytest.raises(JujuError, match='permission denied'):
        scopes.unit_settings(pair.tx, pair.sink.uuid, pair.here, 'mysql/0')


def test_a_change_wakes_the_agents_of_both_models(pair: Pair) -> None:
    pair.enter()
    pair.tx._touched['model'].clear()  # pyright: ignore[reportPrivateUsage]
    scopes.change_unit_settings(pair.tx, pair.source.uuid, pair.there, 'mysql/0', {'a': 'b'})
    assert pair.tx.touched('model') == {pair.source.uuid, pair.sink.uuid}


def test_the_status_of_what_is_consumed_is_that_of_the_application(pair: Pair) -> None:
    uniter.set_unit_status(pair.tx, pair.source.uuid, 'mysql/0', 'blocked', 'no disk')
    assert (pair.saas().status.value, pair.saas().status.message) == ('blocked', 'no disk')
    uniter.set_agent_status(pair.tx, pair.source.uuid, 'mysql/0', 'error', 'hook failed')
    assert pair.saas().status.value == 'error'


def test_a_relation_is_joined_when_both_models_have_a_unit_in_it(pair: Pair) -> None:
    assert pair.statuses() == {'joining'}
    pair.sink.enter(pair.here, 'wp/0')
    assert pair.statuses() == {'joining'}
    pair.source.enter(pair.there, 'mysql/0')
    assert pair.statuses() == {'joined'}
    found = offers.list_(pair.tx)[0]
    assert (found.active, len(found.connections)) == (1, 1)
    assert found.connections[0].subnets == ('10.0.0.2/32',)
    assert found.connections[0].model_uuid == pair.sink.uuid


@pytest.mark.parametrize('force', [False, True])
@pytest.mark.parametrize('side', ['source', 'sink'])
def test_a_relation_that_one_model_removes_ends_in_both(pair: Pair, side: str, force: bool) -> None:
    pair.enter()
    world, relation = (pair.source, pair.there) if side == 'source' else (pair.sink, pair.here)
    relations.destroy_by_id(pair.tx, world.uuid, relation, force=force)
    if not force:
        assert {pair.seen(unit).life.value for unit in ('mysql/0', 'wp/0')} == {'dying'}
        for unit in ('mysql/0', 'wp/0', 'wp/1'):
            pair.leave(unit)
    assert pair.source.relations == []
    assert pair.sink.relations == ['wp:cache redis:db']
    assert pair.saas().life == 'alive'
    assert pair.sink.relate('wp', 'db') == pair.here + 1


def test_a_model_that_ends_its_half_first_is_still_heard_in_the_other(pair: Pair) -> None:
    pair.enter()
    scopes.change_application_settings(pair.tx, pair.source.uuid, pair.there, 'mysql', {'dbkey': 'last'})
    relations.destroy_by_id(pair.tx, pair.sink.uuid, pair.here)
    pair.leave('mysql/0')
    assert pair.source.relations == []
    assert pair.seen('wp/0').members == {}
    assert scopes.unit_settings(pair.tx, pair.sink.uuid, pair.here, 'db/0')['private-address'] == '10.0.0.2'
    assert scopes.application_settings(pair.tx, pair.sink.uuid, pair.here, 'db') == {'dbkey': 'last'}
    pair.leave('wp/0')
    pair.leave('wp/1')
    assert pair.sink.relations == ['wp:cache redis:db']


@pytest.mark.parametrize('gone', ['source', 'sink'])
def test_a_model_that_is_destroyed_waits_for_none_of_the_others_units(pair: Pair, gone: str) -> None:
    pair.enter()
    going, staying = (pair.source, pair.sink) if gone == 'source' else (pair.sink, pair.source)
    models.destroy(pair.tx, going.uuid)
    for unit in going.units:
        going.finish(unit)
    assert going.applications == []
    assert all(pair_life == 'alive' for pair_life in staying.lives().values())
    if gone == 'source':
        assert (pair.saas().status.value, pair.saas().status.message) == (
            'terminated',
            'offer has been removed',
        )
        pair.leave('wp/0')
        pair.leave('wp/1')
        crossings.destroy_saas(pair.tx, pair.sink.uuid, 'db')
        assert saas.list_(pair.tx, pair.sink.uuid) == []
    else:
        pair.leave('mysql/0')
        assert pair.source.relations == []
        crossings.destroy_offer(pair.tx, 'm.shop', user='admin')
        assert offers.list_(pair.tx) == []


def test_an_offered_application_that_is_in_use_stays_unless_forced(pair: Pair) -> None:
    with pytest.raises(
        JujuError, match=r'cannot destroy application "mysql": application is used by 1 offer$'
    ):
        applications.destroy(pair.tx, pair.source.uuid, 'mysql')
    with pytest.raises(JujuError, match=r'cannot delete application offer "shop": offer has 1 relation$'):
        crossings.destroy_offer(pair.tx, 'admin/m.shop', user='admin')
    applications.destroy(pair.tx, pair.source.uuid, 'mysql', force=True)
    assert offers.list_(pair.tx) == []
    assert pair.saas().status.value == 'terminated'
    with pytest.raises(JujuError, match='saas application "db" is not alive'):
        pair.sink.relate('wp', 'db')


def test_an_offer_that_nobody_is_connected_to_goes_with_its_application(world: World) -> None:
    world.deploy('a', world.make_charm('a', provides={'web': 'http'}))
    offers.create(world.tx, world.uuid, application='a', endpoint_names=['web'])
    applications.destroy(world.tx, world.uuid, 'a')
    assert (world.applications, offers.list_(world.tx)) == ([], [])


def test_an_offer_goes_by_force_with_its_relations(pair: Pair) -> None:
    pair.enter()
    crossings.destroy_offer(pair.tx, 'admin/m.shop', user='admin', force=True)
    assert {pair.seen(unit).life.value for unit in ('mysql/0', 'wp/0')} == {'dying'}
    for unit in ('mysql/0', 'wp/0', 'wp/1'):
        pair.leave(unit)
    assert pair.source.relations == []
    assert pair.sink.relations == ['wp:cache redis:db']
    assert pair.source.applications == ['mysql']
    assert pair.saas().status.value == 'terminated'


def test_what_is_consumed_goes_with_its_last_relation(pair: Pair) -> None:
    pair.enter()
    crossings.destroy_saas(pair.tx, pair.sink.uuid, 'db')
    assert pair.saas().life == 'dying'
    for unit in ('wp/0', 'wp/1'):
        pair.leave(unit)
    assert saas.find(pair.tx, pair.sink.uuid, 'db') is None
    assert pair.seen('mysql/0').life == 'dying'
    pair.leave('mysql/0')
    assert pair.source.relations == []


def test_a_suspended_relation_empties_and_fills_again(pair: Pair) -> None:
    pair.enter()
    crossings.set_suspended(pair.tx, pair.source.uuid, pair.there, True, message='lunch')
    assert pair.statuses() == {'suspending'}
    assert {pair.seen(unit).suspended for unit in ('mysql/0', 'wp/0')} == {True}
    for unit in ('mysql/0', 'wp/0', 'wp/1'):
        pair.leave(unit)
    assert pair.statuses() == {'suspended'}
    assert relations.get(pair.tx, pair.sink.uuid, pair.here).status.message == 'lunch'
    with pytest.raises(JujuError, match='suspended') as caught:
        pair.enter()
    assert caught.value.code == CANNOT_ENTER_SCOPE
    crossings.set_suspended(pair.tx, pair.source.uuid, pair.there, False)
    assert pair.statuses() == {'joining'}
    pair.enter()
    assert pair.statuses() == {'joined'}


def test_only_the_model_that_offers_suspends(pair: Pair) -> None:
    for relation, key in ((pair.here, 'wp:store db:server'), (0, 'wp:cache redis:db')):
        text = f'cannot set suspend status for "{key}" which is not associated with an offer'
        with pytest.raises(JujuError, match=text):
            crossings.set_suspended(pair.tx, pair.sink.uuid, relation, True)


def test_traffic_may_be_said_to_come_from_elsewhere(world: World) -> None:
    pair = Pair(world)
    relations.destroy_by_id(pair.tx, pair.sink.uuid, pair.here)
    with pytest.raises(JujuError, match='invalid CIDR address: nowhere'):
        relations.add(pair.tx, pair.sink.uuid, ('wp', 'db'), via_cidrs=['nowhere'])
    pair.here = relations.add(pair.tx, pair.sink.uuid, ('wp', 'db'), via_cidrs=['192.0.2.0/24']).id
    pair.there = relations.list_(pair.tx, pair.source.uuid)[-1].id
    pair.enter()
    said = scopes.unit_settings(pair.tx, pair.source.uuid, pair.there, f'{pair.proxy}/0')
    assert (said['egress-subnets'], said['ingress-address']) == ('192.0.2.0/24', '10.0.0.2')
    assert offers.list_(pair.tx)[0].connections[0].subnets == ('192.0.2.0/24',)
    egress = [
        uniter.network_info(pair.tx, pair.sink.uuid, 'wp/0', binding, relation)['egress-subnets']
        for binding, relation in (('store', pair.here), ('store', None), ('cache', pair.here), ('cache', 0))
    ]
    assert egress == [['192.0.2.0/24'], ['10.0.0.2/32'], ['10.0.0.2/32'], ['10.0.0.2/32']]
    with pytest.raises(JujuError, match='integration via subnets for non cross model relations'):
        relations.add(pair.tx, pair.sink.uuid, ('wp:cache', 'redis:db'), via_cidrs=['192.0.2.0/24'])


def test_names_are_used_once_among_applications_and_what_is_consumed(pair: Pair) -> None:
    assert pair.consume('db') == 'db', 'again is fine'
    assert pair.consume() == 'shop'
    for name, text in (
        ('wp', 'cannot add saas application "wp": local application with same name already exists'),
        ('Bad', 'invalid name'),
        ('remote-x', 'invalid name'),
    ):
        with pytest.raises(JujuError, match=text):
            pair.consume(name)
    other = offers.create(pair.tx, pair.source.uuid, application='mysql', endpoint_names=['admin'], name='o')
    with pytest.raises(JujuError, match='saas application already exists') as caught:
        crossings.consume(pair.tx, pair.sink.uuid, other.uuid, url=other.url, alias='db')
    assert caught.value.code == ALREADY_EXISTS
    with pytest.raises(JujuError, match='saas application with same name already exists'):
        pair.sink.deploy('db', pair.sink.make_charm('redis'))
    with pytest.raises(JujuError, match='the offer is of this model'):
        crossings.consume(pair.tx, pair.source.uuid, other.uuid, url=other.url)


def test_an_offer_made_again_is_consumed_under_the_old_name(pair: Pair) -> None:
    crossings.destroy_offer(pair.tx, 'm.shop', user='admin', force=True)
    pair.offer = offers.create(
        pair.tx, pair.source.uuid, application='mysql', endpoint_names=['server', 'admin'], name='shop'
    )
    pair.consume('db')
    assert sorted(pair.saas().endpoints) == ['admin', 'server']
    assert pair.saas().status.value == 'waiting'
    pair.sink.relate('wp', 'db')


@pytest.mark.parametrize(
    ('application', 'endpoint', 'text'),
    [
        ('nope', 'web', 'getting offered application nope: application "nope" not found'),
        ('a', 'nope', 'cannot add application offer "a": application "a" has no "nope" relation'),
        ('a', 'cluster', 'of use inside the model only'),
    ],
)
def test_an_offer_is_of_endpoints_that_are_there(
    world: World, application: str, endpoint: str, text: str
) -> None:
    world.deploy('a', world.make_charm('a', provides={'web': 'http'}, peers={'cluster': 'x'}))
    with pytest.raises(JujuError, match=text):
        offers.create(world.tx, world.uuid, application=application, endpoint_names=[endpoint])


def test_an_offer_may_be_changed_but_keeps_what_is_in_use(pair: Pair) -> None:
    with pytest.raises(JujuError, match='endpoint "server" has connections'):
        offers.create(pair.tx, pair.source.uuid, application='mysql', endpoint_names=['admin'], name='shop')
    changed = offers.create(
        pair.tx, pair.source.uuid, application='mysql', endpoint_names=['admin', 'server'], name='shop'
    )
    assert changed.uuid == pair.offer.uuid
    assert [endpoint.name for endpoint in changed.endpoints] == ['admin', 'server']


@pytest.mark.parametrize('url', ['m.shop', 'admin/m.shop', 'ctl:admin/m.shop'])
def test_an_offer_is_found_by_its_url(pair: Pair, url: str) -> None:
    assert offers.by_url(pair.tx, url, user='admin').uuid == pair.offer.uuid


@pytest.mark.parametrize(
    ('url', 'text'),
    [
        ('admin/m.nope', 'application offer "admin/m.nope" not found'),
        ('bob/m.shop', 'application offer "bob/m.shop" not found'),
        ('shop', 'application offer URL "shop" not valid'),
    ],
)
def test_an_offer_that_is_not_there_is_said_to_be_so(pair: Pair, url: str, text: str) -> None:
    with pytest.raises(JujuError, match=text):
        offers.by_url(pair.tx, url, user='admin')
    with pytest.raises(JujuError, match='saas application "nope" not found') as caught:
        crossings.destroy_saas(pair.tx, pair.sink.uuid, 'nope')
    assert caught.value.code == NOT_FOUND


def test_the_pairs_of_models_that_must_reach_each_other(pair: Pair) -> None:
    source, sink = pair.source.uuid, pair.sink.uuid
    assert crossings.connected_models(pair.tx) == {(source, sink), (sink, source)}
    relations.destroy_by_id(pair.tx, sink, pair.here, force=True)
    assert crossings.connected_models(pair.tx) == frozenset()


def test_the_offering_model_does_not_show_who_consumes(pair: Pair) -> None:
    source = status.snapshot(pair.tx, pair.source.uuid)
    sink = status.snapshot(pair.tx, pair.sink.uuid)
    assert {app.name: app.relations for app in source.applications} == {'mysql': {}}
    assert {app.name: app.relations for app in sink.applications} == {
        'redis': {'db': ('wp',)},
        'wp': {'cache': ('redis',), 'store': ('db',)},
    }
    assert [one.name for one in sink.saas] == ['db']
    assert [offer.name for offer in source.offers] == ['shop']


def test_goal_state_names_an_offer_by_its_url_and_does_not_tell_who_consumes(pair: Pair) -> None:
    pair.enter()
    goal = uniter.goal_state(pair.tx, pair.sink.uuid, 'wp/0')['relations']
    assert list(goal['store']) == ['ctl:admin/m.shop']
    assert goal['store']['ctl:admin/m.shop']['status'] == 'joined'
    assert set(goal['cache']) == {'redis', 'redis/0'}
    goal = uniter.goal_state(pair.tx, pair.source.uuid, 'mysql/0')
    assert (goal['relations'], list(goal['units'])) == ({}, ['mysql/0'])


def test_models_on_one_region_of_a_kubernetes_cloud_are_one_cluster(pair: Pair) -> None:
    tx = pair.tx
    clouds.add(tx, 'far', {'type': 'kubernetes', 'regions': [{'name': 'a'}, {'name': 'b'}]})
    places = {'one': 'a', 'two': 'a', 'three': 'b'}
    made = {
        name: models.add(tx, name=name, owner='admin', cloud='far', region=region)
        for name, region in places.items()
    }
    before = {(pair.source.uuid, pair.sink.uuid), (pair.sink.uuid, pair.source.uuid)}
    met = crossings.connected_models(tx) - before
    assert met == {(made['one'], made['two']), (made['two'], made['one'])}
