"""Whatever operators and agents do, in whatever order, a model stays whole and can be taken down."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from pocket.model import application_of
from pocket.services import applications, life, machines, models, relations, rows, uniter
from pocket.services.errors import JujuError

if TYPE_CHECKING:
    from tests.unit.pocket.services.conftest import World

_APPLICATIONS = ('a', 'b', 's')


_CONTROLLERS = frozenset({'cloud'})
"""Tables of what is no model's."""


class _Story:
    """Random events in one model; remembers what was there."""

    def __init__(self, world: World) -> None:
        self.world = world
        make = world.make_charm
        self.charms = {
            'a': make('a', provides={'db': 'sql'}, peers={'cluster': 'ha'}),
            'b': make('b', requires={'db': 'sql'}),
            's': make(
                's', requires={'host': 'juju-info', 'db': 'sql'}, container=('host',), subordinate=True
            ),
        }
        self.units: set[str] = set()
        self.gone_units: set[str] = set()
        self.relations: set[int] = set()
        self.gone_relations: set[int] = set()
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
        )

    def happen(self, event: int, seed: int) -> None:
        db = self.world.tx.db
        db.execute('SAVEPOINT event')
        try:
            self.events[event % len(self.events)](random.Random(seed))
        except (JujuError, IndexError):  # refused, or there is nothing to do it to
            db.execute('ROLLBACK TO event')
        db.execute('RELEASE event')
        self.world.tx.now_ms += 1_000
        self.check()

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
            machines.remove(self.world.tx, self.world.uuid, machine.id)

    def check(self) -> None:
        """Fail if the model is not whole."""
        tx, uuid = self.world.tx, self.world.uuid
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
        self.gone_units |= self.units - units.keys()
        self.gone_relations |= self.relations - found_relations.keys()
        assert not self.gone_units & units.keys(), 'a name is used once'
        assert not self.gone_relations & found_relations.keys(), 'an id is used once'
        self.units |= units.keys()
        self.relations |= found_relations.keys()

    def take_down(self) -> None:
        """Destroy the model and do what agents and the provisioner do then."""
        tx, uuid = self.world.tx, self.world.uuid
        models.destroy(tx, uuid)
        while units := applications.list_units(tx, uuid):
            assert {str(unit.life) for unit in units} == {'dying'}
            self.world.finish(next(unit.name for unit in units if not unit.subordinates))
        for machine in machines.removable(tx):
            machines.remove(tx, uuid, machine.id)
        assert models.list_uuids(tx) == []
        left = [
            str(row['name'])
            for row in rows.many(tx, "SELECT name FROM sqlite_master WHERE type = 'table'")
            if rows.exists(tx, f'SELECT 1 FROM {row["name"]}')
        ]
        assert set(left) <= _CONTROLLERS, 'a model that is gone leaves no row'


@settings(max_examples=60, deadline=None)
@given(events=st.lists(st.tuples(st.integers(0, 15), st.integers(0, 2**16)), min_size=10, max_size=60))
def test_any_story_leaves_a_model_that_is_whole_and_can_be_taken_down(
    make_world: Callable[[], World], events: list[tuple[int, int]]
) -> None:
    world = make_world()
    story = _Story(world)
    try:
        story.happen(0, 0)
        for event, seed in events:
            story.happen(event, seed)
        story.take_down()
    finally:
        world.tx.db.close()
