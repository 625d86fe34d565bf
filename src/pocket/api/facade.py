"""What a facade is: a name, versions, methods; and what a method is given for one call."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from pocket.api.fields import Fields
from pocket.api.identity import Identity, PasswordHash
from pocket.api.rpc import Json, error_object
from pocket.services.errors import NOT_FOUND, JujuError
from pocket.settings import Settings
from pocket.state import State, Tx

__all__ = ['Call', 'Controller', 'Facade', 'Method', 'Scope', 'Session', 'Watcher', 'each', 'one_result']

P = ParamSpec('P')
T = TypeVar('T')


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """What every connection shares."""

    state: State
    settings: Settings
    identity: Identity
    password_hash: PasswordHash
    port: int
    """Where the server listens."""
    arch: str
    """The architecture of this machine, in Juju's words."""

    @property
    def tag(self) -> str:
        """``controller-<uuid>``."""
        return f'controller-{self.identity.controller_uuid}'


class Watcher(Protocol):
    """Something that a connection holds open between calls."""

    async def next(self) -> Any:
        """Wait for the next change and return it.

        Raises:
            JujuError: the watcher was stopped; code ``stopped``.
        """
        ...

    async def stop(self) -> None:
        """End it, and every `next` that waits; may be called twice."""
        ...


class Session:
    """One websocket connection: where it leads, who is logged in, and the watchers that it holds."""

    def __init__(self, controller: Controller, model_uuid: str) -> None:
        """Begin a connection to a model, or to the controller when *model_uuid* is empty."""
        self.controller = controller
        self.model_uuid = model_uuid
        self.user = ''
        self._watchers: dict[str, Watcher] = {}
        self._last_id = 0

    def hold(self, watcher: Watcher) -> str:
        """Keep *watcher* until it is stopped or the connection ends; return its id."""
        self._last_id += 1
        self._watchers[str(self._last_id)] = watcher
        return str(self._last_id)

    def find(self, watcher_id: str, kind: type[T]) -> T:
        """Return the watcher *watcher_id*.

        Raises:
            JujuError: there is none of that kind.
        """
        watcher = self._watchers.get(watcher_id)
        if not isinstance(watcher, kind):
            raise JujuError('unknown watcher id', NOT_FOUND)
        return watcher

    async def release(self, watcher_id: str) -> None:
        """Stop one watcher."""
        watcher = self._watchers.pop(watcher_id, None)
        if watcher is not None:
            await watcher.stop()

    async def close(self) -> None:
        """Stop every watcher."""
        for watcher_id in tuple(self._watchers):
            await self.release(watcher_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a method."""

    session: Session
    version: int
    """The version of the facade that the client asked for."""
    id: str
    """The watcher that it is about; empty for most."""
    params: Fields

    @property
    def controller(self) -> Controller:
        """What every connection shares."""
        return self.session.controller

    @property
    def model_uuid(self) -> str:
        """The model of the connection."""
        return self.session.model_uuid

    def read(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a service that only reads."""
        return self.controller.state.read(fn, *args, **kwargs)

    async def write(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a service in a transaction of its own."""
        return await self.controller.state.write(fn, *args, **kwargs)


Method = Callable[[Call], Awaitable[Json]]


class Scope(enum.Enum):
    """The kinds of login that a facade can be called on."""

    CONTROLLER = 'controller'
    MODEL = 'model'
    BOTH = 'both'


@dataclass(frozen=True, slots=True, kw_only=True)
class Facade:
    """One facade: the same methods in each of its versions."""

    name: str
    versions: tuple[int, ...]
    methods: Mapping[str, Method]
    scope: Scope = Scope.MODEL


async def each(items: Iterable[T], work: Callable[[T], Awaitable[Json]]) -> list[Json]:
    """Do *work* for each item of a bulk call; what fails becomes that item's error and stops no other."""
    results: list[Json] = []
    for item in items:
        try:
            results.append(await work(item))
        except Exception as error:  # noqa: BLE001 - error_object logs what is not a refusal
            results.append({'error': error_object(error)})
    return results


def one_result(result: Json) -> Json:
    """``{"result": ...}``: how most bulk calls wrap one item."""
    return {'result': result}
