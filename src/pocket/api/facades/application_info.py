"""The part of Application that tells what is there."""

from __future__ import annotations

from pocket.api import encode
from pocket.api.facade import Call, each, one_result
from pocket.api.fields import untag
from pocket.api.rpc import Json
from pocket.model import unit_tag
from pocket.services import applications, origins, relations, scopes, sides, status, uniter
from pocket.services.applications import ApplicationRecord
from pocket.services.relations import RelationEndpoint, RelationRecord
from pocket.services.status import UnitSnapshot
from pocket.state import Tx


async def applications_info(call: Call) -> Json:
    """Application.ApplicationsInfo."""

    async def one(tag: str) -> Json:
        record = call.read(applications.get, call.model_uuid, untag('application', tag))
        return one_result(_application(record))

    return {'results': await each(_tags(call), one)}


async def units_info(call: Call) -> Json:
    """Application.UnitsInfo: of units, or of all units of an application."""
    snapshot = call.read(status.snapshot, call.model_uuid)
    names: list[str] = []
    for tag in _tags(call):
        if tag.startswith('application-'):
            application = untag('application', tag)
            call.read(applications.get, call.model_uuid, application)
            names += [unit.name for unit in snapshot.units.values() if unit.application == application]
        else:
            names.append(untag('unit', tag))

    async def one(name: str) -> Json:
        call.read(applications.get_unit, call.model_uuid, name)
        data = call.read(_relation_data, call.model_uuid, name)
        return one_result(_unit(snapshot.units[name], data))

    return {'results': await each(names, one)}


async def leader(call: Call) -> Json:
    """Application.Leader."""
    application = untag('application', call.params.text('tag'))
    return {'result': call.read(applications.leader, call.model_uuid, application)}


async def get_charm_url_origin(call: Call) -> Json:
    """Application.GetCharmURLOrigin."""
    record = call.read(applications.get, call.model_uuid, call.params.text('application'))
    local = {'source': 'local', 'type': 'charm', 'id': '', 'hash': record.charm.sha256}
    return {
        'url': record.charm_url,
        'charm-origin': {
            **(record.origin or local),
            'revision': record.charm.revision,
            'architecture': call.controller.arch,
            'base': encode.base(record.base),
        },
    }


async def charm_relations(call: Call) -> Json:
    """Application.CharmRelations: the names of the charm's endpoints."""
    record = call.read(applications.get, call.model_uuid, call.params.text('application'))
    return {'charm-relations': sorted(record.charm.charm.endpoints)}


def _tags(call: Call) -> list[str]:
    return [entity.text('tag') for entity in call.params.children('entities')]


def _application(record: ApplicationRecord) -> Json:
    return {
        'tag': f'application-{record.name}',
        'charm': record.charm.name,
        'base': encode.base(record.base),
        'channel': origins.channel(record.origin),
        'constraints': dict(record.constraints),
        'principal': not record.subordinate,
        'exposed': record.exposed,
        'remote': False,
        'life': record.life.value,
        'endpoint-bindings': {'': 'alpha', **dict.fromkeys(record.charm.charm.endpoints, 'alpha')},
        'exposed-endpoints': dict(record.exposed_endpoints),
    }


def _unit(unit: UnitSnapshot, relation_data: list[Json]) -> Json:
    return {
        'tag': unit_tag(unit.name),
        'workload-version': unit.workload_version,
        'machine': unit.machine,
        'opened-ports': [str(port) for port in unit.ports],
        'public-address': unit.public_address,
        'address': unit.private_address,
        'charm': unit.charm_url,
        **({'provider-id': unit.provider_id} if unit.provider_id else {}),
        'leader': unit.leader,
        'life': unit.life.value,
        'relation-data': relation_data,
    }


def _relation_data(tx: Tx, uuid: str, unit: str) -> list[Json]:
    application = unit.partition('/')[0]
    return [
        _endpoint_data(tx, uuid, relation, application) for relation in relations.list_(tx, uuid, application)
    ]


def _endpoint_data(tx: Tx, uuid: str, relation: RelationRecord, application: str) -> Json:
    own, related = _sides(relation, application)
    units = (
        [name for side in sides.of(tx, uuid, relation.id) for name in sides.units(tx, side)]
        if relation.offer_uuid
        else [record.name for record in applications.list_units(tx, uuid, related.application)]
    )
    return {
        'relation-id': relation.id,
        'endpoint': own.name,
        'cross-model': bool(relation.offer_uuid),
        'related-endpoint': related.name,
        'ApplicationData': uniter.application_settings(tx, uuid, relation.id, related.application),
        'unit-relation-data': {name: _unit_data(tx, uuid, relation.id, name) for name in units},
    }


def _sides(relation: RelationRecord, application: str) -> tuple[RelationEndpoint, RelationEndpoint]:
    """The application's own endpoint and the one across; the same of a peer relation."""
    first, last = relation.endpoints[0], relation.endpoints[-1]
    return (first, last) if first.application == application else (last, first)


def _unit_data(tx: Tx, uuid: str, relation_id: int, unit: str) -> Json:
    in_scope, settings = scopes.find_unit(tx, uuid, relation_id, unit)
    return {'InScope': in_scope, 'UnitData': settings}
