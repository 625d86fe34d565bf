"""FullStatus: a picture of a model as Juju's status reply, whole or narrowed to what patterns select."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from pocket.api import encode, storagejson
from pocket.api.rpc import Json
from pocket.model import Status
from pocket.services import origins
from pocket.services.machines import MachineRecord
from pocket.services.offers import OfferRecord
from pocket.services.relations import RelationRecord
from pocket.services.saas import SaasRecord
from pocket.services.status import ApplicationSnapshot, ModelSnapshot, UnitSnapshot

__all__ = ['full_status', 'select']


def full_status(snapshot: ModelSnapshot, *, arch: str, include_storage: bool = False) -> Json:
    """Encode *snapshot*."""
    subordinates = {a.name for a in snapshot.applications if a.subordinate}
    units = snapshot.units
    charms = {a.name: a.charm_url for a in snapshot.applications}
    reply: Json = {
        'model': _model(snapshot),
        'machines': {machine.id: _machine(machine, arch=arch) for machine in snapshot.machines},
        'applications': {a.name: _application(a, units, charms) for a in snapshot.applications},
        'remote-applications': {one.name: _saas(one, snapshot.relations) for one in snapshot.saas},
        'offers': {offer.name: _offer(offer) for offer in snapshot.offers},
        'relations': [
            _relation(relation, subordinates) for relation in snapshot.relations if not relation.offered
        ],
        'controller-timestamp': encode.timestamp(snapshot.now_ms),
        'branches': {},
    }
    if not include_storage:
        return reply
    return {
        **reply,
        'storage': storagejson.instances(snapshot.storage),
        'filesystems': storagejson.filesystems(snapshot.storage),
        'volumes': storagejson.volumes(snapshot.storage),
    }


def select(snapshot: ModelSnapshot, patterns: Sequence[str]) -> ModelSnapshot:
    """Narrow *snapshot* to what *patterns* select; without patterns it stays whole.

    A pattern is the name of an application, unit or machine (``*`` stands for anything), a status, or
    ``exposed``. What a selected unit cannot be shown without stays: its application, machine, principal.
    """
    if not patterns:
        return snapshot
    chosen = {
        unit.name
        for application in snapshot.applications
        for unit in application.units
        if any(_unit_matches(unit, application, pattern) for pattern in patterns)
    }
    units = snapshot.units
    kin = {units[name].principal for name in chosen} | {
        s for name in chosen for s in units[name].subordinates
    }
    shown = chosen | (kin & units.keys())
    applications = tuple(
        replace(application, units=tuple(unit for unit in application.units if unit.name in shown))
        for application in snapshot.applications
        if any(unit.name in shown for unit in application.units)
        or any(_application_matches(application, pattern) for pattern in patterns)
    )
    names = {application.name for application in applications}
    consumed = {
        one.name
        for one in snapshot.saas
        if any(fnmatchcase(one.name, pattern) or pattern == one.status.value for pattern in patterns)
    }
    consumed |= {
        endpoint.application
        for relation in snapshot.relations
        if any(endpoint.application in names for endpoint in relation.endpoints)
        for endpoint in relation.endpoints
        if endpoint.remote_model
    }
    on = {units[name].machine for name in shown}
    return replace(
        snapshot,
        applications=applications,
        machines=tuple(
            machine
            for machine in snapshot.machines
            if machine.id in on or any(fnmatchcase(machine.id, pattern) for pattern in patterns)
        ),
        storage=tuple(each for each in snapshot.storage if each.unit in shown),
        relations=tuple(
            relation
            for relation in snapshot.relations
            if all(endpoint.application in names | consumed for endpoint in relation.endpoints)
        ),
        saas=tuple(one for one in snapshot.saas if one.name in consumed),
        offers=tuple(offer for offer in snapshot.offers if offer.application in names),
    )


def _unit_matches(unit: UnitSnapshot, application: ApplicationSnapshot, pattern: str) -> bool:
    return (
        fnmatchcase(unit.name, pattern)
        or pattern in (unit.workload.value, unit.agent.value, unit.machine)
        or ('/' not in pattern and fnmatchcase(application.name, pattern))
        or (pattern == 'exposed' and application.exposed)
    )


def _application_matches(application: ApplicationSnapshot, pattern: str) -> bool:
    return (
        ('/' not in pattern and fnmatchcase(application.name, pattern))
        or pattern == application.status.value
        or (pattern == 'exposed' and application.exposed)
    )


def _model(snapshot: ModelSnapshot) -> Json:
    model = snapshot.model
    return {
        'name': model.name,
        'type': model.type,
        'cloud-tag': f'cloud-{model.cloud}',
        'region': model.region,
        'version': model.agent_version,
        'available-version': '',
        'model-status': encode.detailed_status(model.status, life=model.life),
        'meter-status': {'color': '', 'message': ''},
        'sla': 'unsupported',
    }


def _machine(machine: MachineRecord, *, arch: str) -> Json:
    running = bool(machine.address)
    addresses = [machine.address] if running else []
    interfaces: Mapping[str, Any] = {
        'eth0': {'ip-addresses': addresses, 'mac-address': '', 'space': 'alpha', 'is-up': True}
    }
    instance = Status(value='idle', since_ms=machine.created_ms)
    return {
        'agent-status': encode.detailed_status(machine.agent_status, life=machine.life),
        'instance-status': encode.detailed_status(machine.instance_status),
        'modification-status': encode.detailed_status(instance),
        'hostname': machine.host_name,
        'dns-name': machine.address,
        'ip-addresses': addresses,
        'instance-id': machine.host_name if running else 'pending',
        'display-name': '',
        'base': encode.base(machine.base),
        'id': machine.id,
        'network-interfaces': interfaces if running else {},
        'containers': {},
        'constraints': encode.constraint_text(machine.constraints),
        'hardware': encode.hardware(machine.constraints, arch=arch, zone=machine.zone) if running else '',
        'jobs': ['JobHostUnits'],
        'has-vote': False,
        'wants-vote': False,
    }


def _application(
    application: ApplicationSnapshot, units: Mapping[str, UnitSnapshot], charms: Mapping[str, str]
) -> Json:
    return {
        'charm': application.charm_url,
        'charm-version': application.charm_version,
        'charm-profile': '',
        'charm-channel': origins.channel(application.origin),
        'charm-rev': application.charm_revision,
        'base': encode.base(application.base),
        'exposed': application.exposed,
        'exposed-endpoints': dict(application.exposed_endpoints),
        'life': encode.life_unless_alive(application.life),
        'relations': {name: list(others) for name, others in application.relations.items()},
        'can-upgrade-to': '',
        'subordinate-to': list(application.subordinate_to),
        # The units of a subordinate are shown below their principals.
        'units': {unit.name: _unit(unit, units, charms) for unit in application.units if not unit.principal},
        'meter-statuses': {},
        'status': encode.detailed_status(application.status),
        'workload-version': application.workload_version,
        'endpoint-bindings': {'': 'alpha', **dict.fromkeys(application.endpoint_names, 'alpha')},
        'public-address': application.service_address,
        **_service(application),
    }


def _service(application: ApplicationSnapshot) -> Json:
    if application.scale is None:
        return {}
    # Juju's name for the scale; what stands for it on machines is the number of units.
    return {'int': application.scale, 'provider-id': application.provider_id}


def _unit(unit: UnitSnapshot, units: Mapping[str, UnitSnapshot], charms: Mapping[str, str]) -> Json:
    subordinates = [units[name] for name in unit.subordinates if name in units]
    reply: Json = {
        'agent-status': encode.detailed_status(unit.agent, life=unit.life),
        'workload-status': encode.detailed_status(unit.workload, life=unit.life),
        'workload-version': unit.workload_version,
        'machine': '' if unit.principal else unit.machine,
        'opened-ports': [str(port) for port in unit.ports],
        'public-address': unit.public_address,
        'address': unit.private_address,
        # Only while it differs: the client shows it as "upgrading-from".
        'charm': unit.charm_url if unit.charm_url != charms[unit.application] else '',
        'subordinates': {s.name: _unit(s, units, charms) for s in subordinates},
    }
    if unit.provider_id:
        reply['provider-id'] = unit.provider_id
    return {**reply, 'leader': True} if unit.leader else reply


def _saas(one: SaasRecord, relations: Sequence[RelationRecord]) -> Json:
    related: dict[str, list[str]] = {}
    for relation in relations:
        names = {endpoint.application: endpoint.name for endpoint in relation.endpoints}
        if one.name in names:
            related.setdefault(names[one.name], []).extend(name for name in names if name != one.name)
    return {
        'offer-url': one.offer_url,
        'offer-name': one.offer_name,
        'endpoints': [encode.remote_endpoint(endpoint) for endpoint in one.endpoints.values()],
        'life': encode.life_unless_alive(one.life),
        'relations': {endpoint: sorted(names) for endpoint, names in sorted(related.items())},
        'status': encode.detailed_status(one.status),
    }


def _offer(offer: OfferRecord) -> Json:
    return {
        'offer-name': offer.name,
        'application-name': offer.application,
        'charm': offer.charm_url,
        'endpoints': {endpoint.name: encode.remote_endpoint(endpoint) for endpoint in offer.endpoints},
        'active-connected-count': offer.active,
        'total-connected-count': len(offer.connections),
    }


def _relation(relation: RelationRecord, subordinates: set[str]) -> Json:
    return {
        'id': relation.id,
        'key': relation.key,
        'interface': relation.interface,
        'scope': relation.scope,
        'endpoints': [
            {
                'application': endpoint.application,
                'name': endpoint.name,
                'role': endpoint.role,
                'subordinate': endpoint.application in subordinates,
            }
            for endpoint in relation.endpoints
        ],
        'status': encode.detailed_status(relation.status, life=relation.life),
    }
