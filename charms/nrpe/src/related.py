"""The units at the other ends of this unit's relations, as they are once the present event is over."""

from __future__ import annotations

from collections.abc import Mapping

import ops

Bag = Mapping[str, str]


class Related:
    """What the unit of *charm* can read and write during *event*."""

    def __init__(self, charm: ops.CharmBase, event: ops.EventBase) -> None:
        self._model = charm.model
        self._unit = charm.unit
        # A relation that breaks and a unit that departs can still be read, but must no longer count.
        self._broken = event.relation.id if isinstance(event, ops.RelationBrokenEvent) else None
        self._departing = event.departing_unit if isinstance(event, ops.RelationDepartedEvent) else None

    def relations(self, *endpoints: str) -> list[ops.Relation]:
        """Return the relations of *endpoints* that stay."""
        found = (relation for name in endpoints for relation in self._model.relations[name])
        return [relation for relation in found if relation.id != self._broken]

    def bags(self, *relations: ops.Relation) -> list[tuple[str, Bag]]:
        """Return name and data of every unit in *relations* that stays."""
        return [
            (unit.name, dict(relation.data[unit]))
            for relation in relations
            for unit in sorted(relation.units, key=lambda unit: unit.name)
            if unit != self._departing
        ]

    def publish(self, relation: ops.Relation, data: Mapping[str, str]) -> None:
        """Write *data*, but only what differs: an equal write costs a hook tool call for nothing."""
        bag = relation.data[self._unit]
        for key, value in data.items():
            if bag.get(key, '') != value:
                bag[key] = value

    def address(self, endpoint: str) -> str:
        """Return the address at which others reach this unit through *endpoint*."""
        binding = self._model.get_binding(endpoint)
        return str((binding and binding.network.ingress_address) or '')
