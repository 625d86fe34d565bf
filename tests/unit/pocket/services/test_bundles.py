"""A model as a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bedrock.charm import Option
from pocket import bundles as documents
from pocket.services import annotations, applications, bundles
from pocket.services.errors import JujuError
from pocket.services.storage import directives
from pocket.services.storage.directives import Directive
from tests.unit.pocket.services.pair import Pair

if TYPE_CHECKING:
    from tests.unit.pocket.services.conftest import World


def test_each_model_exports_its_side_of_an_offer(world: World) -> None:
    pair = Pair(world)
    base, overlay = bundles.export(pair.tx, pair.source.uuid)
    assert 'relations' not in base
    assert 'saas' not in base
    offer = {'shop': {'endpoints': ['server'], 'acl': {'admin': 'admin'}}}
    assert overlay == {'applications': {'mysql': {'offers': offer}}}
    (base,) = bundles.export(pair.tx, pair.sink.uuid)
    assert base['saas'] == {'db': {'url': 'admin/m.shop'}}
    assert base['relations'] == [['wp:cache', 'redis:db'], ['wp:store', 'db:server']]
    assert documents.read(base).saas == {'db': 'admin/m.shop'}


def test_storage_of_units_and_options_with_odd_names_are_exported(world: World) -> None:
    world.deploy('a', world.make_charm('a', options={'on': Option(type='boolean')}), config={'on': 'true'})
    given = {
        'data': Directive(pool='loop', size_mib=512, count=2),
        'none': Directive(pool='', size_mib=1, count=0),
    }
    directives.keep(world.tx, world.uuid, 'a', given)
    (base,) = bundles.export(world.tx, world.uuid)
    assert base['applications']['a']['storage'] == {'data': 'loop,2,512M'}
    assert base['applications']['a']['options'] == {'on': True}


def test_a_charm_of_the_store_is_exported_with_its_release(world: World) -> None:
    charm = world.make_charm('keeper')
    origin = {'source': 'charm-hub', 'track': '8.0', 'risk': 'edge'}
    world.deploy('a', charm, origin=origin)
    world.tx.db.execute('PRAGMA foreign_keys=OFF')
    world.tx.db.execute("UPDATE charm SET url = 'ch:amd64/keeper-7', revision = 7")
    world.tx.db.execute("UPDATE application SET charm_url = 'ch:amd64/keeper-7'")
    (base,) = bundles.export(world.tx, world.uuid)
    exported = base['applications']['a']
    assert (exported['charm'], exported['channel'], exported['revision']) == ('keeper', '8.0/edge', 7)


def test_storage_has_notes_until_it_is_gone(world: World) -> None:
    world.deploy('a', world.make_charm('a'))
    world.tx.db.execute(
        'INSERT INTO storage VALUES'
        " (?, 'data/0', 'data', 0, 'a/0', 'rootfs', 'rootfs', 1, '0', '', 'alive', '')",
        (world.uuid,),
    )
    annotations.change(world.tx, world.uuid, 'storage-data-0', {'x': 'y'})
    assert annotations.get_checked(world.tx, world.uuid, 'storage-data-0') == {'x': 'y'}
    with pytest.raises(JujuError, match='permission denied'):
        annotations.change(world.tx, world.uuid, 'storage-data-1', {'x': 'y'})
    annotations.forget(world.tx, world.uuid, 'storage-data-0')
    assert annotations.get(world.tx, world.uuid, 'storage-data-0') == {}
    assert applications.get(world.tx, world.uuid, 'a').name == 'a'
