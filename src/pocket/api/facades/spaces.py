"""Spaces: one network space, alpha, holds every machine."""

from __future__ import annotations

from pocket.api.facade import Call, Facade, Method, each
from pocket.api.facades import subnets
from pocket.api.fields import Fields, untag
from pocket.api.rpc import Json
from pocket.services import applications, machines
from pocket.services.errors import NOT_FOUND, NOT_SUPPORTED, JujuError

ALPHA = 'alpha'


async def list_spaces(call: Call) -> Json:
    """Spaces.ListSpaces."""
    return {'results': [await _alpha(call)]}


async def show_space(call: Call) -> Json:
    """Spaces.ShowSpace: the space with who is in it."""

    async def one(tag: str) -> Json:
        name = untag('space', tag)
        if name != ALPHA:
            raise JujuError(f'space "{name}" not found', NOT_FOUND)
        return {
            'space': await _alpha(call),
            'applications': [record.name for record in call.read(applications.list_, call.model_uuid)],
            'machine-count': len(call.read(machines.list_, call.model_uuid)),
        }

    return {'results': await each((entity.text('tag') for entity in call.params.children('entities')), one)}


def _refuse(name: str) -> Method:
    async def method(call: Call) -> Json:
        async def one(_item: Fields) -> Json:
            raise JujuError('spaces other than "alpha" not supported by pocket', NOT_SUPPORTED)

        return {'results': await each(call.params.children(name), one)}

    return method


async def _alpha(call: Call) -> Json:
    found = await subnets.list_subnets(call)
    return {'id': '0', 'name': ALPHA, 'subnets': found['results']}


FACADE = Facade(
    name='Spaces',
    versions=(6,),
    methods={
        'CreateSpaces': _refuse('spaces'),
        'ListSpaces': list_spaces,
        'MoveSubnets': _refuse('args'),
        'RemoveSpace': _refuse('space-param'),
        'RenameSpace': _refuse('changes'),
        'ShowSpace': show_space,
    },
)
