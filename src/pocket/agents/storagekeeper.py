"""The keeper of one storage instance: has it mounted where it is attached, unmounted, deleted at its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from bedrock import errors
from pocket.agents.site import Site
from pocket.agents.supervisor import Key, Worker
from pocket.services.storage import provisioning
from pocket.services.storage.provisioning import Task, Work
from pocket.substrate import Filesystem

log = logging.getLogger(__name__)

RETRY_FIRST_S = 1.0
RETRY_LONGEST_S = 30.0


@dataclass(slots=True, kw_only=True)
class StorageSource:
    """Wants a keeper for each storage instance that there is."""

    site: Site

    async def wanted(self) -> Mapping[Key, Worker]:
        """See `pocket.agents.supervisor.Source`."""
        return {
            Key(model_uuid=model, name=f'storage {storage_id}'): _worker(self.site, model, storage_id)
            for model, storage_id in self.site.state.read(provisioning.list_ids)
        }


def _worker(site: Site, model: str, storage_id: str) -> Worker:
    def start(wake: asyncio.Event) -> Coroutine[Any, Any, None]:
        return StorageKeeper(site, model, storage_id, wake=wake).run()

    return start


class StorageKeeper:
    """Runs until its instance is removed."""

    def __init__(self, site: Site, model: str, storage_id: str, *, wake: asyncio.Event) -> None:
        self._site = site
        self._of = (model, storage_id)
        self._wake = wake

    async def run(self) -> None:
        """Do what the model asks for, and look again when it changes.

        What cannot be done is shown and tried again, ever less often, or until something else is wanted.
        """
        failed: Work | None = None
        pause_s = RETRY_FIRST_S
        while True:
            self._wake.clear()
            work = self._site.state.read(provisioning.work, *self._of)
            if work is None:
                return
            if work.task is Task.NOTHING:
                await self._wake.wait()
                continue
            pause_s = min(pause_s * 2, RETRY_LONGEST_S) if work == failed else RETRY_FIRST_S
            failed = None
            try:
                await self._perform(work)
            except errors.Fault as err:
                log.warning('storage %s: %s', work.id, err.message)
                await self._site.state.write(provisioning.set_failed, *self._of, err.message)
                failed = work
                await self._wait_for_other_work(work, pause_s)

    async def _wait_for_other_work(self, work: Work, timeout_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._site.state.read(provisioning.work, *self._of) == work:
                    await self._wake.wait()
                    self._wake.clear()

    async def _perform(self, work: Work) -> None:
        substrate, write = self._site.substrate, self._site.state.write
        filesystem = Filesystem(
            key=work.key,
            provider=work.provider,
            size_mib=work.size_mib,
            mount_point=work.location,
            read_only=work.read_only,
        )
        match work.task:
            case Task.MOUNT:
                size_mib = await substrate.mount(work.host_name, filesystem)
                await write(provisioning.set_mounted, *self._of, size_mib=size_mib)
            case Task.UNMOUNT:
                await substrate.unmount(work.host_name, filesystem, destroy=work.destroy)
                await write(provisioning.set_unmounted, *self._of)
            case Task.DELETE:
                await substrate.delete_volume(work.key)
                await write(provisioning.set_deleted, *self._of)
            case Task.NOTHING:
                pass
