"""One typed picture of a whole model with the statuses that Juju displays, for the API to encode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pocket.model import Base, Life, PortRange, Status
from pocket.services import (
    applications,
    changes,
    derive,
    endpoints,
    machines,
    models,
    network,
    offers,
    relations,
    rows,
    saas,
    statuses,
    units,
)
from pocket.services.applications import ApplicationRecord
from pocket.services.errors import NOT_FOUND, JujuError
from pocket.services.machines import MachineRecord
from pocket.services.models import ModelRecord
from pocket.services.offers import OfferRecord
from pocket.services.relations import RelationRecord
from pocket.services.saas import SaasRecord
from pocket.services.storage import records as storage_records
from pocket.services.storage.records import StorageRecord
from pocket.services.units import UnitRecord
from pocket.state import Tx

K = TypeVar('K')
T = TypeVar('T')


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSnapshot:
    """One unit as displayed."""

    name: str
    application: str
    life: Life
    machine: str
    principal: str
    charm_url: str
    """What it runs; differs from the application's while it upgrades."""
    workload: Status
    """``error`` with the agent's message while a hook is in error."""
    agent: Status
    """``idle`` while a hook is in error."""
    workload_version: str
    leader: bool
    public_address: str
    """Empty on Kubernetes, where units have none of their own."""
    private_address: str
    ports: tuple[PortRange, ...]
    subordinates: tuple[str, ...]
    """Unit names, in order."""
    provider_id: str = ''
    """The name of its pod."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSnapshot:
    """One application as displayed."""

    name: str
    charm_url: str
    charm_name: str
    charm_revision: int
    charm_version: str = ''
    origin: Mapping[str, Any] = field(default_factory=dict[str, Any])
    base: Base
    life: Life
    exposed: bool
    exposed_endpoints: Mapping[str, object]
    subordinate: bool
    subordinate_to: tuple[str, ...]
    """Principal applications that it is related to."""
    status: Status
    """What the leader set, else the worst of its units' (juju.md 5.3)."""
    stored_status: Status
    """What AllWatcher carries: ``unset`` unless the leader set one."""
    workload_version: str
    relations: Mapping[str, tuple[str, ...]]
    """Endpoint -> related applications."""
    endpoint_names: tuple[str, ...]
    """For endpoint bindings, all in space alpha."""
    units: tuple[UnitSnapshot, ...]
    """In order of number; those of a subordinate too."""
    scale: int | None = None
    """How many units it is to have, on Kubernetes."""
    service_address: str = ''
    provider_id: str = ''
    """Of its service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSnapshot:
    """A whole model, everything in natural order."""

    model: ModelRecord
    machines: tuple[MachineRecord, ...]
    applications: tuple[ApplicationSnapshot, ...]
    relations: tuple[RelationRecord, ...]
    now_ms: int
    offers: tuple[OfferRecord, ...] = ()
    saas: tuple[SaasRecord, ...] = ()
    storage: tuple[StorageRecord, ...] = ()
    """Without what only waits for its data to go."""

    @property
    def units(self) -> Mapping[str, UnitSnapshot]:
        """Every unit by name."""
        return {unit.name: unit for application in self.applications for unit in application.units}


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One past status."""

    kind: str
    """agent, workload, application, machine, instance or model."""
    status: Status


_Statuses = Mapping[tuple[str, str], Status]


def snapshot(tx: Tx, uuid: str) -> ModelSnapshot:
    """Return the picture of a model.

    Raises:
        JujuError: there is no such model.
    """
    model = models.info(tx, uuid)
    known = statuses.all_of(tx, uuid)
    related = relations.list_(tx, uuid)
    found = _units(tx, uuid, known)
    return ModelSnapshot(
        model=model,
        machines=tuple(machines.list_(tx, uuid)),
        applications=tuple(
            _application(record, [unit for unit in found if unit.application == record.name], related, known)
            for record in applications.list_(tx, uuid)
        ),
        relations=tuple(related),
        offers=tuple(offers.list_(tx, uuid)),
        saas=tuple(saas.list_(tx, uuid)),
        now_ms=tx.now_ms,
        storage=tuple(storage_records.list_(tx, uuid)),
    )


def part(tx: Tx, uuid: str, wanted: Set[changes.Entity]) -> ModelSnapshot:
    """Return the picture of a model with only the *wanted* entities that exist, and their applications.

    Offers and what is consumed are all here.

    An application has only its wanted units here, and a status that follows from these.

    Raises:
        JujuError: there is no such model.
    """
    model = models.info(tx, uuid)
    names: dict[str, list[str]] = {}
    for kind, name in sorted(wanted, key=lambda entity: rows.natural(entity[1])):
        names.setdefault(kind, []).append(name)
    found = list(_existing(units.get, tx, uuid, names.get('unit', ())))
    of_units = {record.application for record in found}
    records = _existing(applications.get, tx, uuid, sorted({*names.get('application', ()), *of_units}))
    related = _existing(relations.get, tx, uuid, [int(name) for name in names.get('relation', ())])
    return ModelSnapshot(
        model=model,
        machines=tuple(_existing(machines.get, tx, uuid, names.get('machine', ()))),
        applications=tuple(
            _with_version(tx, uuid, record, [unit for unit in found if unit.application == record.name])
            for record in records
        ),
        relations=tuple(related),
        offers=tuple(offers.list_(tx, uuid)),
        saas=tuple(saas.list_(tx, uuid)),
        now_ms=tx.now_ms,
    )


def history(tx: Tx, uuid: str, kind: str, name: str, *, limit: int = 20) -> list[HistoryEntry]:
    """Return the newest past statuses of an entity, oldest first."""
    if kind in ('machine', 'instance') and models.is_caas(tx, uuid):
        return []  # there, these are of pods
    found = rows.many(
        tx,
        'SELECT * FROM (SELECT * FROM status_history WHERE model_uuid = ? AND name = ? AND kind = ?'
        ' ORDER BY id DESC LIMIT ?) ORDER BY id',
        *(uuid, name, kind, limit),
    )
    return [HistoryEntry(kind=kind, status=statuses.from_row(row)) for row in found]


def _units(tx: Tx, uuid: str, known: _Statuses) -> list[UnitSnapshot]:
    ports = {
        str(row['name']): network.ports_from(row['ports'])
        for row in rows.many(tx, 'SELECT name, ports FROM unit WHERE model_uuid = ?', uuid)
    }
    return [_unit(record, known, ports[record.name]) for record in applications.list_units(tx, uuid)]


def _unit(record: UnitRecord, known: _Statuses, ports: Sequence[PortRange]) -> UnitSnapshot:
    agent, workload = derive.unit(known['agent', record.name], known['workload', record.name])
    if record.pod:
        workload = derive.in_pod(agent, workload, known.get(('instance', record.pod)))
    return UnitSnapshot(
        name=record.name,
        application=record.application,
        life=record.life,
        machine=record.machine,
        principal=record.principal,
        charm_url=record.charm_url,
        workload=workload,
        agent=agent,
        workload_version=record.workload_version,
        leader=record.leader,
        public_address='' if record.pod else record.address,
        private_address=record.address,
        ports=tuple(ports),
        subordinates=record.subordinates,
        provider_id=record.name.replace('/', '-') if record.pod else '',
    )


def _with_version(
    tx: Tx, uuid: str, record: ApplicationRecord, found: Sequence[UnitRecord]
) -> ApplicationSnapshot:
    """A part of an application, with the version that the first of all its units gives it."""
    known = {('application', record.name): statuses.get(tx, uuid, 'application', record.name)}
    for unit in found:
        known['agent', unit.name] = statuses.get(tx, uuid, 'agent', unit.name)
        known['workload', unit.name] = statuses.get(tx, uuid, 'workload', unit.name)
        known['instance', unit.pod] = statuses.get(tx, uuid, 'instance', unit.pod) if unit.pod else None
    given = {key: status for key, status in known.items() if status is not None}
    shown = [_unit(unit, given, network.opened_ports(tx, uuid, unit.name)) for unit in found]
    part = _application(record, shown, relations.list_(tx, uuid, record.name), given)
    row = rows.one(
        tx,
        'SELECT workload_version FROM unit WHERE model_uuid = ? AND application = ?'
        " AND workload_version <> '' ORDER BY number LIMIT 1",
        *(uuid, record.name),
    )
    return replace(part, workload_version='' if row is None else str(row['workload_version']))


def _existing(get: Callable[[Tx, str, K], T], tx: Tx, uuid: str, names: Iterable[K]) -> Iterator[T]:
    for name in names:
        try:
            yield get(tx, uuid, name)
        except JujuError as error:
            if error.code != NOT_FOUND:
                raise


def _application(
    record: ApplicationRecord,
    units: Sequence[UnitSnapshot],
    related: Sequence[RelationRecord],
    known: _Statuses,
) -> ApplicationSnapshot:
    own = known.get(('application', record.name))
    others, principals = _related(record, related)
    return ApplicationSnapshot(
        name=record.name,
        charm_url=record.charm_url,
        charm_name=record.charm.name,
        charm_revision=record.charm.revision,
        charm_version=record.charm.charm.version,
        origin=record.origin,
        base=record.base,
        life=record.life,
        exposed=record.exposed,
        exposed_endpoints=record.exposed_endpoints,
        subordinate=record.subordinate,
        subordinate_to=tuple(principals) if record.subordinate else (),
        status=derive.application(own, [unit.workload for unit in units], since_ms=record.created_ms),
        stored_status=own or Status(value='unset', since_ms=record.created_ms),
        workload_version=next((unit.workload_version for unit in units if unit.workload_version), ''),
        relations={endpoint: tuple(names) for endpoint, names in sorted(others.items())},
        endpoint_names=tuple(sorted(endpoints.endpoints_of(record.charm.charm))),
        units=tuple(units),
        scale=record.scale,
        service_address=record.service_address,
        provider_id=record.provider_id,
    )


def _related(
    record: ApplicationRecord, related: Sequence[RelationRecord]
) -> tuple[dict[str, list[str]], list[str]]:
    """Return the related applications by own endpoint, and those of them that may be principals."""
    others: dict[str, list[str]] = {}
    principals: list[str] = []
    for relation in related:
        own = next((side for side in relation.endpoints if side.application == record.name), None)
        # Juju's status does not show who consumes an application, only how many do.
        if own is None or relation.offered:
            continue
        other = next((side for side in relation.endpoints if side.application != record.name), own)
        names = others.setdefault(own.name, [])
        if other.application not in names:
            names.append(other.application)
        if relation.scope == 'container' and other.application not in principals:
            principals.append(other.application)
    return {endpoint: sorted(names) for endpoint, names in others.items()}, sorted(principals)
