"""Keeps the workload containers of one pod running: each that ends is started again, ever later."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from bedrock import errors
from pocket.agents.pods import rollout
from pocket.agents.site import Site
from pocket.services import statuses
from pocket.state import Tx


class Containers:
    """The containers of one run of a pod."""

    def __init__(self, site: Site, *, model_uuid: str, pod_id: str, host_name: str, hostname: str) -> None:
        self._site = site
        self._of = (model_uuid, pod_id)
        self._host_name = host_name
        self._hostname = hostname
        self._pauses: dict[str, float] = {}
        self._began: dict[str, float] = {}
        self._resting: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Go on until cancelled, or until the pod itself ends.

        Raises:
            Fault: the pod has ended.
        """
        loop = asyncio.get_running_loop()
        start = loop.time()
        ended: asyncio.Task[str] | None = None
        try:
            while True:
                resting = frozenset(self._resting.values())
                # While one waits for its next start, the others are looked after.
                ended = asyncio.create_task(
                    self._site.substrate.wait_container_ended(self._host_name, but=frozenset(self._resting))
                )
                await asyncio.wait({ended, *resting}, return_when=asyncio.FIRST_COMPLETED)
                self._forget_started()
                if ended.done():
                    name = ended.result()
                    ran_s = loop.time() - self._began.get(name, start)
                    pause_s = rollout.next_pause_s(self._pauses.get(name), ran_s=ran_s)
                    self._pauses[name] = pause_s
                    self._resting[name] = asyncio.create_task(self._start_again(name, pause_s))
                await _end([ended])
        finally:
            await _end([*self._resting.values(), *([ended] if ended else [])])

    def _forget_started(self) -> None:
        for name, task in list(self._resting.items()):
            if task.done():
                del self._resting[name]
                task.result()

    async def _start_again(self, name: str, pause_s: float) -> None:
        if pause_s:
            why = rollout.crash_loop(name, hostname=self._hostname, pause_s=pause_s)
            await self._show('provisioning error', why)
            await asyncio.sleep(pause_s)
        try:
            await self._site.substrate.start_container(self._host_name, name)
        except errors.Fault as fault:
            if self._host_name not in await self._site.substrate.running():
                raise
            await self._show('provisioning error', fault.message)
        else:
            await self._show('running', 'Running')
        self._began[name] = asyncio.get_running_loop().time()

    async def _show(self, value: str, message: str) -> None:
        def put(tx: Tx) -> None:
            statuses.put(tx, self._of[0], 'instance', self._of[1], value, message=message)

        await self._site.state.write(put)


async def _end(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
