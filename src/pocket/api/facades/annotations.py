"""Annotations: notes of clients on entities."""

from __future__ import annotations

from pocket.api.facade import Call, Facade, each
from pocket.api.fields import Fields
from pocket.api.rpc import Json, error_object
from pocket.services import annotations
from pocket.services.errors import JujuError


async def get(call: Call) -> Json:
    """Annotations.Get."""

    async def one(entity: Fields) -> Json:
        tag = entity.text('tag')
        try:
            return {'entity': tag, 'annotations': call.read(annotations.get_checked, call.model_uuid, tag)}
        except JujuError as error:
            # Here the error of an item has one more level than elsewhere.
            return {'entity': tag, 'annotations': {}, 'error': {'error': error_object(error)}}

    return {'results': await each(call.params.children('entities'), one)}


async def change(call: Call) -> Json:
    """Annotations.Set: an empty value deletes a note."""

    async def one(entity: Fields) -> Json:
        tag, values = entity.text('entity'), entity.text_map('annotations')
        await call.write(annotations.change, call.model_uuid, tag, values)
        return {}

    return {'results': await each(call.params.children('annotations'), one)}


FACADE = Facade(name='Annotations', versions=(2,), methods={'Get': get, 'Set': change})
