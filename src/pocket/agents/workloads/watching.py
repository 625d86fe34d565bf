"""Watches the workload containers of one pod: which run of Pebble answers in each, and what it notes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bedrock import inotify
from pocket.agents.local import LocalState, WorkloadState
from pocket.agents.workloads import events
from pocket.agents.workloads.events import Seen
from pocket.agents.workloads.pebble import Pebble, PebbleFault
from pocket.model.pods import WorkloadEvent

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 5.0
"""A socket that nothing happens to is tried again after this: Pebble may have been too busy to answer."""
_LISTEN_TRIES = 50
_LISTEN_S = 0.02
"""A socket listens only some time after it shows, and nothing tells when."""


@dataclass(slots=True)
class _Container:
    boot_id: str = ''
    notices: list[WorkloadEvent] = field(default_factory=list[WorkloadEvent])


class Workloads:
    """Knows what there is to tell; what was told is in the unit's own state."""

    def __init__(
        self, pebbles: Mapping[str, Path], told: Callable[[], LocalState], wake: asyncio.Event
    ) -> None:
        """Watch *pebbles*, the socket of each container; *wake* is set when there is more to tell."""
        self._pebbles = dict(pebbles)
        self._told = told
        self._wake = wake
        self._containers = {name: _Container() for name in pebbles}

    def seen(self) -> Seen:
        """What there is to tell, or has been told just now."""
        running = {name: one for name, one in self._containers.items() if one.boot_id}
        return Seen(
            boots={name: one.boot_id for name, one in running.items()},
            notices=tuple(event for one in running.values() for event in one.notices),
        )

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, socket in self._pebbles.items():
                group.create_task(self._watch(name, socket))

    async def _watch(self, name: str, socket: Path) -> None:
        container, pebble = self._containers[name], Pebble(socket)
        folder = inotify.Watch(socket.parent)
        try:
            while True:
                try:
                    container.boot_id = await self._boot_id(pebble)
                    self._wake.set()
                    await self._follow(name, container, pebble)
                except PebbleFault as fault:
                    if container.boot_id:
                        log.info('container %s: %s', name, fault.message)
                container.boot_id = ''
                container.notices.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AGAIN_S):
                        await folder.wait()
        finally:
            folder.close()

    async def _boot_id(self, pebble: Pebble) -> str:
        for _ in range(_LISTEN_TRIES):
            try:
                return await pebble.boot_id()
            except PebbleFault as fault:
                if not isinstance(fault.__cause__, ConnectionRefusedError):
                    raise
            await asyncio.sleep(_LISTEN_S)
        return await pebble.boot_id()

    async def _follow(self, name: str, container: _Container, pebble: Pebble) -> None:
        """Take in what one run of Pebble notes, beginning after what the charm was told last."""
        after = self._known(name).notice_at
        while True:
            found = await pebble.notices(after=after)
            for notice in found:
                event = await pebble.event(notice, container=name, boot_id=container.boot_id)
                if event is not None:
                    self._add(name, container, event)
            times = [str(notice.get('last-repeated') or '') for notice in found]
            after = events.latest([after, *times])

    def _add(self, name: str, container: _Container, event: WorkloadEvent) -> None:
        # One that came again before it was told is told once.
        container.notices = [
            other
            for other in container.notices
            if other.notice_id != event.notice_id and not events.is_told(self._known(name), other)
        ]
        container.notices.append(event)
        self._wake.set()

    def _known(self, name: str) -> WorkloadState:
        return self._told().workloads.get(name, WorkloadState())
