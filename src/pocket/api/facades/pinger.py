"""Pinger: the sign of life that clients send."""

from __future__ import annotations

from pocket.api.facade import Call, Facade, Scope
from pocket.api.rpc import Json


async def ping(_call: Call) -> Json:
    """Answer; users are never cut off for silence, so there is nothing to note."""
    return {}


FACADE = Facade(name='Pinger', versions=(1,), methods={'Ping': ping}, scope=Scope.BOTH)
