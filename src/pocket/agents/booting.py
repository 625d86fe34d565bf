"""Starts the host of a machine's or pod's agent: what of that is the same for both."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bedrock import errors
from pocket.agents.site import Site
from pocket.services import logs, machines
from pocket.substrate import Host, HostSpec

T = TypeVar('T')

Note = Callable[[str], None]
"""Told in words about work that takes long."""

_PROVISIONING = 'starting'


def turns() -> asyncio.Semaphore:
    """What bounds how many hosts start at once."""
    # A start keeps a processor busy for a fifth of a second; more at once would only delay the first.
    return asyncio.Semaphore(2 * (os.cpu_count() or 1))


async def changed_or_done(wake: asyncio.Event, other: asyncio.Future[Any]) -> None:
    """Wait until *wake* is set or *other* is done."""
    woken = asyncio.ensure_future(wake.wait())
    try:
        await asyncio.wait({woken, other}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        woken.cancel()
        await asyncio.gather(woken, return_exceptions=True)


class Booting:
    """Starts one host, and says in the model how that goes."""

    def __init__(
        self,
        site: Site,
        *,
        model_uuid: str,
        machine_id: str,
        entity: str,
        wake: asyncio.Event,
        turns: asyncio.Semaphore,
    ) -> None:
        """Start the host of *machine_id*.

        Args:
            entity: Tag of what a note about the host is logged for.
            wake: Set when the model changes.
            turns: Held while a host starts.
        """
        self._site = site
        self._state = site.state
        self._of = (model_uuid, machine_id)
        self._entity = entity
        self._wake = wake
        self._turns = turns

    async def boot(self, spec: HostSpec, *, wanted: Callable[[], bool]) -> Host | None:
        """Start the host, which may take minutes, and return it; None when it is *wanted* no more by then.

        Raises:
            Fault: it cannot be started; the model says why.
        """
        host = await self._carry_out(lambda note: self._take_turn(spec, note), wanted)
        if host is not None and host.note:
            await self._state.write(
                logs.append_once,
                self._of[0],
                entity=self._entity,
                severity='WARNING',
                module='pocket.substrate',
                message=host.note,
            )
        return host

    async def prepare(
        self, work: Callable[[Note], Coroutine[Any, Any, None]], *, wanted: Callable[[], bool]
    ) -> None:
        """Do *work*, without which the host cannot be started, unless that is *wanted* no more by then.

        Raises:
            Fault: it cannot be done; the model says why.
        """
        await self._carry_out(work, wanted)

    async def _carry_out(
        self, work: Callable[[Note], Coroutine[Any, Any, T]], wanted: Callable[[], bool]
    ) -> T | None:
        await self._state.write(machines.set_provisioning, *self._of, _PROVISIONING)
        notes: asyncio.Queue[str] = asyncio.Queue()
        telling = asyncio.create_task(self._tell(notes))
        try:
            return await self._while_wanted(work(notes.put_nowait), wanted)
        except errors.Fault as err:
            await self._state.write(machines.set_failed, *self._of, err.message)
            raise
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _take_turn(self, spec: HostSpec, note: Note) -> Host:
        async with self._turns:
            return await self._site.substrate.boot(spec, note=note)

    async def _while_wanted(self, work: Coroutine[Any, Any, T], wanted: Callable[[], bool]) -> T | None:
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                self._wake.clear()
                if not wanted():
                    return None
                await changed_or_done(self._wake, task)
            return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _tell(self, notes: asyncio.Queue[str]) -> None:
        while True:
            message = await notes.get()
            await self._state.write(machines.set_provisioning, *self._of, message)
