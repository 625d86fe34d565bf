"""The models of one controller, whoever made them: listed, looked at, marked, destroyed."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from bedrock import process
from hoodoo.juju import clientfiles, connect, login, reader, rpc

_NOT_FOUND = 'not found'


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A model as the controller lists it; one on its way out is listed until it is gone."""

    name: str
    owner: str
    uuid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What the controller still has of a model."""

    life: str
    machines: tuple[str, ...] = ()
    applications: int = 0
    units: int = 0
    storage: tuple[str, ...] = ()
    """Its volumes and filesystems."""


class Models:
    """The models that our user may see on the controller of *target*."""

    def __init__(self, target: connect.Target, environ: Mapping[str, str]) -> None:
        self._target = target
        self._environ = {**environ, 'JUJU_DATA': str(target.juju_data)}

    @property
    def controller(self) -> str:
        """Its name."""
        return self._target.controller.name

    @property
    def user(self) -> str:
        """Who we are there."""
        return self._target.controller.user

    def listed(self) -> tuple[Listed, ...]:
        """Every model, by name."""
        with self._connected() as connection:
            answer = connection.call('ModelManager', 'ListModels', {'tag': f'user-{self.user}'})
        return decode_list(answer)

    def remains(self, uuid: str) -> Remains | None:
        """What there is of the model *uuid*; None when the controller knows none."""
        with self._connected() as connection:
            entities = {'entities': [{'tag': f'model-{uuid}'}]}
            try:
                return decode_status(connection.call('ModelManager', 'ModelStatus', entities))
            except login.RpcFault as err:
                if _NOT_FOUND in err.code:
                    return None
                raise

    def notes(self, uuid: str) -> Mapping[str, str]:
        """The annotations of the model *uuid*; none when it has gone."""
        tag = f'model-{uuid}'
        with contextlib.closing(self._reader(uuid)) as opened:
            try:
                return opened.annotations([tag])[tag]
            except login.RpcFault as err:
                if _NOT_FOUND in err.code:
                    return {}
                raise

    def annotate(self, uuid: str, notes: Mapping[str, str]) -> None:
        """Set annotations of the model *uuid*."""
        with contextlib.closing(self._reader(uuid)) as opened:
            opened.annotate(f'model-{uuid}', notes)

    def destroy(self, found: Listed, *, force: bool, timeout_s: float) -> None:
        """Destroy a model with its storage, and wait until it is gone.

        Raises:
            ProgramFault: Juju refused, or it was not gone after *timeout_s*, which ends our waiting alone.
        """
        name = f'{self.controller}:{found.owner}/{found.name}'
        words = ['destroy-model', name, '--no-prompt', '--destroy-storage']
        words += ['--force', '--no-wait'] if force else []
        self.run(*words, timeout_s=timeout_s)

    def run(self, *words: str, timeout_s: float) -> process.Completed:
        """Run the juju program.

        Raises:
            ProgramFault: it failed or took too long.
        """
        return process.run([self._target.program, *words], env=self._environ, timeout_s=timeout_s)

    def dial(self) -> rpc.Connection:
        """A connection to the controller, for the caller to close."""
        return rpc.Connection(self._registered())

    def ask(self, connection: rpc.Connection, timeout_s: float) -> None:
        """Have the controller answer something.

        Raises:
            UnreachableFault: it does not, within *timeout_s*. RpcFault: it answers, and refuses that.
        """
        connection.call('ModelManager', 'ListModels', {'tag': f'user-{self.user}'}, timeout_s=timeout_s)

    @contextlib.contextmanager
    def _connected(self) -> Generator[rpc.Connection]:
        connection = self.dial()
        try:
            yield connection
        finally:
            connection.close()

    def _reader(self, uuid: str) -> reader.Reader:
        return reader.Reader(lambda: rpc.Connection(self._registered(), model_uuid=uuid))

    def _registered(self) -> clientfiles.Controller:
        """The controller as the client's files have it now: after a restart it may listen elsewhere."""
        return clientfiles.find(self._target.juju_data, self.controller) or self._target.controller


def decode_list(answer: Mapping[str, Any]) -> tuple[Listed, ...]:
    """The models in a ``ModelManager.ListModels`` answer."""
    found: list[Listed] = []
    for entry in cast('list[dict[str, Any]]', answer.get('user-models') or []):
        model = entry.get('model', entry)
        owner = str(model.get('owner-tag', '')).removeprefix('user-')
        found.append(Listed(name=str(model.get('name')), owner=owner, uuid=str(model['uuid'])))
    return tuple(sorted(found, key=lambda model: (model.name, model.owner)))


def decode_status(answer: Mapping[str, Any]) -> Remains | None:
    """The one model in a ``ModelManager.ModelStatus`` answer; None when it is not found.

    Raises:
        RpcFault: the answer is another error.
    """
    # Versions of the facade differ in the word.
    entries = cast('list[dict[str, Any]]', answer.get('models') or answer.get('results') or [])
    entry = entries[0] if entries else {}
    error = cast('dict[str, Any]', entry.get('error') or {})
    if _NOT_FOUND in str(error.get('code', '')):
        return None
    if error:
        raise login.RpcFault(str(error.get('message', error)), code=str(error.get('code', '')))
    return Remains(
        life=str(entry.get('life', '')),
        machines=tuple(_named(entry, 'machines')),
        applications=int(entry.get('application-count') or 0),
        units=int(entry.get('unit-count') or 0),
        storage=(*_named(entry, 'volumes'), *_named(entry, 'filesystems')),
    )


def _named(entry: Mapping[str, Any], key: str) -> list[str]:
    return [str(part.get('id', '')) for part in cast('list[dict[str, Any]]', entry.get(key) or [])]
