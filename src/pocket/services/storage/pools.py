"""Storage pools: the built-in ones, one for each provider, and those that the operator makes of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pocket.services import clouds, rows
from pocket.services.errors import ALREADY_EXISTS, NOT_FOUND, NOT_VALID, JujuError
from pocket.state import Tx

ROOTFS, TMPFS, LOOP, KUBERNETES = 'rootfs', 'tmpfs', 'loop', 'kubernetes'
_ON_MACHINES = (LOOP, ROOTFS, TMPFS)
_ON_KUBERNETES = (KUBERNETES,)

_NAME = re.compile(r'[a-zA-Z]+[-?a-zA-Z0-9]*')


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """One pool."""

    name: str
    provider: str
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])


def outlives_unit(provider: str) -> bool:
    """Whether storage of *provider* is kept apart from machines, so that another unit can have it later."""
    return provider in (LOOP, KUBERNETES)


def providers(tx: Tx, uuid: str) -> tuple[str, ...]:
    """Return the kinds of storage that a model can have, by name."""
    return _ON_KUBERNETES if _is_on_kubernetes(tx, uuid) else _ON_MACHINES


def get(tx: Tx, uuid: str, name: str) -> Pool:
    """Return a pool; the name of a provider is one too.

    Raises:
        JujuError: there is no such pool.
    """
    row = rows.one(tx, 'SELECT * FROM storage_pool WHERE model_uuid = ? AND name = ?', uuid, name)
    if row is not None:
        attributes = rows.loads(row['attributes'])
        return Pool(name=name, provider=str(row['provider']), attributes=attributes)
    if name in providers(tx, uuid):
        return Pool(name=name, provider=name)
    raise JujuError(f'pool "{name}" not found', NOT_FOUND)


def list_(tx: Tx, uuid: str) -> list[Pool]:
    """Return every pool by name."""
    made = rows.many(tx, 'SELECT name FROM storage_pool WHERE model_uuid = ?', uuid)
    return [
        get(tx, uuid, name) for name in sorted({*providers(tx, uuid), *(str(row['name']) for row in made)})
    ]


def create(tx: Tx, uuid: str, pool: Pool) -> None:
    """Make a pool.

    Raises:
        JujuError: the name is taken or no name, or there is no such provider.
    """
    if not pool.name:
        raise JujuError('pool name is missing', NOT_VALID)
    if not _NAME.fullmatch(pool.name):
        raise JujuError(f'pool name "{pool.name}" not valid', NOT_VALID)
    if pool.name in (each.name for each in list_(tx, uuid)):
        raise JujuError(f'storage pool "{pool.name}" already exists', ALREADY_EXISTS)
    _require_provider(tx, uuid, pool.provider)
    tx.db.execute(
        'INSERT INTO storage_pool VALUES (?, ?, ?, ?)',
        (uuid, pool.name, pool.provider, rows.dumps(pool.attributes)),
    )
    tx.touch(uuid, 'status')


def update(tx: Tx, uuid: str, pool: Pool) -> None:
    """Change the attributes of a pool, and its provider when it names one; an empty attribute is dropped.

    Raises:
        JujuError: there is no such pool that was made, or no such provider.
    """
    old = _made(tx, uuid, pool.name)
    provider = pool.provider or old.provider
    _require_provider(tx, uuid, provider)
    merged = {key: value for key, value in {**old.attributes, **pool.attributes}.items() if value != ''}
    tx.db.execute(
        'UPDATE storage_pool SET provider = ?, attributes = ? WHERE model_uuid = ? AND name = ?',
        (provider, rows.dumps(merged), uuid, pool.name),
    )
    tx.touch(uuid, 'status')


def remove(tx: Tx, uuid: str, name: str) -> None:
    """Remove a pool.

    Raises:
        JujuError: there is no such pool that was made, or storage of it is there.
    """
    _made(tx, uuid, name)
    if rows.exists(tx, 'SELECT 1 FROM storage WHERE model_uuid = ? AND pool = ?', uuid, name):
        raise JujuError(f'storage pool "{name}" in use')
    tx.db.execute('DELETE FROM storage_pool WHERE model_uuid = ? AND name = ?', (uuid, name))
    tx.touch(uuid, 'status')


def default(tx: Tx, uuid: str) -> str:
    """Return the pool that filesystems come from when nobody names one."""
    row = rows.one(tx, 'SELECT config FROM model WHERE uuid = ?', uuid)
    own = rows.loads(row['config']) if row is not None else {}
    # The machine's own disk, or what there is of volumes.
    usual = KUBERNETES if _is_on_kubernetes(tx, uuid) else ROOTFS
    return str(own.get('storage-default-filesystem-source') or usual)


def _made(tx: Tx, uuid: str, name: str) -> Pool:
    if not rows.exists(tx, 'SELECT 1 FROM storage_pool WHERE model_uuid = ? AND name = ?', uuid, name):
        raise JujuError(f'pool "{name}" not found', NOT_FOUND)
    return get(tx, uuid, name)


def _is_on_kubernetes(tx: Tx, uuid: str) -> bool:
    row = rows.one(tx, 'SELECT cloud FROM model WHERE uuid = ?', uuid)
    return row is not None and clouds.is_kubernetes(tx, str(row['cloud']))


def _require_provider(tx: Tx, uuid: str, name: str) -> None:
    if not name:
        raise JujuError('provider type is missing', NOT_VALID)
    if name not in providers(tx, uuid):
        raise JujuError(f'storage provider "{name}" not found', NOT_FOUND)
