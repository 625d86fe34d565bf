"""Clouds and regions: names for parts of this machine, so that a fleet on several can be rehearsed."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pocket.services import rows
from pocket.services.errors import ALREADY_EXISTS, NOT_FOUND, NOT_VALID, JujuError
from pocket.state import Tx

OWN = 'pocket'
"""The cloud that is always there, and its type."""
OWN_REGION = 'default'
KUBERNETES = 'kubernetes'
"""The type of clouds whose models hold no machines: there, units run in pods."""

_ALWAYS = (OWN, 'k8s')

TYPES: Mapping[str, tuple[str, ...]] = {
    'azure': ('interactive', 'service-principal-secret', 'managed-identity'),
    'ec2': ('access-key', 'instance-role'),
    'gce': ('jsonfile', 'oauth2', 'service-account'),
    KUBERNETES: ('clientcertificate', 'oauth2', 'userpass'),
    'lxd': ('certificate', 'interactive'),
    'maas': ('oauth1',),
    'manual': ('empty',),
    'oci': ('httpsig',),
    'openstack': ('access-key', 'userpass'),
    'vsphere': ('userpass',),
    OWN: ('empty',),
}
"""Kinds of cloud with the kinds of credential that Juju knows for each."""

_KEPT = ('auth-types', 'endpoint', 'identity-endpoint', 'storage-endpoint', 'ca-certificates', 'config')
_NAME = re.compile(r'[a-zA-Z0-9][a-zA-Z0-9.-]*')


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """One cloud."""

    name: str
    type: str
    definition: Mapping[str, Any]
    """``auth-types``, ``regions`` and whatever else was said of it, in the keys of Juju's API."""

    @property
    def regions(self) -> tuple[str, ...]:
        """Names, the first one being the default."""
        return tuple(str(region['name']) for region in self.definition['regions'])

    @property
    def auth_types(self) -> tuple[str, ...]:
        """Kinds of credential that it takes."""
        return tuple(self.definition['auth-types'])


def get(tx: Tx, name: str) -> Cloud:
    """Return a cloud.

    Raises:
        JujuError: there is none of that name.
    """
    row = rows.one(tx, 'SELECT * FROM cloud WHERE name = ?', name)
    if row is None:
        raise JujuError(f'cloud "{name}" not found', NOT_FOUND)
    return _record(row)


def list_(tx: Tx) -> list[Cloud]:
    """Return every cloud, the machine's own first."""
    return [
        _record(row) for row in rows.many(tx, 'SELECT * FROM cloud ORDER BY created_ms, name <> ?, name', OWN)
    ]


def is_kubernetes(tx: Tx, name: str) -> bool:
    """Whether there is a cloud of that name whose models hold pods."""
    return rows.exists(tx, 'SELECT 1 FROM cloud WHERE name = ? AND type = ?', name, KUBERNETES)


def add(tx: Tx, name: str, definition: Mapping[str, Any]) -> None:
    """Make a cloud.

    Raises:
        JujuError: there is one, or the definition is wrong.
    """
    if not _NAME.fullmatch(name):
        raise JujuError(f'cloud name "{name}" not valid', NOT_VALID)
    if rows.exists(tx, 'SELECT 1 FROM cloud WHERE name = ?', name):
        raise JujuError(f'cloud "{name}" already exists', ALREADY_EXISTS)
    type_, kept = _checked(name, definition)
    tx.db.execute('INSERT INTO cloud VALUES (?, ?, ?, ?)', (name, type_, rows.dumps(kept), tx.now_ms))


def update(tx: Tx, name: str, definition: Mapping[str, Any]) -> None:
    """Replace what is known of a cloud.

    Raises:
        JujuError: there is none, the definition is wrong, or takes away a region that models use.
    """
    old = get(tx, name)
    type_, kept = _checked(name, definition)
    if type_ != old.type:
        raise JujuError(f'cannot change cloud "{name}" type from "{old.type}" to "{type_}"', NOT_VALID)
    new = Cloud(name=name, type=type_, definition=kept)
    used = rows.many(tx, 'SELECT DISTINCT region FROM model WHERE cloud = ? ORDER BY 1', name)
    for row in used:
        if row['region'] not in new.regions:
            raise JujuError(f'cannot remove region "{row["region"]}" of cloud "{name}": models use it')
    tx.db.execute('UPDATE cloud SET definition = ? WHERE name = ?', (rows.dumps(kept), name))


def remove(tx: Tx, name: str) -> None:
    """Remove a cloud with its credentials.

    Raises:
        JujuError: there is none, it is one that is always there, or models are on it.
    """
    get(tx, name)
    count = len(rows.many(tx, 'SELECT 1 FROM model WHERE cloud = ?', name))
    if name in _ALWAYS or count:
        users = f'{count} model{"" if count == 1 else "s"}' if count else 'the controller'
        raise JujuError(f'cloud is used by {users}')
    tx.db.execute('DELETE FROM cloud WHERE name = ?', (name,))


def region(cloud: Cloud, wanted: str) -> str:
    """The region of a new model: *wanted*, or the cloud's first.

    Raises:
        JujuError: the cloud has no such region.
    """
    if not wanted:
        return cloud.regions[0]
    if wanted not in cloud.regions:
        known = ' '.join(f'"{name}"' for name in cloud.regions)
        raise JujuError(f'region "{wanted}" not found (expected one of [{known}])', NOT_FOUND)
    return wanted


def zones(tx: Tx, name: str, region_name: str) -> tuple[str, ...]:
    """The availability zones of a region: three, but none on the machine's own cloud.

    Juju's own names where the kind of cloud builds them from the region's.
    """
    cloud = get(tx, name)
    if name == OWN or cloud.type == KUBERNETES:
        return ()
    if cloud.type == 'azure':
        return ('1', '2', '3')
    dash = '' if cloud.type == 'ec2' else '-'
    return tuple(f'{region_name}{dash}{letter}' for letter in 'abc')


def _checked(name: str, definition: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The type, and what is kept of a definition that a client sent."""
    type_ = str(definition.get('type') or '')
    if type_ not in TYPES:
        known = ', '.join(sorted(TYPES))
        raise JujuError(f'cloud type "{type_}" not supported: use one of {known}', NOT_VALID)
    kept = {key: definition[key] for key in _KEPT if definition.get(key)}
    # Nothing here asks for a credential: a cloud that is rehearsed always does without, too.
    auth_types = [*(kept.get('auth-types') or TYPES[type_])]
    kept['auth-types'] = auth_types if 'empty' in auth_types else [*auth_types, 'empty']
    given = cast('list[Mapping[str, Any]]', definition.get('regions') or [{'name': OWN_REGION}])
    regions = [{key: str(value) for key, value in one.items() if value} for one in given]
    names = [one.get('name', '') for one in regions]
    for one in names:
        if not _NAME.fullmatch(one) or names.count(one) > 1:
            raise JujuError(f'region name "{one}" of cloud "{name}" not valid', NOT_VALID)
    return type_, {**kept, 'regions': regions}


def _record(row: sqlite3.Row) -> Cloud:
    return Cloud(name=str(row['name']), type=str(row['type']), definition=rows.loads(row['definition']))
