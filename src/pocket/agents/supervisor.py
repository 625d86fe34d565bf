"""Keeps the agents running: one task for each that is wanted, started again with back-off when it fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pocket.agents import failures
from pocket.agents.site import Site
from pocket.agents.unit import UnitAgent
from pocket.services import uniter
from pocket.state import State
from pocket.substrate import Host

log = logging.getLogger(__name__)

RESTART_FIRST_S = 1.0
RESTART_LONGEST_S = 60.0
STOP_S = 20.0
"""Longest wait for agents at shutdown; what they run is stopped within this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Names one agent."""

    model_uuid: str
    """Changes of this model wake it."""
    name: str
    """``unit app/0``, ``machine 0``."""


Worker = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""Starts an agent that looks again whenever the event is set; it returns when its work is done for good."""


class Source(Protocol):
    """Says which agents of a kind are wanted."""

    async def wanted(self) -> Mapping[Key, Worker]: ...


@dataclass(slots=True, kw_only=True)
class _Running:
    task: asyncio.Task[None]
    wake: asyncio.Event


class Supervisor:
    """Runs what its sources want."""

    def __init__(self, state: State, sources: Iterable[Source], *, stop_s: float = STOP_S) -> None:
        self._state = state
        self._sources = tuple(sources)
        self._stop_s = stop_s
        self._running: dict[Key, _Running] = {}

    async def run(self) -> None:
        """Keep agents running until cancelled, then stop them all; returns within a bounded time."""
        watch = self._state.watch('model')
        try:
            while True:
                changed = await watch.changed()
                await self._adjust()
                for key, running in self._running.items():
                    if key.model_uuid in changed:
                        running.wake.set()
        finally:
            watch.close()
            await self._stop(list(self._running))

    async def _adjust(self) -> None:
        wanted: dict[Key, Worker] = {}
        for source in self._sources:
            wanted.update(await source.wanted())
        for key in [key for key, running in self._running.items() if running.task.done()]:
            del self._running[key]
        await self._stop([key for key in self._running if key not in wanted])
        for key in wanted.keys() - self._running.keys():
            wake = asyncio.Event()
            task = asyncio.create_task(self._keep(key, wanted[key], wake), name=key.name)
            self._running[key] = _Running(task=task, wake=wake)

    async def _stop(self, keys: list[Key]) -> None:
        stopping = {self._running.pop(key).task: key for key in keys}
        for task in stopping:
            task.cancel()
        if stopping:
            _, late = await asyncio.wait(stopping, timeout=self._stop_s)
            for task in late:
                log.error('the agent of %s does not stop', stopping[task].name)

    async def _keep(self, key: Key, worker: Worker, wake: asyncio.Event) -> None:
        """Run *worker* until it returns; the one place where an agent's failure ends."""
        delay_s = RESTART_FIRST_S
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await worker(wake)
                return
            except Exception as error:
                log.exception('the agent of %s failed', key.name)
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    return  # it failed while it was being stopped
                message = failures.text(error)
            await self._tell(key, message)
            if loop.time() - began > RESTART_LONGEST_S:
                delay_s = RESTART_FIRST_S
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, RESTART_LONGEST_S)

    async def _tell(self, key: Key, message: str) -> None:
        try:
            await self._state.write(failures.note, key.model_uuid, key.name, message)
        except Exception:
            log.exception('cannot show that the agent of %s failed', key.name)


@dataclass(slots=True, kw_only=True)
class UnitSource:
    """Wants an agent for each unit whose machine runs."""

    site: Site
    _hosts: Mapping[str, Host] = field(default_factory=dict[str, Host])

    async def wanted(self) -> Mapping[Key, Worker]:
        units = self.site.state.read(uniter.units_to_run)
        names = {host_name for _, _, host_name in units}
        if not names <= self._hosts.keys():
            self._hosts = await self.site.substrate.running()
        # A host that comes back may be another one: look again then.
        self._hosts = {name: host for name, host in self._hosts.items() if name in names}
        return {
            Key(model_uuid=model, name=f'unit {unit}'): _worker(self.site, self._hosts[host], model, unit)
            for model, unit, host in units
            if host in self._hosts
        }


def _worker(site: Site, host: Host, model_uuid: str, unit: str) -> Worker:
    def start(wake: asyncio.Event) -> Coroutine[Any, Any, None]:
        return UnitAgent(site, host, model_uuid=model_uuid, unit=unit, wake=wake).run()

    return start
