"""Keeps the workload containers of one pod running: each that ends is started again, ever later."""

from __future__ import annotations

import asyncio

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
        try:
            while True:
                name = await self._site.substrate.wait_container_ended(self._host_name)
                if name not in self._resting:
                    ran_s = loop.time() - self._began.get(name, start)
                    pause_s = rollout.next_pause_s(self._pauses.get(name), ran_s=ran_s)
                    self._pauses[name] = pause_s
                    self._resting[name] = asyncio.create_task(self._start_again(name, pause_s))
                # One that has ended and was not started yet would be told of again at once.
                await asyncio.wait(self._resting.values(), return_when=asyncio.FIRST_COMPLETED)
                self._forget_started()
        finally:
            for task in self._resting.values():
                task.cancel()
            await asyncio.gather(*self._resting.values(), return_exceptions=True)

    def _forget_started(self) -> None:
        for name, task in list(self._resting.items()):
            if task.done():
                del self._resting[name]
                task.result()

    async def _start_again(self, name: str, pause_s: float) -> None:
        if pause_s:
            await self._show_crash_loop(name, pause_s)
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

    async def _show_crash_loop(self, name: str, pause_s: float) -> None:
        why = f'back-off {pause_s:g}s restarting failed container={name} pod={self._hostname}'
        await self._show('provisioning error', f'crash loop backoff: {why}')

    async def _show(self, value: str, message: str) -> None:
        def put(tx: Tx) -> None:
            statuses.put(tx, self._of[0], 'instance', self._of[1], value, message=message)

        await self._site.state.write(put)
