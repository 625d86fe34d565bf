"""Block: no operation is ever blocked."""

from __future__ import annotations

from pocket.api.facade import Call, Facade
from pocket.api.rpc import Json


async def list_blocks(_call: Call) -> Json:
    """Block.List."""
    return {'results': []}


FACADE = Facade(name='Block', versions=(2,), methods={'List': list_blocks})
