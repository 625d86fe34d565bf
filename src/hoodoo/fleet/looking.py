"""Looks at many environments at once over Juju's API: one event loop, no process and no thread for each.

A controller says in one answer which models it has; what is in a model it tells only those who log in to that
model. So a look costs two requests a controller, and two for each model that is there.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

from bedrock import errors
from hoodoo import model, wording
from hoodoo import settings as settings_module
from hoodoo.fleet import credentials, health
from hoodoo.fleet import session as outer_session
from hoodoo.inventory.environment import Credentials, Environment
from hoodoo.inventory.state import Health, State
from hoodoo.juju import clientfiles, listing, login, session, snapshot

DEFAULT_TIMEOUT_S = 10.0
AT_ONCE = 8
"""Models of one controller that are looked at side by side."""
_AT_ONCE_IN_ALL = 64
_GONE = 'model not found'

T = TypeVar('T')

Account = Callable[[Environment], clientfiles.Controller]
"""How to reach the controller of an environment, and who we are there. Raises Fault where nothing says."""
Meter = Callable[[int], Awaitable[None]]
"""Waited for before so many requests: whoever has a budget says so by waiting."""
Told = Callable[[Environment, State], None]
Change = health.Change
Tell = Callable[[Environment, Change], None]


_LIST_COST = LOOK_COST = 2
"""Requests: a login and a question."""


async def _unmetered(_requests: int) -> None:
    """For those who may ask as much as they like."""


class Book(Protocol):
    """Where states are kept: `hoodoo.inventory.index.Index`."""

    def change(self, name: str, change: Change) -> State:
        """Replace what was seen of an environment by what *change* makes of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How to look."""

    account: Account
    timeout_s: float = DEFAULT_TIMEOUT_S
    """For a controller's list of models, and for a look at each of them."""
    at_once: int = AT_ONCE
    meter: Callable[[str], Meter] = field(default=lambda _: _unmetered)
    """From a controller's name to what its requests wait for."""
    now_ms: Callable[[], int] = field(default=lambda: time.time_ns() // 1_000_000)


def known_account(settings: settings_module.Settings, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> Account:
    """Accounts from where the inventory says that they are; of two, the one that may only look.

    A command that gives one has *timeout_s*: many are looked at, and nobody sits there for each of them.

    A connected shell knows its own controller alone: what it was opened from knows the others.
    """
    data = outer_session.outside(settings)[0].juju_data

    def account(environment: Environment) -> clientfiles.Controller:
        name = environment.controller
        found = clientfiles.find(data, name)
        if found is None:
            names = clientfiles.names(data)
            hint = f'{wording.guess(name, names)} Run "juju login", or mend the inventory.'.strip()
            raise errors.UnreachableFault(f'controller "{name}" is not registered here', hint=hint)
        given = credentials.account(settings, environment, write=False, timeout_s=timeout_s)
        if given is None:
            return found
        return dataclasses.replace(found, user=given.user or found.user, password=given.password)

    return account


def look(environments: Iterable[Environment], book: Book, manner: Manner, told: Told) -> dict[str, State]:
    """Look at every environment once; return the states by name. *told* hears of each as it comes.

    No environment waits for a controller other than its own.
    """
    return run(looked(environments, book, manner, told))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run *work* in an event loop of its own; of what went wrong in its tasks, raise the first."""
    with asyncio.Runner() as runner:
        try:
            return runner.run(work)
        except BaseExceptionGroup as several:
            raise _first(several) from None


def _first(several: BaseExceptionGroup[BaseException]) -> BaseException:
    one: object = several.exceptions[0]
    if isinstance(one, BaseExceptionGroup):
        return _first(cast('BaseExceptionGroup[BaseException]', one))
    return several.exceptions[0]


async def looked(
    environments: Iterable[Environment], book: Book, manner: Manner, told: Told
) -> dict[str, State]:
    """`look` for coroutines."""
    states: dict[str, State] = {}

    def tell(environment: Environment, change: Change) -> None:
        state = states[environment.name] = book.change(environment.name, change)
        told(environment, state)

    shared = room()
    async with asyncio.TaskGroup() as tasks:
        for group in grouped(environments):
            tasks.create_task(Looker(group, manner, tell, shared).run())
    return states


def room() -> asyncio.Semaphore:
    """Room for looks of all controllers together."""
    return asyncio.Semaphore(_AT_ONCE_IN_ALL)


def grouped(environments: Iterable[Environment]) -> list[tuple[Environment, ...]]:
    """*environments* by the account on a controller that shows them."""
    groups: dict[tuple[str, Credentials], list[Environment]] = {}
    for environment in environments:
        shown_to = environment.read_credentials or environment.credentials
        groups.setdefault((environment.controller, shown_to), []).append(environment)
    return [tuple(group) for group in groups.values()]


class Looker:
    """Looks at the environments that one account on one controller shows."""

    def __init__(
        self,
        environments: Sequence[Environment],
        manner: Manner,
        tell: Tell,
        room: asyncio.Semaphore,
    ) -> None:
        self._environments = environments
        self._manner, self._tell = manner, tell
        self._rooms = (asyncio.Semaphore(manner.at_once), room)
        self._meter = manner.meter(environments[0].controller)
        self.there: list[tuple[Environment, clientfiles.Controller, listing.Listed]] = []
        """Those of which the model was seen."""
        self._silent = 0
        """How many models have got no answer since one did."""

    async def run(self) -> None:
        """Look at each once."""
        first = self._environments[0]
        try:
            # A program may have to be asked for the account.
            controller = await asyncio.to_thread(self._manner.account, first)
            await self._meter(_LIST_COST)
            models = await self._answered(self._list(controller), controller)
        except (errors.Fault, OSError) as err:
            for environment in self._environments:
                self._without(environment, Health.UNREACHABLE, _with_cause(err))
            return
        async with asyncio.TaskGroup() as tasks:
            for environment in self._environments:
                found = listing.find(models, environment.model, controller.user)
                if found is None:
                    why = f'controller "{controller.name}" has no model "{environment.model}"'
                    self._without(environment, Health.ABSENT, why)
                else:
                    tasks.create_task(self._look(environment, controller, found))

    async def _list(self, controller: clientfiles.Controller) -> Mapping[str, listing.Listed]:
        async with session.connected(controller) as juju:
            asked = listing.request(controller.user, every=juju.user_access == 'superuser')
            return listing.decode(await juju.call('ModelManager', 'ListModelSummaries', asked))

    async def _look(
        self, environment: Environment, controller: clientfiles.Controller, found: listing.Listed
    ) -> None:
        async with self._rooms[0], self._rooms[1]:
            try:
                if self._silent >= self._manner.at_once:
                    raise _unanswered(controller, 'has stopped to answer')
                await self._meter(LOOK_COST)
                seen = await self._answered(self._see(controller, found.uuid), controller)
            except login.RpcFault as err:
                self._silent = 0
                gone = err.code == _GONE
                self._without(environment, Health.ABSENT if gone else Health.UNREACHABLE, err.message)
            except errors.Fault as err:
                self._silent += 1
                self._without(environment, Health.UNREACHABLE, _with_cause(err))
            else:
                self._silent = 0
                self._tell(environment, health.seen(seen, life=found.life, now_ms=self._manner.now_ms()))
                self.there.append((environment, controller, found))

    async def _see(self, controller: clientfiles.Controller, uuid: str) -> model.ModelSnapshot:
        async with session.connected(controller, model_uuid=uuid) as juju:
            return snapshot.decode(await juju.call('Client', 'FullStatus', {'patterns': []}))

    async def _answered(self, asking: Coroutine[Any, Any, T], controller: clientfiles.Controller) -> T:
        try:
            async with asyncio.timeout(self._manner.timeout_s):
                return await asking
        except TimeoutError:
            raise _unanswered(controller, f'gave no answer within {self._manner.timeout_s:g} s') from None

    def _without(self, environment: Environment, found: Health, why: str) -> None:
        self._tell(environment, health.unseen(found, why, now_ms=self._manner.now_ms()))


def _with_cause(err: Exception) -> str:
    """What *err* says and why it is so, in one line; a bad certificate is in what it says."""
    last = list(errors.chain(err))[-1]
    if last is err or isinstance(last, ssl.SSLCertVerificationError):
        return str(err)
    if isinstance(last, OSError):
        known = not isinstance(last, socket.gaierror | ssl.SSLError) and last.errno
        return f'{err}: {os.strerror(last.errno or 0) if known else last.strerror or last}'
    return f'{err}: {last}'


def _unanswered(controller: clientfiles.Controller, how: str) -> errors.UnreachableFault:
    return errors.UnreachableFault(f'controller "{controller.name}" {how}')
