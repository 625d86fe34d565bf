"""Applications, as the operator handles them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bedrock.charm import Charm
from pocket.model import Base, Life
from pocket.services import (
    assumes,
    charms,
    endpoints,
    life,
    machines,
    models,
    offers,
    options,
    relations,
    resources,
    rows,
    saas,
    units,
)
from pocket.services import constraints as constraints_
from pocket.services.charms import CharmRecord
from pocket.services.errors import ALREADY_EXISTS, BAD_REQUEST, NOT_FOUND, NOT_VALID, JujuError
from pocket.services.storage import directives as storage_directives
from pocket.services.storage.directives import Wanted
from pocket.services.units import UnitRecord
from pocket.state import Tx

__all__ = [
    'ApplicationRecord',
    'OptionValue',
    'UnitRecord',
    'add_units',
    'deploy',
    'destroy',
    'destroy_unit',
    'expose',
    'get',
    'get_config',
    'get_unit',
    'leader',
    'list_',
    'list_units',
    'parse_config',
    'put_config',
    'resolve',
    'set_base',
    'set_config',
    'set_constraints',
    'unexpose',
    'unset_config',
]

_NAME = re.compile(r'[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*')

# Units belong to applications: a caller finds both here.
get_unit = units.get
list_units = units.list_
destroy_unit = units.destroy
resolve = units.resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRecord:
    """One application as its row says."""

    name: str
    charm_url: str
    charm: CharmRecord
    base: Base
    life: Life
    subordinate: bool
    exposed: bool
    exposed_endpoints: Mapping[str, Any]
    trust: bool
    constraints: Mapping[str, Any]
    config: Mapping[str, Any]
    """Only what the operator set."""
    leader: str
    """The leader unit's name, or empty."""
    created_ms: int
    origin: Mapping[str, Any]
    """What clients keep with it: of a store's charm its channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionValue:
    """One option as ``juju config`` shows it."""

    type: str
    description: str
    value: Any
    """None when neither the operator nor the charm gives one."""
    default: Any
    source: str
    """``user``, ``default`` or ``unset``."""


def deploy(
    tx: Tx,
    uuid: str,
    *,
    name: str,
    charm_url: str,
    num_units: int,
    config: Mapping[str, Any] | None = None,
    constraints: Mapping[str, Any] | None = None,
    placement: Sequence[str] = (),
    base: Base | None = None,
    trust: bool = False,
    storage: Mapping[str, Wanted] | None = None,
    attach_storage: Sequence[str] = (),
    force: bool = False,
    origin: Mapping[str, Any] | None = None,
    resource_ids: Mapping[str, str] | None = None,
) -> list[str]:
    """Make an application with its peer relations and its first units; return the units' names.

    Args:
        placement: One directive a unit: a machine id, or ``new``; units without one get a new machine.
        base: By default the first that the charm names, else the model's.
        storage: What the units get of the charm's storage, by its name there.
        attach_storage: Instances for the first unit, which then must be the only one.
        force: Whatever the charm assumes of the model.
        origin: What clients keep with an application: its channel, for one.
        resource_ids: Pending resources by name.

    Raises:
        JujuError: the request cannot be met; nothing was done.
    """
    doing = f'cannot add application "{name}"'
    models.require_alive(tx, uuid, doing)
    if not _NAME.fullmatch(name):
        raise JujuError(f'{doing}: invalid name', 'not valid')
    if rows.exists(tx, 'SELECT 1 FROM application WHERE model_uuid = ? AND name = ?', uuid, name):
        raise JujuError(f'{doing}: application already exists', ALREADY_EXISTS)
    if saas.find(tx, uuid, name) is not None:
        raise JujuError(f'{doing}: saas application with same name already exists', ALREADY_EXISTS)
    charm = charms.get(tx, uuid, charm_url).charm
    own_constraints = constraints_.present(constraints or {})
    if charm.subordinate and num_units:
        raise JujuError('subordinate application must be deployed without units', 'not valid')
    if charm.subordinate and own_constraints:
        raise JujuError('subordinate application must be deployed without constraints', 'not valid')
    assumes.check(charm, force=force)
    parsed, trusted = parse_config(charm, config or {}, trust=trust)
    given = storage_directives.resolve(tx, uuid, charm, storage or {})
    chosen = base or _base_of(charm) or machines.default_base(tx, uuid)
    tx.db.execute(
        'INSERT INTO application (model_uuid, name, charm_url, base_name, base_channel, subordinate, trust,'
        ' constraints, config, origin, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        (
            *(uuid, name, charm_url, chosen.name, chosen.channel, charm.subordinate, trusted),
            rows.dumps(own_constraints),
            rows.dumps({key: value for key, value in parsed.items() if value is not None}),
            rows.dumps(origin or {}),
            tx.now_ms,
        ),
    )
    storage_directives.keep(tx, uuid, name, given)
    resources.assign(tx, uuid, name, charm, resource_ids or {})
    relations.ensure_peers(tx, uuid, name, charm)
    tx.touch(uuid)
    return _add_units(tx, uuid, name, num_units, placement, attach_storage)


def destroy(
    tx: Tx,
    uuid: str,
    name: str,
    *,
    force: bool = False,
    max_wait_ms: int = life.MAX_WAIT_MS,
    destroy_storage: bool = False,
) -> list[str]:
    """Take an application down with its units and relations; return the names of the units that go.

    Args:
        force: Pass over hook errors, and after *max_wait_ms* over the agents.
        destroy_storage: Keep none of its units' storage.

    Raises:
        JujuError: there is no such application.
    """
    if not rows.exists(tx, 'SELECT 1 FROM application WHERE model_uuid = ? AND name = ?', uuid, name):
        raise JujuError(f'application "{name}" does not exist', NOT_FOUND)
    used = sum(bool(offer.connections) for offer in offers.list_(tx, uuid, application=name))
    if used and not force:
        raise JujuError(
            f'cannot destroy application "{name}": application is used by {used} offer{"s"[: used != 1]}'
        )
    going = [unit.name for unit in units.list_(tx, uuid, name)]
    forced_ms = tx.now_ms + max_wait_ms if force else None
    life.destroy_application(tx, uuid, name, forced_ms=forced_ms, destroy_storage=destroy_storage)
    return going


def add_units(
    tx: Tx,
    uuid: str,
    name: str,
    *,
    count: int = 1,
    placement: Sequence[str] = (),
    attach_storage: Sequence[str] = (),
) -> list[str]:
    """Add units to an application and return their names.

    Args:
        attach_storage: Instances for the unit, which then must be one.

    Raises:
        JujuError: the application is unknown, a subordinate or dying, or a placement is of no use.
    """
    record = get(tx, uuid, name)
    doing = f'cannot add unit to application "{name}"'
    models.require_alive(tx, uuid, doing)
    if record.subordinate:
        raise JujuError(f'{doing}: application is a subordinate')
    if record.life is not Life.ALIVE:
        raise JujuError(f'{doing}: application is not alive')
    if count < 1:
        raise JujuError('must add at least one unit', 'not valid')
    return _add_units(tx, uuid, name, count, placement, attach_storage)


def get(tx: Tx, uuid: str, name: str) -> ApplicationRecord:
    """Return an application.

    Raises:
        JujuError: there is no such application.
    """
    row = rows.one(tx, 'SELECT * FROM application WHERE model_uuid = ? AND name = ?', uuid, name)
    if row is None:
        raise JujuError(f'application "{name}" not found', NOT_FOUND)
    return _record(tx, row)


def list_(tx: Tx, uuid: str) -> list[ApplicationRecord]:
    """Return the applications of a model by name."""
    found = rows.many(tx, 'SELECT * FROM application WHERE model_uuid = ? ORDER BY name', uuid)
    return [_record(tx, row) for row in found]


def leader(tx: Tx, uuid: str, name: str) -> str:
    """Return the name of the leader unit.

    Raises:
        JujuError: there is no such application, or it has no leader.
    """
    unit = get(tx, uuid, name).leader
    if not unit:
        raise JujuError(f'could not determine leader for "{name}"', NOT_FOUND)
    return unit


def get_config(tx: Tx, uuid: str, name: str) -> dict[str, OptionValue]:
    """Return every option of the charm with its value and source."""
    record = get(tx, uuid, name)
    own = options.surviving(record.charm.charm, record.config)
    declared = options.defaults(record.charm.charm)
    shown: dict[str, OptionValue] = {}
    for key, option in sorted(record.charm.charm.options.items()):
        default = declared.get(key)
        value = own.get(key, default)
        # As in Juju, a value equal to the default counts as the default.
        source = 'unset' if value is None else 'default' if value == default else 'user'
        shown[key] = OptionValue(
            type=option.type, description=option.description, value=value, default=default, source=source
        )
    return shown


def set_config(tx: Tx, uuid: str, name: str, values: Mapping[str, Any]) -> None:
    """Set options of an application, ``trust`` among them; None returns one to its default.

    Raises:
        JujuError: an option is unknown or a value is of the wrong type; nothing was changed.
    """
    record = get(tx, uuid, name)
    parsed, trusted = parse_config(record.charm.charm, values, trust=record.trust)
    merged = {**record.config, **parsed}
    put_config(tx, uuid, name, {k: v for k, v in merged.items() if v is not None}, trusted)


def unset_config(tx: Tx, uuid: str, name: str, options: Sequence[str]) -> None:
    """Return options of an application, ``trust`` among them, to their defaults.

    Raises:
        JujuError: an option is unknown; nothing was changed.
    """
    values: dict[str, Any] = dict.fromkeys(options)
    if 'trust' in values:
        values['trust'] = False
    set_config(tx, uuid, name, values)


def set_base(tx: Tx, uuid: str, name: str, *, channel: str, force: bool = False) -> None:
    """Let units that are added from now on run on another release of the base.

    Raises:
        JujuError: there is no such application; without *force*, its charm does not support that release.
    """
    record = get(tx, uuid, name)
    if not channel:
        raise JujuError('base missing from args', BAD_REQUEST)
    wanted, supported = (record.base.name, channel), record.charm.charm.bases
    if supported and wanted not in supported and not force:
        shown = ', '.join('@'.join(base) for base in supported)
        raise JujuError(
            f'base "{"@".join(wanted)}" not supported by charm "{record.charm_url}",'
            f' supported bases are: {shown}',
            'incompatible base',
        )
    tx.db.execute(
        'UPDATE application SET base_channel = ? WHERE model_uuid = ? AND name = ?', (channel, uuid, name)
    )
    tx.touch(uuid)


def expose(tx: Tx, uuid: str, name: str, *, endpoints: Mapping[str, Any] | None = None) -> None:
    """Expose an application, whole or by endpoint (the name of each with its spaces and CIDRs)."""
    record = get(tx, uuid, name)
    _check_endpoints(record, endpoints or {})
    wanted = {**record.exposed_endpoints, **(endpoints or {'': {'expose-to-cidrs': ['0.0.0.0/0', '::/0']}})}
    _put_exposed(tx, uuid, name, wanted)


def unexpose(tx: Tx, uuid: str, name: str, *, endpoints: Sequence[str] = ()) -> None:
    """Take back what `expose` did, for some endpoints or for all."""
    record = get(tx, uuid, name)
    _check_endpoints(record, endpoints)
    kept = {
        key: value for key, value in record.exposed_endpoints.items() if endpoints and key not in endpoints
    }
    _put_exposed(tx, uuid, name, kept)


def set_constraints(tx: Tx, uuid: str, name: str, constraints: Mapping[str, Any]) -> None:
    """Replace the constraints for machines of later units.

    Raises:
        JujuError: there is no such application, or it has no machines of its own.
    """
    if get(tx, uuid, name).subordinate:
        raise JujuError('subordinate applications do not have constraints')
    kept = rows.dumps(constraints_.present(constraints))
    tx.db.execute(
        'UPDATE application SET constraints = ? WHERE model_uuid = ? AND name = ?', (kept, uuid, name)
    )
    tx.touch(uuid)


def _add_units(
    tx: Tx, uuid: str, name: str, count: int, placement: Sequence[str], attach_storage: Sequence[str]
) -> list[str]:
    if attach_storage and count != 1:
        raise JujuError(f'cannot attach storage: expected one unit, got {count}', NOT_VALID)
    record = get(tx, uuid, name)
    made: list[str] = []
    for index in range(count):
        directive = placement[index] if index < len(placement) else ''
        machine_id = units.machine_for(tx, uuid, directive, base=record.base, constraints=record.constraints)
        made.append(units.add(tx, uuid, name, machine_id=machine_id, attach_storage=attach_storage))
    return made


def parse_config(charm: Charm, values: Mapping[str, Any], *, trust: bool) -> tuple[dict[str, Any], bool]:
    """Split *values* into charm options and the trust flag, which is an option of every application."""
    own = {key: value for key, value in values.items() if key != 'trust'}
    asked = values.get('trust')
    return options.parse(charm, own), trust if asked is None else options.parse_boolean('trust', asked)


def _base_of(charm: Charm) -> Base | None:
    return Base(name=charm.bases[0][0], channel=charm.bases[0][1]) if charm.bases else None


def put_config(tx: Tx, uuid: str, name: str, config: Mapping[str, Any], trust: bool) -> None:
    """Replace what the operator set, without checking it."""
    tx.db.execute(
        'UPDATE application SET config = ?, trust = ? WHERE model_uuid = ? AND name = ?',
        (rows.dumps(config), trust, uuid, name),
    )
    tx.touch(uuid)


def _put_exposed(tx: Tx, uuid: str, name: str, exposed: Mapping[str, Any]) -> None:
    tx.db.execute(
        'UPDATE application SET exposed = ?, exposed_endpoints = ? WHERE model_uuid = ? AND name = ?',
        (bool(exposed), rows.dumps(exposed), uuid, name),
    )
    tx.touch(uuid)


def _check_endpoints(record: ApplicationRecord, names: Sequence[str] | Mapping[str, Any]) -> None:
    known = endpoints.endpoints_of(record.charm.charm)
    for name in names:
        if name and name not in known:
            raise JujuError(f'endpoint "{name}" not found', NOT_FOUND)


def _record(tx: Tx, row: sqlite3.Row) -> ApplicationRecord:
    return ApplicationRecord(
        name=str(row['name']),
        charm_url=str(row['charm_url']),
        charm=charms.get(tx, str(row['model_uuid']), str(row['charm_url'])),
        base=Base(name=row['base_name'], channel=row['base_channel']),
        life=Life(row['life']),
        subordinate=bool(row['subordinate']),
        exposed=bool(row['exposed']),
        exposed_endpoints=rows.loads(row['exposed_endpoints']),
        trust=bool(row['trust']),
        constraints=rows.loads(row['constraints']),
        config=rows.loads(row['config']),
        leader=str(row['leader']),
        created_ms=int(row['created_ms']),
        origin=rows.loads(row['origin']),
    )
