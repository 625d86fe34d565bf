"""Watches many environments: each model says by itself that it has changed, and is looked at again then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence

from bedrock import errors
from hoodoo.fleet import health, looking
from hoodoo.inventory.environment import Environment
from hoodoo.juju import clientfiles, listing, session, snapshot

AGAIN_S = 30.0
"""After so long, whatever does not tell of its changes is looked at again."""
_GAP_S = 1.0
"""Changes within this time are one."""


def follow(
    environments: Iterable[Environment], book: looking.Book, manner: looking.Manner, told: looking.Told
) -> None:
    """Look at every environment, and again whenever it changes, until this thread is interrupted."""

    def tell(environment: Environment, change: looking.Change) -> None:
        told(environment, book.change(environment.name, change))

    async def all_of_them() -> None:
        room = looking.room()
        async with asyncio.TaskGroup() as tasks:
            for group in looking.grouped(environments):
                tasks.create_task(_Follower(group, manner, tell, room).run(tasks))

    looking.run(all_of_them())


class _Follower:
    """Follows the environments that one account on one controller shows."""

    def __init__(
        self,
        environments: Sequence[Environment],
        manner: looking.Manner,
        tell: looking.Tell,
        room: asyncio.Semaphore,
    ) -> None:
        self._environments = environments
        self._manner, self._tell, self._room = manner, tell, room
        self._followed: set[str] = set()
        self._lost = asyncio.Event()

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            self._lost.clear()
            rest = [one for one in self._environments if one.name not in self._followed]
            if rest:
                looker = looking.Looker(rest, self._manner, self._tell, self._room)
                await looker.run()
                for environment, controller, found in looker.there:
                    self._followed.add(environment.name)
                    tasks.create_task(self._follow(environment, controller, found))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S):
                    await self._lost.wait()
            await asyncio.sleep(_GAP_S)

    async def _follow(
        self, environment: Environment, controller: clientfiles.Controller, found: listing.Listed
    ) -> None:
        watcher = ''
        try:
            async with session.connected(controller, model_uuid=found.uuid) as juju:
                watcher = str((await juju.call('Client', 'WatchAll', {})).get('watcher-id', ''))
                while True:
                    await juju.call('AllWatcher', 'Next', {}, id_=watcher)
                    await asyncio.sleep(_GAP_S)
                    seen = snapshot.decode(await juju.call('Client', 'FullStatus', {'patterns': []}))
                    self._tell(environment, health.seen(seen, life=found.life, now_ms=self._manner.now_ms()))
        except errors.Fault:
            pass  # the next look says how it is
        finally:
            self._followed.discard(environment.name)
            if watcher:  # one without watchers is not asked again at once
                self._lost.set()
