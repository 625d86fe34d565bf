"""Applications, as the operator handles them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bedrock.charm import Charm
from pocket.model import Base, Life
from pocket.services import (
    applicationconfig,
    applicationrows,
    assumes,
    charms,
    exposure,
    life,
    machines,
    models,
    offers,
    options,
    placing,
    relations,
    resources,
    rows,
    saas,
    units,
)
from pocket.services import constraints as constraints_
from pocket.services.applicationrows import ApplicationRecord
from pocket.services.cluster import scaling
from pocket.services.errors import ALREADY_EXISTS, BAD_REQUEST, NOT_FOUND, NOT_SUPPORTED, NOT_VALID, JujuError
from pocket.services.storage import directives as storage_directives
from pocket.services.storage.directives import Wanted
from pocket.services.units import UnitRecord
from pocket.state import Tx

__all__ = [
    'ApplicationRecord',
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
    'resolve',
    'scale',
    'set_base',
    'set_config',
    'set_constraints',
    'unexpose',
    'unset_config',
]

# What belongs to applications: a caller finds it all here.
get = applicationrows.get
list_ = applicationrows.list_
get_config = applicationconfig.get
set_config = applicationconfig.change
unset_config = applicationconfig.unset
expose = exposure.expose
unexpose = exposure.unexpose
get_unit = units.get
list_units = units.list_
destroy_unit = units.destroy
resolve = units.resolve
scale = scaling.scale


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
    if not applicationrows.is_name(name):
        raise JujuError(f'{doing}: invalid name', NOT_VALID)
    if rows.exists(tx, 'SELECT 1 FROM application WHERE model_uuid = ? AND name = ?', uuid, name):
        raise JujuError(f'{doing}: application already exists', ALREADY_EXISTS)
    if saas.find(tx, uuid, name) is not None:
        raise JujuError(f'{doing}: saas application with same name already exists', ALREADY_EXISTS)
    charm = charms.get(tx, uuid, charm_url).charm
    own_constraints = constraints_.present(constraints or {})
    if charm.subordinate and num_units:
        raise JujuError('subordinate application must be deployed without units', NOT_VALID)
    if charm.subordinate and own_constraints:
        raise JujuError('subordinate application must be deployed without constraints', NOT_VALID)
    caas = models.is_caas(tx, uuid)
    assumes.check(charm, caas=caas, force=force)
    if caas:
        _check_for_kubernetes(placement, attach_storage)
    parsed, trusted = options.parse_with_trust(charm, config or {}, trust=trust)
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
    if caas:
        return scaling.start(tx, uuid, name, num_units)
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
    if models.is_caas(tx, uuid):
        raise JujuError('adding units on a non-container model not supported', NOT_SUPPORTED)
    doing = f'cannot add unit to application "{name}"'
    models.require_alive(tx, uuid, doing)
    if record.subordinate:
        raise JujuError(f'{doing}: application is a subordinate')
    if record.life is not Life.ALIVE:
        raise JujuError(f'{doing}: application is not alive')
    if count < 1:
        raise JujuError('must add at least one unit', NOT_VALID)
    return _add_units(tx, uuid, name, count, placement, attach_storage)


def leader(tx: Tx, uuid: str, name: str) -> str:
    """Return the name of the leader unit.

    Raises:
        JujuError: there is no such application, or it has no leader.
    """
    unit = get(tx, uuid, name).leader
    if not unit:
        raise JujuError(f'could not determine leader for "{name}"', NOT_FOUND)
    return unit


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
        machine_id = placing.machine_for(
            tx, uuid, directive, base=record.base, constraints=record.constraints
        )
        made.append(units.add(tx, uuid, name, machine_id=machine_id, attach_storage=attach_storage))
    return made


def _check_for_kubernetes(placement: Sequence[str], attach_storage: Sequence[str]) -> None:
    if attach_storage:
        raise JujuError('AttachStorage may not be specified for container models', NOT_SUPPORTED)
    if len(placement) > 1:
        raise JujuError(
            f'only 1 placement directive is supported for container models, got {len(placement)}', NOT_VALID
        )
    if placement:
        raise JujuError(
            f'placement directive "{placement[0]}" not supported: there is one place for pods', NOT_SUPPORTED
        )


def _base_of(charm: Charm) -> Base | None:
    return Base(*charm.bases[0]) if charm.bases else None
