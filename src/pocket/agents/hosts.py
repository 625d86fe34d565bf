"""What the agents of machines and of pods have in common: a host that the model wants until it is to go.

An agent is a loop over `Hosting.wanted`: it has the host run and looks after it, again and again until
nothing is wanted. How a machine or a pod is looked after stands in the module of its agent.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from bedrock import errors
from pocket.agents import booting, toolserver
from pocket.agents.environment import SYSTEM_PATH
from pocket.agents.machinelogs import MachineLogs
from pocket.agents.site import Site
from pocket.agents.supervisor import Key, Worker
from pocket.services import machines
from pocket.state import Tx
from pocket.substrate import Host

QUICK_S = 30.0
"""For programs that take milliseconds, on a host that may be stuck."""

W = TypeVar('W')


class Record(Protocol):
    """What the model knows of any host."""

    @property
    def model_uuid(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def host_name(self) -> str: ...


R = TypeVar('R', bound=Record)


@dataclass(slots=True, kw_only=True)
class HostSource(Generic[R]):
    """Wants an agent for each host of a kind that there is."""

    site: Site
    kind: str
    """Names the agents: ``machine 0``."""
    known: Callable[[Tx], Iterable[R]]
    """Those hosts, also the ones that are to go."""
    run: Callable[[R, asyncio.Event, asyncio.Semaphore], Coroutine[Any, Any, None]]
    """Is the agent of one, given what wakes it and what it holds while the host starts."""
    turns: asyncio.Semaphore = field(default_factory=booting.turns)
    """Bounds how many hosts start at once."""

    async def wanted(self) -> Mapping[Key, Worker]:
        """See `pocket.agents.supervisor.Source`."""
        return {
            Key(model_uuid=record.model_uuid, name=f'{self.kind} {record.id}'): self._worker(record)
            for record in self.site.state.read(self.known)
        }

    def _worker(self, record: R) -> Worker:
        return lambda wake: self.run(record, wake, self.turns)


class Hosting(Generic[W]):
    """One host as its agent deals with it; *W* is what the model says of a host that it wants."""

    def __init__(
        self,
        site: Site,
        record: Record,
        *,
        title: str,
        entity: str,
        find: Callable[[Tx, str, str], tuple[W, bool] | None],
        wake: asyncio.Event,
        turns: asyncio.Semaphore,
    ) -> None:
        """Deal with the host of *record*.

        Args:
            title: What errors call it.
            entity: Tag of what a note about it is logged for.
            find: What the model says of it by now, and whether it is to go; None: it is no more.
            wake: Set when the model changes.
            turns: Held while a host starts.
        """
        self._name = record.host_name
        self.booting = booting.Booting(
            site,
            model_uuid=record.model_uuid,
            machine_id=record.id,
            entity=entity,
            wake=wake,
            turns=turns,
        )
        self._site = site
        self._of = (record.model_uuid, record.id)
        self._title = title
        self._find = find
        self._wake = wake

    async def wanted(self) -> W | None:
        """What the model wants of the host now; None: nothing any more, and the host has been removed."""
        wish, removable = self._look()
        if removable:
            await self._site.substrate.remove(self._name)
            await self._site.state.write(machines.remove, *self._of)
        return wish

    def wish(self) -> W | None:
        """What the model wants of the host now; None: it is to go, or is no more."""
        return self._look()[0]

    def _look(self) -> tuple[W | None, bool]:
        self._wake.clear()
        found = self._site.state.read(self._find, *self._of)
        if found is None:
            return None, False
        wish, removable = found
        return (None, True) if removable else (wish, False)

    async def running(self) -> Host | None:
        """The host, if it runs."""
        return (await self._site.substrate.running()).get(self._name)

    async def prepare(self, host: Host, script: str, *args: str, stdin: bytes | None = None) -> None:
        """Put what Juju's hosts have of their agent into the host: programs, and what *script* makes by sh.

        Raises:
            Fault: the host refuses it.
        """
        toolserver.install_programs(host.run_dir)
        done = await self._site.substrate.exec(
            self._name,
            ['/bin/sh', '-c', script, *args],
            env={'PATH': SYSTEM_PATH},
            stdin=stdin,
            timeout_s=QUICK_S,
        )
        if done.returncode != 0:
            said = done.stderr.decode(errors='replace').strip()
            raise errors.Fault(f'cannot prepare {self._title}: {said}')

    async def show_running(self, host: Host) -> None:
        """Let the agents of units use the host."""
        await self._site.state.write(
            machines.set_running,
            *self._of,
            address=host.address,
            ssh_host_keys=host.ssh_host_keys,
            note=host.note,
            boot_id=host.boot_id,
        )

    @contextlib.asynccontextmanager
    async def watched(self, *beside: Coroutine[Any, Any, None]) -> AsyncGenerator[asyncio.Future[None]]:
        """Do *beside*, and keep log files, within the block; gives what is done once the host has ended."""
        logs = MachineLogs(self._site, model_uuid=self._of[0], machine_id=self._of[1], host_name=self._name)
        ended = asyncio.ensure_future(self._site.substrate.wait_ended(self._name))
        tasks = [ended, *(asyncio.ensure_future(work) for work in (logs.run(), *beside))]
        try:
            yield ended
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def changed_or_ended(self, ended: asyncio.Future[None]) -> bool:
        """Wait for a change of the model or the end of the host; return whether that has come."""
        await booting.changed_or_done(self._wake, ended)
        return ended.done()
