from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pocket.services import endpoints, relations
from pocket.services.errors import ALREADY_EXISTS, NOT_FOUND, QUOTA_LIMIT_EXCEEDED, JujuError

if TYPE_CHECKING:
    from bedrock.charm import Charm
    from pocket.services.endpoints import Party
    from tests.unit.pocket.services.conftest import World


def _parties(world: World) -> dict[str, Party]:
    return {name: endpoints.party(charm) for name, charm in _charms(world).items()}


def _charms(world: World) -> dict[str, Charm]:
    make = world.make_charm
    return {
        'mysql': make('mysql', provides={'server': 'mysql', 'admin': 'mysql-root'}, peers={'cluster': 'ha'}),
        'wp': make('wp', requires={'db': 'mysql', 'cache': 'memcache'}),
        'twice': make('twice', requires={'read': 'mysql', 'write': 'mysql'}),
        'agent': make('agent', requires={'info': 'juju-info'}, container=('info',), subordinate=True),
        'both': make(
            'both',
            requires={'info': 'juju-info', 'db': 'mysql'},
            container=('info',),
            subordinate=True,
        ),
        'boxed': make('boxed', requires={'db': 'mysql'}, container=('db',)),
    }


@pytest.mark.parametrize(
    ('names', 'key'),
    [
        (['wp', 'mysql'], 'wp:db mysql:server'),
        (['mysql', 'wp'], 'wp:db mysql:server'),
        (['mysql:server', 'wp:db'], 'wp:db mysql:server'),
        (['twice:read', 'mysql'], 'twice:read mysql:server'),
        (['agent', 'wp'], 'agent:info wp:juju-info'),
        (['wp:juju-info', 'agent'], 'agent:info wp:juju-info'),
        # The explicit one wins over the implicit one.
        (['both', 'mysql'], 'both:db mysql:server'),
        (['both', 'mysql:juju-info'], 'both:info mysql:juju-info'),
        (['mysql'], 'mysql:cluster'),
    ],
)
def test_names_mean_one_relation(world: World, names: list[str], key: str) -> None:
    assert endpoints.key(endpoints.infer(names, _parties(world))) == key


@pytest.mark.parametrize(
    ('names', 'message', 'code'),
    [
        (['wp', 'agent:info', 'mysql'], 'cannot relate 3 endpoints', ''),
        (['wp', 'nothing'], 'application "nothing" not found', NOT_FOUND),
        (['wp:web', 'mysql'], 'application "wp" has no "web" relation', NOT_FOUND),
        (['wp:', 'mysql'], 'invalid endpoint "wp:"', ''),
        (['wp', 'wp'], 'no relations found', ''),
        (['wp:cache', 'mysql'], 'no relations found', ''),
        (['mysql:cluster', 'mysql:cluster'], 'no relations found', ''),
        # Container scope needs a subordinate.
        (['boxed', 'mysql'], 'no relations found', ''),
        (
            ['twice', 'mysql'],
            (
                'ambiguous relation: "twice mysql" could refer to'
                ' "twice:read mysql:server"; "twice:write mysql:server"'
            ),
            '',
        ),
    ],
)
def test_names_that_mean_none_or_several(world: World, names: list[str], message: str, code: str) -> None:
    with pytest.raises(JujuError) as caught:
        endpoints.infer(names, _parties(world))
    assert (caught.value.message, caught.value.code) == (message, code)


def test_the_same_relation_cannot_be_added_twice(world: World) -> None:
    _deploy(world)
    world.relate('a', 'b')
    with pytest.raises(JujuError) as caught:
        world.relate('b:db', 'a:db')
    assert caught.value.message == 'cannot add relation "b:db a:db": relation b:db a:db already exists'
    assert caught.value.code == ALREADY_EXISTS


def test_an_endpoint_takes_no_more_relations_than_its_limit(world: World) -> None:
    _deploy(world)
    world.relate('a', 'b')
    world.deploy('c', world.make_charm('c', provides={'db': 'sql'}))
    with pytest.raises(JujuError) as caught:
        world.relate('b', 'c')
    assert (
        caught.value.message
        == 'establishing a new relation for b:db would exceed its maximum relation limit of 1'
    )
    assert caught.value.code == QUOTA_LIMIT_EXCEEDED


def test_relation_ids_are_never_used_again(world: World) -> None:
    _deploy(world)
    assert relations.list_(world.tx, world.uuid)[0].key == 'a:cluster', (
        'peer relations come with the application'
    )
    first = world.relate('a', 'b')
    relations.destroy(world.tx, world.uuid, ['a', 'b'])
    assert world.relate('a', 'b') == first + 1


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        (['a', 'b'], 'relation "b:db a:db" not found'),
        (['a:cluster'], 'cannot destroy relation "a:cluster": is a peer relation'),
        (['a', 'x'], 'application "x" not found'),
    ],
)
def test_relations_that_cannot_be_destroyed(world: World, names: list[str], message: str) -> None:
    _deploy(world)
    with pytest.raises(JujuError) as caught:
        relations.destroy(world.tx, world.uuid, names)
    assert caught.value.message == message


def test_a_subordinate_must_run_where_its_principal_runs(world: World) -> None:
    make = world.make_charm
    world.deploy('a', make('a'))
    for name, channel in (('old', '22.04'), ('new', '24.04')):
        charm = make(
            name,
            requires={'host': 'juju-info'},
            container=('host',),
            subordinate=True,
            bases=(('ubuntu', channel),),
        )
        world.deploy(name, charm, base=None)
    with pytest.raises(JujuError, match='bases must match'):
        world.relate('old', 'a')
    assert world.relate('new', 'a') == 0


def _deploy(world: World) -> None:
    world.deploy('a', world.make_charm('a', provides={'db': 'sql'}, peers={'cluster': 'ha'}))
    world.deploy('b', world.make_charm('b', requires={'db': 'sql'}, limits={'db': 1}))
