"""The applications at the other ends, as they are once the present event is over."""

from __future__ import annotations

from collections.abc import Mapping

import ops

Bag = Mapping[str, str]


class Related:
    """What the unit of *charm* can read and write during *event*."""

    def __init__(self, charm: ops.CharmBase, event: ops.EventBase) -> None:
        self._charm = charm
        # A relation that breaks can still be read, but must no longer count.
        self._broken = event.relation.id if isinstance(event, ops.RelationBrokenEvent) else None

    def relations(self, endpoint: str) -> list[ops.Relation]:
        """Return the relations of *endpoint* that stay, the oldest first."""
        found = self._charm.model.relations[endpoint]
        return sorted(
            (relation for relation in found if relation.id != self._broken), key=lambda found: found.id
        )

    def app_bag(self, relation: ops.Relation) -> Bag:
        """Return what the other application wrote."""
        return dict(relation.data[relation.app]) if relation.app else {}

    def publish_app(self, relation: ops.Relation, data: Mapping[str, str]) -> None:
        """Write the application's *data*, but only what differs; an empty value takes the key away."""
        bag = relation.data[self._charm.app]
        for key, value in data.items():
            if bag.get(key, '') != value:
                bag[key] = value
