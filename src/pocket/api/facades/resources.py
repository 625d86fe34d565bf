"""Resources: what applications have, what their units were given, and what is about to be uploaded."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from pocket.api import encode, store
from pocket.api.facade import Call, Facade, each
from pocket.api.fields import Fields, untag
from pocket.api.rpc import Json, error_object
from pocket.model import unit_tag
from pocket.model.resources import Resource
from pocket.services import applications, charms, resources
from pocket.services.errors import BAD_REQUEST, JujuError
from pocket.state import Tx


async def list_resources(call: Call) -> Json:
    """Resources.ListResources."""

    async def one(tag: str) -> Json:
        return call.read(_listed, call.model_uuid, untag('application', tag))

    tags = [entity.text('tag') for entity in call.params.children('entities')]
    return {'results': await each(tags, one)}


async def add_pending_resources(call: Call) -> Json:
    """Resources.AddPendingResources: of a store's charm they get their content at once."""
    application = untag('application', call.params.text('tag'))
    url = call.params.text('url')
    try:
        known = call.read(charms.find, call.model_uuid, url)
        wanted = [
            _announced(fields, application, known.origin if known else {})
            for fields in call.params.children('resources')
        ]
        if known is not None:
            wanted = [await store.at_revision(call, known, resource) for resource in wanted]
        ids = await call.write(resources.add_pending, call.model_uuid, url, wanted)
    except JujuError as error:
        return {'error': error_object(error), 'pending-ids': []}
    return {'pending-ids': ids}


def _announced(fields: Fields, application: str, origin: Mapping[str, Any]) -> Resource:
    name, kind = fields.text('name'), fields.text('type') or 'file'
    if not name or kind not in ('file', 'oci-image'):
        raise JujuError(f'bad resource metadata: "{name}" of type "{kind}"', BAD_REQUEST)
    try:
        base64.b64decode(fields.text('fingerprint'), validate=True)
    except binascii.Error as err:
        raise JujuError('invalid fingerprint', BAD_REQUEST) from err
    # Only a store has what nobody uploads: for a charm of one's own it waits for the upload.
    from_store = fields.text('origin') == 'store' and bool(origin)
    return Resource(
        application=application,
        name=name,
        type=kind,
        path=fields.text('path'),
        description=fields.text('description'),
        origin='store' if from_store else 'upload',
        revision=fields.number('revision', -1) if from_store else -1,
    )


def _listed(tx: Tx, uuid: str, application: str) -> Json:
    record = applications.get(tx, uuid, application)
    units = applications.list_units(tx, uuid, application)
    return {
        'resources': [encode.resource(one) for one in resources.list_(tx, uuid, application)],
        'charm-store-resources': store.offered(record.charm),
        'unit-resources': [
            {
                'tag': unit_tag(unit.name),
                'resources': [encode.resource(one) for one in resources.of_unit(tx, uuid, unit.name)],
                'download-progress': {},
            }
            for unit in units
        ],
    }


FACADE = Facade(
    name='Resources',
    versions=(3,),
    methods={'AddPendingResources': add_pending_resources, 'ListResources': list_resources},
)
