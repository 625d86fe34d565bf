"""A model as a bundle that can be deployed again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pocket.model import Base
from pocket.services import (
    annotations,
    applications,
    constraints,
    machines,
    models,
    offers,
    origins,
    relations,
    resources,
    rows,
    saas,
)
from pocket.services.applications import ApplicationRecord
from pocket.services.errors import JujuError
from pocket.services.storage import directives
from pocket.state import Tx

Document = dict[str, Any]
_ONLY_USER = 'admin'


def export(tx: Tx, uuid: str, *, include_defaults: bool = False) -> list[Document]:
    """The model as a bundle: everything that an operator said, nothing that Juju works out.

    A second document is an overlay with what only overlays may say.

    Args:
        include_defaults: With the options that nobody set.

    Raises:
        JujuError: the model is empty.
    """
    records = applications.list_(tx, uuid)
    if not records:
        raise JujuError('nothing to export as there are no applications')
    used = _machines_used(tx, uuid)
    base = _common_base([record.base for record in records])
    on_kubernetes = models.is_caas(tx, uuid)
    document: Document = {'bundle': 'kubernetes'} if on_kubernetes else {}
    if base:
        document['default-base'] = _base(base)
    # Any controller that has the offer will do.
    consumed = {record.name: {'url': record.offer_url.rpartition(':')[2]} for record in saas.list_(tx, uuid)}
    if consumed:
        document['saas'] = consumed
    document['applications'] = {
        record.name: _application(tx, uuid, record, default=base, include_defaults=include_defaults)
        for record in records
    }
    if used:
        document['machines'] = {machine: _machine(tx, uuid, machine, default=base) for machine in used}
    related = [
        [f'{side.application}:{side.name}' for side in relation.endpoints]
        for relation in relations.list_(tx, uuid)
        if len(relation.endpoints) == 2 and not relation.offered
    ]
    if related:
        document['relations'] = related
    overlay = {
        record.name: found for record in records if (found := _only_overlays_may_say(tx, uuid, record))
    }
    return [document, {'applications': overlay}] if overlay else [document]


def _only_overlays_may_say(tx: Tx, uuid: str, record: ApplicationRecord) -> Document:
    found: Document = {}
    if record.exposed and not _wholly_exposed(record):
        found['exposed-endpoints'] = dict(record.exposed_endpoints)
    offered = {
        offer.name: {
            'endpoints': [endpoint.name for endpoint in offer.endpoints],
            'acl': {_ONLY_USER: 'admin'},
        }
        for offer in offers.list_(tx, uuid, application=record.name)
    }
    if offered:
        found['offers'] = offered
    return found


def _application(
    tx: Tx, uuid: str, record: ApplicationRecord, *, default: Base | None, include_defaults: bool
) -> Document:
    units = applications.list_units(tx, uuid, record.name)
    found = _charm(tx, uuid, record)
    if record.base != default:
        found['base'] = _base(record.base)
    if record.scale is not None:
        found['scale'] = record.scale
    elif not record.subordinate:
        found['num_units'] = len(units)
        if units:
            found['to'] = [unit.machine for unit in units]
    if _wholly_exposed(record):
        found['expose'] = True
    options = {
        name: option.value
        for name, option in applications.get_config(tx, uuid, record.name).items()
        if option.value is not None and (include_defaults or option.source == 'user')
    }
    text = constraints.render(record.constraints)
    notes = annotations.get(tx, uuid, f'application-{record.name}')
    storage = {
        name: f'{each.pool},{each.count},{each.size_mib}M'
        for name, each in directives.of_application(tx, uuid, record.name).items()
        if each.count
    }
    for key, value in (
        *(('options', options), ('annotations', notes), ('constraints', text)),
        ('storage', storage),
    ):
        if value:
            found[key] = value
    if record.trust:
        found['trust'] = True
    return found


def _charm(tx: Tx, uuid: str, record: ApplicationRecord) -> Document:
    if record.charm_url.startswith('local:'):
        return {'charm': record.charm_url}
    brought = {
        resource.name: resource.revision
        for resource in resources.list_(tx, uuid, record.name)
        if resource.origin == 'store' and resource.revision >= 0
    }
    found: Document = {'charm': record.charm.name, 'channel': origins.channel(record.origin)}
    found['revision'] = record.charm.revision
    return {**found, 'resources': brought} if brought else found


def _wholly_exposed(record: ApplicationRecord) -> bool:
    """Whether it is exposed as ``juju expose`` without flags does it."""
    return record.exposed and set(record.exposed_endpoints) == {''} and _open_to_all(record)


def _open_to_all(record: ApplicationRecord) -> bool:
    details: Mapping[str, Any] = record.exposed_endpoints['']
    everywhere = {'0.0.0.0/0', '::/0'}
    return not details.get('expose-to-spaces') and set(details.get('expose-to-cidrs') or ()) <= everywhere


def _machine(tx: Tx, uuid: str, machine_id: str, *, default: Base | None) -> Document:
    record = machines.get(tx, uuid, machine_id)
    found: Document = {}
    text = constraints.render(record.constraints)
    notes = annotations.get(tx, uuid, f'machine-{machine_id.replace("/", "-")}')
    for key, value in (('constraints', text), ('annotations', notes)):
        if value:
            found[key] = value
    if record.base != default:
        found['base'] = _base(record.base)
    return found


def _machines_used(tx: Tx, uuid: str) -> list[str]:
    used = {unit.machine for unit in applications.list_units(tx, uuid)}
    return sorted((machine for machine in used if machine), key=rows.natural)


def _common_base(found: list[Base]) -> Base | None:
    """The base of most applications; the first in order among equals."""
    counted: Mapping[str, int] = Counter(str(base) for base in found)
    return max(found, key=lambda base: counted[str(base)], default=None)


def _base(base: Base) -> str:
    return f'{base.name}@{base.channel}/stable'
