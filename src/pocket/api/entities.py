"""The documents of AllWatcher: one for each entity of a model, and the deltas between two pictures of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pocket.api import encode
from pocket.api.rpc import Json
from pocket.services.actions import ActionRecord
from pocket.services.charms import CharmRecord
from pocket.services.machines import MachineRecord
from pocket.services.offers import OfferRecord
from pocket.services.relations import RelationRecord
from pocket.services.saas import SaasRecord
from pocket.services.status import ApplicationSnapshot, ModelSnapshot, UnitSnapshot

__all__ = ['Delta', 'Documents', 'deltas', 'documents']

Delta = list[Any]
"""``[kind, "change" or "remove", document]``."""
Documents = Mapping[tuple[str, str], Json]
"""Document by kind and id, each after those that it refers to."""

_OWNER = 'user-admin'


def deltas(before: Documents, after: Documents) -> list[Delta]:
    """What a client that knows *before* has to be told to know *after*."""
    changed: list[Delta] = [
        [key[0], 'change', document] for key, document in after.items() if before.get(key) != document
    ]
    removed: list[Delta] = [
        [key[0], 'remove', document] for key, document in reversed(list(before.items())) if key not in after
    ]
    return changed + removed


def documents(
    snapshot: ModelSnapshot,
    *,
    controller_uuid: str,
    arch: str,
    model_config: Mapping[str, Any],
    configs: Mapping[str, Mapping[str, Any]],
    constraints: Mapping[str, Mapping[str, Any]],
    charms: Sequence[CharmRecord],
    actions: Sequence[ActionRecord],
    annotations: Mapping[str, Mapping[str, str]],
) -> Documents:
    """Every entity of a model, or of a part of it.

    Args:
        configs: Effective options by application.
        constraints: By application.
        annotations: By tag.
    """
    uuid = snapshot.model.uuid
    found: dict[tuple[str, str], Json] = {
        ('model', uuid): _model(snapshot, controller_uuid=controller_uuid, config=model_config)
    }
    for charm in charms:
        found['charm', charm.url] = _charm(charm)
    for machine in snapshot.machines:
        found['machine', machine.id] = _machine(machine, arch=arch)
    for application in snapshot.applications:
        name = application.name
        found['application', name] = _application(
            application, config=configs.get(name, {}), constraints=constraints.get(name, {})
        )
        for unit in application.units:
            found['unit', unit.name] = _unit(unit, application)
    for one in snapshot.saas:
        found['remoteApplication', one.name] = _saas(one)
    for offer in snapshot.offers:
        found['applicationOffer', offer.name] = _offer(offer)
    for relation in snapshot.relations:
        found['relation', str(relation.id)] = _relation(relation)
    for action in actions:
        found['action', action.id] = _action(action)
    for tag, notes in annotations.items():
        found['annotation', tag] = {'tag': tag, 'annotations': dict(notes)}
    return {key: {'model-uuid': uuid, **document} for key, document in found.items()}


def _model(snapshot: ModelSnapshot, *, controller_uuid: str, config: Mapping[str, Any]) -> Json:
    model = snapshot.model
    return {
        'name': model.name,
        'life': model.life.value,
        'owner': model.owner,
        'controller-uuid': controller_uuid,
        'is-controller': model.is_controller,
        'config': dict(config),
        'status': encode.plain_status(model.status),
        'constraints': dict(model.constraints),
        'sla': {'level': 'unsupported', 'owner': ''},
        'type': model.type,
        'cloud': model.cloud,
        'cloud-region': model.region,
        'version': model.agent_version,
    }


def _charm(charm: CharmRecord) -> Json:
    options = charm.charm.options
    return {
        'charm-url': charm.url,
        'charm-version': '',
        'life': 'alive',
        'profile': None,
        'config': {name: option.default for name, option in options.items() if option.default is not None},
    }


def _machine(machine: MachineRecord, *, arch: str) -> Json:
    running = bool(machine.address)
    return {
        'id': machine.id,
        'instance-id': machine.host_name if running else '',
        'agent-status': encode.plain_status(machine.agent_status),
        'instance-status': encode.plain_status(machine.instance_status),
        'life': machine.life.value,
        'config': {},
        'base': str(machine.base),
        'container-type': '',
        'supported-containers': [],
        'supported-containers-known': True,
        'hardware-characteristics': {
            'arch': arch,
            'mem': machine.memory_mb,
            'cpu-cores': machine.cores,
            'availability-zone': machine.zone or None,
        },
        'charm-profiles': [],
        'jobs': ['JobHostUnits'],
        'addresses': [encode.address(machine.address)] if running else [],
        'has-vote': False,
        'wants-vote': False,
        'hostname': machine.host_name,
    }


def _application(
    application: ApplicationSnapshot, *, config: Mapping[str, Any], constraints: Mapping[str, Any]
) -> Json:
    return {
        'name': application.name,
        'exposed': application.exposed,
        'charm-url': application.charm_url,
        'owner-tag': _OWNER,
        'life': application.life.value,
        'min-units': 0,
        'constraints': dict(constraints),
        'config': dict(config),
        'subordinate': application.subordinate,
        'status': encode.plain_status(application.stored_status),
        'workload-version': application.workload_version,
    }


def _unit(unit: UnitSnapshot, application: ApplicationSnapshot) -> Json:
    return {
        'name': unit.name,
        'application': unit.application,
        'base': str(application.base),
        'charm-url': unit.charm_url,
        'life': unit.life.value,
        'public-address': unit.public_address,
        'private-address': unit.private_address,
        'machine-id': unit.machine,
        'ports': [
            {'protocol': port.protocol, 'number': number}
            for port in unit.ports
            for number in range(port.first, port.last + 1)
            if port.first
        ],
        'port-ranges': [
            {'from-port': port.first, 'to-port': port.last, 'protocol': port.protocol} for port in unit.ports
        ],
        'principal': unit.principal,
        'subordinate': application.subordinate,
        'workload-status': encode.plain_status(unit.workload, version=unit.workload_version),
        'agent-status': encode.plain_status(unit.agent),
    }


def _saas(one: SaasRecord) -> Json:
    return {
        'name': one.name,
        'offer-url': one.offer_url,
        'life': one.life.value,
        'status': encode.plain_status(one.status),
    }


def _offer(offer: OfferRecord) -> Json:
    return {
        'offer-name': offer.name,
        'offer-uuid': offer.uuid,
        'application-name': offer.application,
        'charm-name': offer.charm_name,
        'total-connected-count': len(offer.connections),
        'active-connected-count': offer.active,
    }


def _relation(relation: RelationRecord) -> Json:
    return {
        'key': relation.key,
        'id': relation.id,
        'endpoints': [
            {'application-name': endpoint.application, 'relation': encode.charm_relation(endpoint)}
            for endpoint in relation.endpoints
        ],
    }


def _action(action: ActionRecord) -> Json:
    return {
        'id': action.id,
        'receiver': action.receiver,
        'name': action.name,
        'parameters': dict(action.parameters),
        'status': action.status,
        'message': action.message,
        'results': dict(action.results),
        'enqueued': encode.timestamp(action.enqueued_ms),
        'started': encode.timestamp(action.started_ms),
        'completed': encode.timestamp(action.completed_ms),
    }
