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
    offers,
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
    document: Document = {'default-base': _base(base)} if base else {}
    document['applications'] = {
        record.name: _application(tx, uuid, record, default=base, include_defaults=include_defaults)
        for record in records
    }
    if used:
        document['machines'] = {machine: _machine(tx, uuid, machine, default=base) for machine in used}
    consumed = {name: {'url': url} for name, url in _consumed(tx, uuid).items()}
    if consumed:
        document['saas'] = consumed
    related = [
        [f'{side.application}:{side.name}' for side in relation.endpoints]
        for relation in relations.list_(tx, uuid)
        if len(relation.endpoints) == 2 and not relation.offered
    ]
    if related:
        document['relations'] = related
    overlay = {record.name: _overlay(tx, uuid, record) for record in records}
    told = {name: entry for name, entry in overlay.items() if entry}
    return [document, {'applications': told}] if told else [document]


def _consumed(tx: Tx, uuid: str) -> dict[str, str]:
    """The URL of each consumed offer by its name here; any controller that has it will do."""
    return {record.name: record.offer_url.rpartition(':')[2] for record in saas.list_(tx, uuid)}


def _overlay(tx: Tx, uuid: str, record: ApplicationRecord) -> Document:
    """What only an overlay may say of an application."""
    found: Document = {}
    if record.exposed and not _wholly_exposed(record):
        found['exposed-endpoints'] = dict(record.exposed_endpoints)
    made = {
        offer.name: {'endpoints': [endpoint.name for endpoint in offer.endpoints], 'acl': {'admin': 'admin'}}
        for offer in offers.list_(tx, uuid, application=record.name)
    }
    return {**found, 'offers': made} if made else found


def _application(
    tx: Tx, uuid: str, record: ApplicationRecord, *, default: Base | None, include_defaults: bool
) -> Document:
    units = applications.list_units(tx, uuid, record.name)
    found: Document = {'charm': _charm(record), **_release(record)}
    supplied = {
        resource.name: resource.revision
        for resource in resources.list_(tx, uuid, record.name)
        if resource.origin == 'store' and resource.revision >= 0
    }
    if supplied:
        found['resources'] = supplied
    if record.base != default:
        found['base'] = _base(record.base)
    if not record.subordinate:
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
        name: f'{directive.pool},{directive.count},{directive.size_mib}M'
        for name, directive in directives.of_application(tx, uuid, record.name).items()
        if directive.count
    }
    for key, value in (
        ('options', options),
        ('annotations', notes),
        ('storage', storage),
        ('constraints', text),
    ):
        if value:
            found[key] = value
    if record.trust:
        found['trust'] = True
    return found


def _charm(record: ApplicationRecord) -> str:
    return record.charm_url if record.charm_url.startswith('local:') else record.charm.name


def _release(record: ApplicationRecord) -> Document:
    """Channel and revision of a charm from Charmhub."""
    origin = record.origin
    if record.charm_url.startswith('local:'):
        return {}
    parts = (origin.get('track') or 'latest', origin.get('risk') or 'stable', origin.get('branch'))
    return {'channel': '/'.join(str(part) for part in parts if part), 'revision': record.charm.revision}


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
