"""Spaces: one network space, alpha, holds every machine."""

from __future__ import annotations

from pocket.api.facade import Call, Facade
from pocket.api.rpc import Json


async def list_spaces(_call: Call) -> Json:
    """Spaces.ListSpaces."""
    return {'results': [{'id': '0', 'name': 'alpha', 'subnets': []}]}


FACADE = Facade(name='Spaces', versions=(6,), methods={'ListSpaces': list_spaces})
