"""Reaching a controller: whichever of its addresses answers first, vouched for as Juju's client wants it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from bedrock import errors
from hoodoo.juju import clientfiles

_SERVER_NAME = 'juju-apiserver'
_MAX_FRAME = 64 * 2**20
_OPEN_S = 10.0
_NEXT_S = 0.1
"""How much later each further address is tried: the first that works is the one that was used last."""


async def dial(controller: clientfiles.Controller, path: str) -> ClientConnection:
    """Connect to the first endpoint that answers; an address that swallows packets delays no other.

    Raises:
        UnreachableFault: none answers as the controller.
    """
    tasks = [
        asyncio.create_task(_try(controller, endpoint, path, number * _NEXT_S))
        for number, endpoint in enumerate(controller.endpoints)
    ]
    failed: list[Exception] = []
    won: ClientConnection | None = None
    try:
        for first in asyncio.as_completed(tasks):
            try:
                won = await first
            except (OSError, WebSocketException) as err:
                failed.append(err)
            else:
                return won
    finally:
        await _drop(tasks, won)
    raise _unreachable(controller, failed)


async def _try(
    controller: clientfiles.Controller, endpoint: str, path: str, after_s: float
) -> ClientConnection:
    """Connect to one endpoint, trusting whom the controller is registered with."""
    await asyncio.sleep(after_s)
    failed: Exception | None = None
    for context, name in trusted(controller):
        try:
            return await connect(
                f'wss://{endpoint}{path}',
                ssl=context,
                server_hostname=name,
                max_size=_MAX_FRAME,
                open_timeout=_OPEN_S,
                close_timeout=1,
                compression=None,
                proxy=None,
            )
        except ssl.SSLCertVerificationError as err:
            failed = failed or err
    assert failed is not None, 'somebody is always trusted'
    raise failed


def trusted(controller: clientfiles.Controller) -> Iterator[tuple[ssl.SSLContext, str | None]]:
    """Who may vouch for the controller, and under which name: its own authority, then everybody's."""
    if controller.ca:
        # Juju signs for this name whatever the controller's address is.
        yield ssl.create_default_context(cadata=controller.ca), _SERVER_NAME
    if controller.hostname or not controller.ca:
        yield ssl.create_default_context(), controller.hostname or None


async def _drop(tasks: list[asyncio.Task[ClientConnection]], won: ClientConnection | None) -> None:
    """End the attempts that are not needed any more, and hang up where one came through as well."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, ClientConnection) and result is not won:
            await result.close()


def _unreachable(controller: clientfiles.Controller, failed: list[Exception]) -> errors.UnreachableFault:
    where = ', '.join(controller.endpoints) or 'no known address'
    name = controller.name
    fault = errors.UnreachableFault(f'cannot reach controller "{name}" at {where}', hint='Is it running?')
    for err in failed:
        if isinstance(err, ssl.SSLCertVerificationError):
            message = f'cannot trust controller "{name}" at {where}: {err.verify_message}'
            hint = f'If it was made anew, forget the old one: "juju unregister {name}", then log in to it.'
            fault = errors.UnreachableFault(message, hint=hint)
        elif isinstance(err, InvalidStatus):
            status = err.response.status_code
            message = f'cannot reach controller "{name}" at {where}: it answers HTTP status {status}'
            fault = errors.UnreachableFault(message, hint='Is that a Juju controller?')
    fault.__cause__ = failed[-1] if failed else None
    return fault
