"""What the leader tells the other units, and a later leader: flags in the peer relation, never a secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import ops
import related

ENDPOINT = 'replicas'
BY_US = 'charm'
BEFORE_US = 'earlier'
_DOWNLOADED = 'downloaded'


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What has been done to the database.

    Attributes:
        installed: Identity of the database that holds the site, empty before.
        origin: Who installed it, ``BY_US`` or ``BEFORE_US``.
        applied: Digest of the options that were applied last.
        owned_options: Names of options in the database that this charm set, to take them away again.
        owned_plugins: Plugins that this charm switched on.
        schema: Version of the schema that the database was brought to.
        ingress: Whether there may be an Ingress of ours, empty when not.
        keys: When the keys were changed last, so that units look at the secret again.
        downloads: What every unit downloads, in the form of ``downloads.written``.
        tree: Name of the downloaded files that the site was last changed for.
    """

    installed: str = ''
    origin: str = ''
    applied: str = ''
    owned_options: tuple[str, ...] = ()
    owned_plugins: tuple[str, ...] = ()
    schema: str = ''
    ingress: str = ''
    keys: str = ''
    downloads: str = ''
    tree: str = ''


class Peers:
    """Reads the flags on every unit, and writes them on the leader."""

    def __init__(self, charm: ops.CharmBase) -> None:
        self._charm = charm
        self._relation = charm.model.get_relation(ENDPOINT)

    @property
    def is_there(self) -> bool:
        """Whether the unit has joined its peers; it has not in the first hook."""
        return self._relation is not None

    def flags(self) -> Flags:
        """Return what the leader wrote last."""
        if self._relation is None:
            return Flags()
        bag = self._relation.data[self._charm.app]
        return Flags(
            installed=bag.get('installed', ''),
            origin=bag.get('origin', ''),
            applied=bag.get('applied', ''),
            owned_options=_names(bag.get('owned-options', '[]')),
            owned_plugins=_names(bag.get('owned-plugins', '[]')),
            schema=bag.get('schema', ''),
            ingress=bag.get('ingress', ''),
            keys=bag.get('keys', ''),
            downloads=bag.get('downloads', ''),
            tree=bag.get('tree', ''),
        )

    def update(self, **changes: str | tuple[str, ...]) -> Flags:
        """Change some flags, on the leader, and return all of them."""
        flags = replace(self.flags(), **changes)
        if self._relation is not None:
            bag = self._relation.data[self._charm.app]
            for key, value in _written(flags).items():
                if bag.get(key, '') != value:
                    bag[key] = value
        return flags

    def tell_downloaded(self, tree: str) -> None:
        """Tell the leader which downloaded files this unit has."""
        if self._relation is not None:
            bag = self._relation.data[self._charm.unit]
            if bag.get(_DOWNLOADED, '') != tree:
                bag[_DOWNLOADED] = tree

    def without_downloaded(self, tree: str) -> tuple[str, ...]:
        """Return the names of the other units that do not have these downloaded files."""
        if self._relation is None:
            return ()
        data = self._relation.data
        return tuple(
            sorted(unit.name for unit in self._relation.units if data[unit].get(_DOWNLOADED, '') != tree)
        )


def _written(flags: Flags) -> Mapping[str, str]:
    return {
        'installed': flags.installed,
        'origin': flags.origin,
        'applied': flags.applied,
        'owned-options': json.dumps(flags.owned_options) if flags.owned_options else '',
        'owned-plugins': json.dumps(flags.owned_plugins) if flags.owned_plugins else '',
        'schema': flags.schema,
        'ingress': flags.ingress,
        'keys': flags.keys,
        'downloads': flags.downloads,
        'tree': flags.tree,
    }


def _names(text: str) -> tuple[str, ...]:
    return tuple(str(name) for name in related.json_list(text))
