"""Two models that a relation through an offer connects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocket.services import crossings, offers, relations, saas, sides, uniter

if TYPE_CHECKING:
    from pocket.model import RelationView
    from tests.unit.pocket.services.conftest import World


class Pair:
    """A model that offers ``mysql:server`` as ``shop`` and one that relates ``wp`` to it as ``db``."""

    def __init__(self, source: World) -> None:
        self.tx = source.tx
        self.source = source
        self.sink = source.beside('sink')
        source.deploy('mysql', source.make_charm('mysql', provides={'server': 'sql', 'admin': 'sql-root'}))
        self.sink.deploy('wp', source.make_charm('wp', requires={'store': 'sql', 'cache': 'redis'}), units=2)
        source.start('mysql/0')
        self.sink.start('wp/0', 'wp/1')
        # So that the two models do not happen to give the relation the same number.
        self.sink.deploy('redis', source.make_charm('redis', provides={'db': 'redis'}))
        self.sink.relate('wp', 'redis')
        self.offer = offers.create(
            self.tx, source.uuid, application='mysql', endpoint_names=['server'], name='shop'
        )
        self.consume('db')
        self.here = self.sink.relate('wp', 'db')
        self.there = relations.list_(self.tx, source.uuid)[-1].id
        self.proxy = sides.proxy_name(self.sink.uuid, 'wp')

    def consume(self, alias: str = '') -> str:
        url = f'ctl:{self.offer.url}'
        return crossings.consume(self.tx, self.sink.uuid, self.offer.uuid, url=url, alias=alias)

    def enter(self) -> None:
        self.source.enter(self.there, 'mysql/0')
        self.sink.enter(self.here, 'wp/0', 'wp/1')

    def seen(self, unit: str) -> RelationView:
        """The relation as the agent of a unit sees it."""
        world = self.source if unit.startswith('mysql') else self.sink
        wanted = self.there if world is self.source else self.here
        return next(view for view in world.view(unit).relations if view.id == wanted)

    def statuses(self) -> set[str]:
        """The status of the relation where it still is."""
        return {
            relation.status.value
            for world in (self.source, self.sink)
            for relation in relations.list_(self.tx, world.uuid)
            if relation.offer_uuid
        }

    def saas(self) -> saas.SaasRecord:
        found = saas.find(self.tx, self.sink.uuid, 'db')
        assert found is not None
        return found

    def leave(self, unit: str) -> None:
        world, relation = (self.source, self.there) if unit.startswith('mysql') else (self.sink, self.here)
        uniter.leave_scope(self.tx, world.uuid, unit, relation)
