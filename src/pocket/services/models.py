"""Models: add, find, configure, destroy."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pocket.model import Life, Status
from pocket.services import clouds, life, modelconfig, rows, statuses
from pocket.services import constraints as constraints_
from pocket.services.errors import (
    ALREADY_EXISTS,
    HAS_PERSISTENT_STORAGE,
    MODEL_NOT_FOUND,
    NOT_SUPPORTED,
    NOT_VALID,
    JujuError,
)
from pocket.services.storage import instances as storage_instances
from pocket.state import Tx

CONTROLLER = 'controller'
"""The name of the model that is the controller's own, as Juju calls it."""
_NAME = re.compile(r'[a-z0-9]+[a-z0-9-]*')


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """One model as its row says."""

    uuid: str
    name: str
    owner: str
    """User name without ``user-``."""
    cloud: str
    region: str
    credential: str = ''
    """``cloud/owner/name``; empty when the cloud needs none."""
    life: Life
    created_ms: int
    constraints: Mapping[str, Any]
    status: Status
    """available or destroying."""
    agent_version: str
    type: str = 'iaas'
    """``iaas``, or ``caas`` on a cloud of type kubernetes."""

    @property
    def is_controller(self) -> bool:
        """Whether it is the controller's own model."""
        return self.name == CONTROLLER


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigValue:
    """One model option and where its value is from."""

    value: Any
    source: str
    """``default`` or ``model``."""


def add(
    tx: Tx,
    *,
    name: str,
    owner: str,
    cloud: str,
    region: str,
    credential: str = '',
    config: Mapping[str, Any] | None = None,
) -> str:
    """Make a model and return its uuid.

    Raises:
        JujuError: the name is taken or not valid, or an option is wrong.
    """
    if not _NAME.fullmatch(name):
        raise JujuError(
            f'"{name}" is not a valid name: model names may only contain lowercase letters,'
            ' digits and hyphens',
            NOT_VALID,
        )
    if rows.exists(tx, 'SELECT 1 FROM model WHERE owner = ? AND name = ?', owner, name):
        raise JujuError(
            f'failed to create new model: model "{name}" for {owner} already exists', ALREADY_EXISTS
        )
    uuid = _new_uuid(tx)
    identity = modelconfig.identity(name=name, uuid=uuid)
    # A client may send the identity of the model that it copies its options from.
    own = modelconfig.check({k: v for k, v in (config or {}).items() if k not in identity}, identity)
    tx.db.execute(
        'INSERT INTO model (uuid, name, owner, cloud, region, credential, created_ms, config)'
        ' VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        (uuid, name, owner, cloud, region, credential, tx.now_ms, rows.dumps({**own, **identity})),
    )
    statuses.put(tx, uuid, 'model', uuid, 'available')
    tx.touch(uuid)
    return uuid


def ensure_controller(tx: Tx, *, owner: str, cloud: str, region: str) -> str:
    """Return the uuid of the controller's own model, made now unless it is there."""
    found = find(tx, f'{owner}/{CONTROLLER}')
    if found is not None:
        return found.uuid
    return add(tx, name=CONTROLLER, owner=owner, cloud=cloud, region=region)


def list_uuids(tx: Tx) -> list[str]:
    """Return the uuid of every model, oldest first."""
    return [str(row['uuid']) for row in rows.many(tx, 'SELECT uuid FROM model ORDER BY created_ms, name')]


def list_(tx: Tx) -> list[ModelRecord]:
    """Return every model, oldest first."""
    return [_record(tx, row) for row in rows.many(tx, 'SELECT * FROM model ORDER BY created_ms, name')]


def info(tx: Tx, uuid: str) -> ModelRecord:
    """Return a model.

    Raises:
        JujuError: there is none with this uuid (any more).
    """
    return _record(tx, _row(tx, uuid))


def find(tx: Tx, name_or_uuid: str) -> ModelRecord | None:
    """Return the model of this uuid, ``owner/name`` or name; None when there is none."""
    owner, slash, name = name_or_uuid.rpartition('/')
    row = rows.one(
        tx,
        "SELECT * FROM model WHERE uuid = ?1 OR (name = ?2 AND (?3 = '' OR owner = ?3))"
        ' ORDER BY uuid = ?1 DESC, created_ms',
        *(name_or_uuid, name, owner if slash else ''),
    )
    return None if row is None else _record(tx, row)


def require_alive(tx: Tx, uuid: str, doing: str) -> None:
    """Refuse *doing* (``cannot add application "a"``) in a model that goes away.

    Raises:
        JujuError: the model is dying or gone.
    """
    row = _row(tx, uuid)
    if row['life'] != Life.ALIVE:
        raise JujuError(f'{doing}: model "{row["name"]}" is no longer alive')


def destroy(tx: Tx, uuid: str, *, force: bool = False, destroy_storage: bool | None = None) -> None:
    """Take a model down with all that is in it; its record goes when the last machine is gone.

    Args:
        destroy_storage: What becomes of storage that outlives units; False asks to keep it outside the model.

    Raises:
        JujuError: there is no such model, it is the controller's own, or it has such storage and
            *destroy_storage* is not true.
    """
    name = str(_row(tx, uuid)['name'])
    if name == CONTROLLER:
        raise JujuError(f'"{CONTROLLER}" is a controller; use \'juju destroy-controller\' to destroy it')
    kept = storage_instances.persistent(tx, uuid)
    if kept and not destroy_storage and not force:
        doing = f'cannot destroy model "{name}": '
        if destroy_storage is None:
            raise JujuError(
                f'{doing}it has persistent storage ({", ".join(kept)});'
                ' use --destroy-storage or --release-storage',
                HAS_PERSISTENT_STORAGE,
            )
        raise JujuError(f'{doing}storage {kept[0]} cannot be released', NOT_SUPPORTED)
    life.destroy_model(tx, uuid, force=force)


def get_config(tx: Tx, uuid: str) -> dict[str, ConfigValue]:
    """Return every option of a model with its source."""
    own = rows.loads(_row(tx, uuid)['config'])
    values = {
        name: ConfigValue(value=value, source='default') for name, value in modelconfig.DEFAULTS.items()
    }
    values.update({name: ConfigValue(value=value, source='model') for name, value in own.items()})
    return dict(sorted(values.items()))


def option(tx: Tx, uuid: str, name: str) -> Any:
    """Return the value of one option, None when there is no such one."""
    own = rows.loads(_row(tx, uuid)['config'])
    return own.get(name, modelconfig.DEFAULTS.get(name))


def get_options(tx: Tx, uuid: str) -> dict[str, Any]:
    """Return the value of every option, defaults included."""
    return {**modelconfig.DEFAULTS, **rows.loads(_row(tx, uuid)['config'])}


def set_config(tx: Tx, uuid: str, values: Mapping[str, Any]) -> None:
    """Set options of a model.

    Raises:
        JujuError: a value is wrong or cannot be changed; nothing was.
    """
    own = rows.loads(_row(tx, uuid)['config'])
    _put_config(tx, uuid, {**own, **modelconfig.check(values, own)})


def unset_config(tx: Tx, uuid: str, keys: Sequence[str]) -> None:
    """Return options of a model to their defaults.

    Raises:
        JujuError: a model cannot be without one of them; nothing was changed.
    """
    modelconfig.check_unset(list(keys))
    own = rows.loads(_row(tx, uuid)['config'])
    _put_config(tx, uuid, {name: value for name, value in own.items() if name not in keys})


def get_constraints(tx: Tx, uuid: str) -> dict[str, Any]:
    """Return the constraints that machines of this model get unless an application says otherwise."""
    return rows.loads(_row(tx, uuid)['constraints'])


def set_constraints(tx: Tx, uuid: str, constraints: Mapping[str, Any]) -> None:
    """Replace the model's constraints; machines that exist keep theirs."""
    _row(tx, uuid)
    kept = rows.dumps(constraints_.present(constraints))
    tx.db.execute('UPDATE model SET constraints = ? WHERE uuid = ?', (kept, uuid))
    tx.touch(uuid)


def is_caas(tx: Tx, uuid: str) -> bool:
    """Whether units of a model run in pods, and not on machines.

    Raises:
        JujuError: there is no such model.
    """
    return clouds.is_kubernetes(tx, str(_row(tx, uuid)['cloud']))


def sequences(tx: Tx, uuid: str) -> dict[str, int]:
    """Return the next number of each application's units (``application-a``) and of machines."""
    found = rows.many(tx, 'SELECT name, value FROM sequence WHERE model_uuid = ?', uuid)
    return {str(row['name']): int(row['value']) for row in found}


def _new_uuid(tx: Tx) -> str:
    """Return a uuid whose last six digits, which name the model's hosts, are no other model's."""
    while True:
        uuid = tx.new_uuid()
        if not rows.exists(tx, 'SELECT 1 FROM model WHERE substr(uuid, -6) = ?', uuid[-6:]):
            return uuid


def _row(tx: Tx, uuid: str) -> sqlite3.Row:
    row = rows.one(tx, 'SELECT * FROM model WHERE uuid = ?', uuid)
    if row is None:
        raise JujuError(f'model "{uuid}" not found', MODEL_NOT_FOUND)
    return row


def _put_config(tx: Tx, uuid: str, config: Mapping[str, Any]) -> None:
    tx.db.execute('UPDATE model SET config = ? WHERE uuid = ?', (rows.dumps(config), uuid))
    tx.touch(uuid)


def _record(tx: Tx, row: sqlite3.Row) -> ModelRecord:
    uuid = str(row['uuid'])
    return ModelRecord(
        uuid=uuid,
        name=str(row['name']),
        owner=str(row['owner']),
        cloud=str(row['cloud']),
        region=str(row['region']),
        credential=str(row['credential']),
        life=Life(row['life']),
        created_ms=int(row['created_ms']),
        constraints=rows.loads(row['constraints']),
        status=statuses.get(tx, uuid, 'model', uuid) or Status(value='available', since_ms=row['created_ms']),
        agent_version=str(rows.loads(row['config'])['agent-version']),
        type='caas' if clouds.is_kubernetes(tx, str(row['cloud'])) else 'iaas',
    )
