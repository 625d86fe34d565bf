"""The applications at the other ends, as they are once the present event is over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

import ops

Bag = Mapping[str, str]


class Related:
    """What the unit of *charm* can read and write during *event*."""

    def __init__(self, charm: ops.CharmBase, event: ops.EventBase | None = None) -> None:
        self._charm = charm
        self._model = charm.model
        # A relation that breaks can still be read, but must no longer count.
        self._broken = event.relation.id if isinstance(event, ops.RelationBrokenEvent) else None
        self._breaking = event.relation.name if isinstance(event, ops.RelationBrokenEvent) else ''
        self._departing = event.departing_unit if isinstance(event, ops.RelationDepartedEvent) else None

    def relations(self, endpoint: str) -> list[ops.Relation]:
        """Return the relations of *endpoint* that stay."""
        return [relation for relation in self._model.relations[endpoint] if relation.id != self._broken]

    def is_breaking(self, endpoint: str) -> bool:
        """Tell whether a relation of *endpoint* ends in this event."""
        return self._breaking == endpoint

    def app_bag(self, relation: ops.Relation) -> Bag:
        """Return what the other application wrote."""
        return dict(relation.data[relation.app]) if relation.app else {}

    def told(self, relation: ops.Relation) -> Bag:
        """Return what this application wrote, which only the leader can read."""
        return dict(relation.data[self._charm.app]) if self._charm.unit.is_leader() else {}

    def unit_bags(self, relation: ops.Relation) -> list[Bag]:
        """Return what each of the other units that stay wrote, in order of their names."""
        units = sorted(relation.units - {self._departing}, key=lambda unit: unit.name)
        return [dict(relation.data[unit]) for unit in units]

    def secret(self, uri: str) -> Bag:
        """Return the newest content of a granted secret, empty when there is none."""
        try:
            return self._model.get_secret(id=uri).get_content(refresh=True)
        except (ops.SecretNotFoundError, ops.ModelError):
            return {}

    def opened(self, bag: Bag) -> Bag:
        """Return *bag* with the contents of the secrets that its ``secret-`` keys name."""
        found = dict(bag)
        for key, uri in bag.items():
            if key.startswith('secret-') and uri.startswith('secret:'):
                found.update(self.secret(uri))
        return found

    def publish(self, relation: ops.Relation, data: Mapping[str, str]) -> None:
        """Write the unit's *data*, but only what differs; an empty value takes the key away."""
        _write(relation.data[self._charm.unit], data)

    def publish_app(self, relation: ops.Relation, data: Mapping[str, str]) -> None:
        """Write the application's *data*, which only the leader can, but only what differs."""
        if self._charm.unit.is_leader():
            _write(relation.data[self._charm.app], data)

    def address(self, endpoint: str) -> str:
        """Return the address at which others reach this application through *endpoint*."""
        try:
            binding = self._model.get_binding(endpoint)
        except ops.ModelError:
            return ''
        return str((binding and binding.network.ingress_address) or '')

    def unit_address(self, endpoint: str) -> str:
        """Return the address of this unit's pod, where :meth:`address` may lead to any of the units."""
        try:
            binding = self._model.get_binding(endpoint)
        except ops.ModelError:
            return ''
        return str((binding and binding.network.bind_address) or '')


def _write(bag: ops.RelationDataContent, data: Mapping[str, str]) -> None:
    for key, value in data.items():
        if bag.get(key, '') != value:
            bag[key] = value


def json_mapping(text: str) -> Mapping[str, object]:
    """Return the JSON object in *text*, empty when it is none."""
    try:
        found: object = json.loads(text)
    except ValueError:
        return {}
    return cast('Mapping[str, object]', found) if isinstance(found, dict) else {}


def json_list(text: str) -> list[object]:
    """Return the JSON list in *text*, empty when it is none."""
    try:
        found: object = json.loads(text)
    except ValueError:
        return []
    return cast('list[object]', found) if isinstance(found, list) else []
