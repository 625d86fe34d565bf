"""Whatever operators and agents do, in whatever order, a model stays whole and can be taken down."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from pocket.model import application_of
from pocket.services import (
    applications,
    crossings,
    life,
    machines,
    models,
    offers,
    relations,
    rows,
    saas,
    sides,
    uniter,
)
from pocket.services.errors import JujuError

if TYPE_CHECKING:
    from tests.unit.pocket.services.conftest import World

_APPLICATIONS = ('a', 'b', 's')


_CONTROLLERS = frozenset({'cloud'})
"""Tables of what is no model's."""


class _Memory:
    """What was ever in one model."""

    def __init__(self) -> None:
        self.units: set[str] = set()
        self.gone_units: set[str] = set()
        self.relations: set[int] = set()
        self.gone_relations: set[int] = set()


class Story:
    """Random events in two models that relate to each other; remembers what was there."""

    def __init__(self, world: World) -> None:
        self.worlds = [world, world.beside('n')]
        self.world = world
        self.memories = {each.uuid: _Memory() for each in self.worlds}
        make = world.make_charm
        self.charms = {
            'a': make('a', provides={'db': 'sql'}, peers={'cluster': 'ha'}),
            'b': make('b', requires={'db': 'sql'}),
            's': make(
                's', requires={'host': 'juju-info', 'db': 'sql'}, container=('host',), subordinate=True
            ),
        }
        self.events: tuple[Callable[[random.Random], None], ...] = (
            self.deploy,
            self.add_unit,
            self.relate,
            self.run,
            self.run,
            self.enter,
            self.enter,
            self.leave,
            self.claim,
            self.finish,
            self.finish,
            self.destroy_unit,
            self.destroy_application,
            self.destroy_relation,
            self.destroy_machine,
            self.expire,
            self.offer,
            self.consume,
            self.cross,
            self.cross,
            self.suspend,
            self.destroy_offer,
            self.destroy_saas,
        )

    def begin(self) -> None:
        """Relate the two models, which chance alone seldom does."""
        source, sink = self.worlds
        source.deploy('a', self.charms['a'])
        sink.deploy('b', self.charms['b'], units=2)
        source.start('a/0')
        sink.start('b/0', 'b/1')
        offer = offers.create(source.tx, source.uuid, application='a', endpoint_names=['db'])
        crossings.consume(sink.tx, sink.uuid, offer.uuid, url=offer.url)
        relation = sink.relate('b', 'a')
        sink.enter(relation, 'b/0')
        for world in self.worlds:
            self.check(world)
        self.check_crossings()

    def happen(self, event: int, seed: int) -> None:
        db = self.world.tx.db
        db.execute('SAVEPOINT event')
        chance = random.Random(seed)
        self.world = chance.choice(self.worlds)
        try:
            self.events[event % len(self.events)](chance)
        except (JujuError, IndexError):  # refused, or there is nothing to do it to
            db.execute('ROLLBACK TO event')
        db.execute('RELEASE event')
        self.world.tx.now_ms += 1_000
        for world in self.worlds:
            self.check(world)
        self.check_crossings()

    def deploy(self, chance: random.Random) -> None:
        name = chance.choice(_APPLICATIONS)
        self.world.deploy(name, self.charms[name], units=chance.randint(0, 2))

    def add_unit(self, chance: random.Random) -> None:
        placement = [chance.choice(['new', '0', '1'])]
        applications.add_units(
            self.world.tx, self.world.uuid, chance.choice(_APPLICATIONS), placement=placement
        )

    def relate(self, chance: random.Random) -> None:
        self.world.relate(*chance.choice([('a', 'b'), ('s:host', 'a'), ('s:host', 'b'), ('s:db', 'a')]))

    def run(self, chance: random.Random) -> None:
        self.world.start(chance.choice(self.world.units))

    def enter(self, chance: random.Random) -> None:
        unit = chance.choice(self.world.units)
        for relation in self.world.view(unit).relations:
            uniter.enter_scope(self.world.tx, self.world.uuid, unit, relation.id)

    def leave(self, chance: random.Random) -> None:
        unit = chance.choice(self.world.units)
        relation = chance.choice(self.world.view(unit).relations)
        uniter.leave_scope(self.world.tx, self.world.uuid, unit, relation.id)

    def claim(self, chance: random.Random) -> None:
        uniter.claim_leadership(self.world.tx, self.world.uuid, chance.choice(self.world.units))

    def finish(self, chance: random.Random) -> None:
        self.world.finish(chance.choice([unit for unit, at in self.world.lives().items() if at == 'dying']))

    def destroy_unit(self, chance: random.Random) -> None:
        unit, force = chance.choice(self.world.units), chance.random() < 0.3
        applications.destroy_unit(self.world.tx, self.world.uuid, unit, force=force, max_wait_ms=2_000)

    def destroy_application(self, chance: random.Random) -> None:
        name, force = chance.choice(_APPLICATIONS), chance.random() < 0.3
        applications.destroy(self.world.tx, self.world.uuid, name, force=force, max_wait_ms=2_000)

    def destroy_relation(self, chance: random.Random) -> None:
        found = relations.list_(self.world.tx, self.world.uuid)
        force = chance.random() < 0.3
        relations.destroy_by_id(self.world.tx, self.world.uuid, chance.choice(found).id, force=force)

    def destroy_machine(self, chance: random.Random) -> None:
        found = machines.list_(self.world.tx, self.world.uuid)
        machines.destroy(self.world.tx, self.world.uuid, chance.choice(found).id, force=chance.random() < 0.5)

    def expire(self, chance: random.Random) -> None:
        life.expire_forced(self.world.tx)
        for machine in machines.removable(self.world.tx):
            machines.remove(self.world.tx, machine.model_uuid, machine.id)

    def offer(self, chance: random.Random) -> None:
        name, endpoint = chance.choice([('a', 'db'), ('b', 'db'), ('s', 'db')])
        offers.create(self.world.tx, self.world.uuid, application=name, endpoint_names=[endpoint])

    def consume(self, chance: random.Random) -> None:
        offer = chance.choice(offers.list_(self.world.tx))
        alias = f'from-{offer.name}'
        crossings.consume(self.world.tx, self.world.uuid, offer.uuid, url=offer.url, alias=alias)

    def cross(self, chance: random.Random) -> None:
        consumed = chance.choice(saas.list_(self.world.tx, self.world.uuid)).name
        self.world.relate(chance.choice(('a:db', 'b:db', 's:db')), consumed)

    def suspend(self, chance: random.Random) -> None:
        found = relations.list_(self.world.tx, self.world.uuid)
        relation = chance.choice([relation for relation in found if relation.offer_uuid])
        suspended = chance.random() < 0.7
        crossings.set_suspended(self.world.tx, self.world.uuid, relation.id, suspended, message='why')

    def destroy_offer(self, chance: random.Random) -> None:
        url, force = chance.choice(offers.list_(self.world.tx)).url, chance.random() < 0.5
        crossings.destroy_offer(self.world.tx, url, user='admin', force=force)

    def destroy_saas(self, chance: random.Random) -> None:
        name, force = chance.choice(saas.list_(self.world.tx, self.world.uuid)).name, chance.random() < 0.3
        crossings.destroy_saas(self.world.tx, self.world.uuid, name, force=force)

    def check_crossings(self) -> None:
        """Fail if two models see one relation differently."""
        tx = self.world.tx
        homeless = rows.many(
            tx,
            'SELECT 1 FROM relation_endpoint side WHERE NOT EXISTS (SELECT 1 FROM relation_endpoint home'
            ' WHERE home.model_uuid = side.home_model AND home.relation_id = side.home_relation'
            ' AND home.application = side.home_application AND home.home_model = home.model_uuid)',
        )
        assert not homeless, 'every side has a home'
        for row in rows.many(tx, "SELECT * FROM relation WHERE offer_uuid <> ''"):
            seen = sides.everywhere(tx, str(row['model_uuid']), int(row['id']))
            if len(seen) == 1:
                assert row['life'] == 'dying', 'what is left alone is about to go'
                continue
            there = relations.get(tx, *seen[1])
            assert sides.everywhere(tx, *seen[1]) == seen[::-1], 'a twin is one both ways'
            assert there.life == row['life']
            here = relations.get(tx, *seen[0])
            assert here.status.value == there.status.value
            deserted = sides.is_deserted(tx, *seen[0])
            if row['suspended'] and row['life'] == 'alive':
                assert here.status.value == ('suspended' if deserted else 'suspending')
            assert {here.offered, there.offered} == {True, False}
        for world in self.worlds:
            for one in saas.list_(tx, world.uuid):
                related = any(
                    side.application == one.name
                    for relation in relations.list_(tx, world.uuid)
                    for side in relation.endpoints
                )
                assert one.life == 'alive' or related, 'what is consumed goes with its last relation'

    def check(self, world: World) -> None:
        """Fail if a model is not whole."""
        tx, uuid, memory = world.tx, world.uuid, self.memories[world.uuid]
        units = {unit.name: unit for unit in applications.list_units(tx, uuid)}
        found_relations = {relation.id: relation for relation in relations.list_(tx, uuid)}
        found_machines = {machine.id: machine for machine in machines.list_(tx, uuid)}
        present = {
            (int(row['relation_id']), str(row['unit']))
            for row in rows.many(tx, 'SELECT * FROM relation_unit WHERE model_uuid = ? AND in_scope', uuid)
        }
        for relation_id, unit in present:
            sides = {side.application for side in found_relations[relation_id].endpoints}
            assert unit in units, 'nobody is in scope who is gone'
            assert application_of(unit) in sides
        for relation in found_relations.values():
            if relation.life != 'alive':
                assert any(at == relation.id for at, _ in present), 'a dying relation has someone in it'
        for application in applications.list_(tx, uuid):
            mine = [unit for unit in units.values() if unit.application == application.name]
            if application.life != 'alive':
                assert mine or any(
                    side.application == application.name
                    for relation in found_relations.values()
                    for side in relation.endpoints
                ), 'a dying application has something left'
            assert application.leader in ('', *(unit.name for unit in mine))
        for unit in units.values():
            assert found_machines[unit.machine].life == 'alive'
            if unit.principal:
                assert units[unit.principal].machine == unit.machine
                assert units[unit.principal].life != 'dead'
        for machine in found_machines.values():
            assert machine.life != 'alive' or any(unit.machine == machine.id for unit in units.values())
        memory.gone_units |= memory.units - units.keys()
        memory.gone_relations |= memory.relations - found_relations.keys()
        assert not memory.gone_units & units.keys(), 'a name is used once'
        assert not memory.gone_relations & found_relations.keys(), 'an id is used once'
        memory.units |= units.keys()
        memory.relations |= found_relations.keys()

    def take_down(self) -> None:
        """Destroy both models, one after the other, and do what agents and the provisioner do then."""
        tx = self.world.tx
        while self.worlds:
            world = self.worlds.pop()
            models.destroy(tx, world.uuid)
            while units := applications.list_units(tx, world.uuid):
                assert {str(unit.life) for unit in units} == {'dying'}
                world.finish(next(unit.name for unit in units if not unit.subordinates))
            for machine in machines.removable(tx):
                machines.remove(tx, machine.model_uuid, machine.id)
            assert models.find(tx, world.uuid) is None, 'no model waits for another'
            for other in self.worlds:
                self.check(other)
            self.check_crossings()
        left = [
            str(row['name'])
            for row in rows.many(tx, "SELECT name FROM sqlite_master WHERE type = 'table'")
            if rows.exists(tx, f'SELECT 1 FROM {row["name"]}')
        ]
        assert set(left) <= _CONTROLLERS, 'a model that is gone leaves no row'


@settings(max_examples=60, deadline=None)
@given(
    begun=st.booleans(),
    events=st.lists(st.tuples(st.integers(0, 22), st.integers(0, 2**16)), min_size=10, max_size=80),
)
def test_any_story_leaves_models_that_are_whole_and_can_be_taken_down(
    make_world: Callable[[], World], begun: bool, events: list[tuple[int, int]]
) -> None:
    world = make_world()
    story = Story(world)
    try:
        if begun:
            story.begin()
        else:
            story.happen(0, 0)
        for event, seed in events:
            story.happen(event, seed)
        story.take_down()
    finally:
        world.tx.db.close()
