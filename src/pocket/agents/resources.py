"""Brings resources into a unit's machine, piece by piece, when its charm asks for them."""

from __future__ import annotations

import asyncio

from bedrock import errors
from pocket import storefetch
from pocket.agents.site import Site
from pocket.model import application_of
from pocket.model.resources import Resource
from pocket.services import resources
from pocket.services.errors import NOT_FOUND, JujuError
from pocket.substrate import Host

_PIECE = 8 * 2**20
_ENV = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C.UTF-8'}

_CHECK = '[ -f "$0" ] && [ ! -L "$0" ] && [ "$(sha384sum < "$0" | cut -c1-96)" = "$1" ]'
_BEGIN = 'mkdir -p "$(dirname "$0")" && rm -f "$0.part" && umask 022 && : > "$0.part"'
_APPEND = 'cat >> "$0.part"'
_END = f'[ "$(sha384sum < "$0.part" | cut -c1-96)" = "$1" ] && mv -fT "$0.part" "$0" && {_CHECK}'
"""Run by sh in the machine, with the file's path and its SHA-384 as $0 and $1."""


class Resources:
    """The resources of one unit on its machine."""

    def __init__(self, site: Site, host: Host, *, model_uuid: str, unit: str) -> None:
        self._site = site
        self._host = host
        self._of = (model_uuid, unit)
        self._lock = asyncio.Lock()

    async def place(self, name: str) -> None:
        """Have the newest content of resource *name* in the machine; nothing moves when it is there.

        Raises:
            JujuError: there is none, or it cannot be brought in.
        """
        model_uuid, unit = self._of
        async with self._lock:
            found = self._site.state.read(resources.find, model_uuid, application_of(unit), name)
            if found is None or found.is_placeholder:
                raise JujuError(f'could not download resource: resource "{name}" not found', NOT_FOUND)
            target = self._site.paths.resource(unit, found)
            if not await self._sh(_CHECK, target, found.fingerprint):
                await self._bring(found, target)
            await self._site.state.write(resources.given, model_uuid, unit, found)

    async def _bring(self, found: Resource, target: str) -> None:
        try:
            source = await storefetch.resource(self._site.home, found)
        except errors.Fault as err:
            raise JujuError(f'could not download resource: {err.message}') from err
        done = await self._sh(_BEGIN, target)
        with source.open('rb') as opened:
            while done and (piece := await asyncio.to_thread(opened.read, _PIECE)):
                done = await self._sh(_APPEND, target, stdin=piece)
        if not (done and await self._sh(_END, target, found.fingerprint)):
            raise JujuError(f'could not download resource: cannot write "{target}" in the machine')

    async def _sh(self, script: str, *args: str, stdin: bytes | None = None) -> bool:
        ran = await self._site.substrate.exec(
            self._host.name, ['/bin/sh', '-c', script, *args], env=_ENV, stdin=stdin, key=self._of[1]
        )
        return ran.returncode == 0
