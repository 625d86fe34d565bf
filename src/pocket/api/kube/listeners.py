"""One listener for the Kubernetes API of each model on Kubernetes, as long as there is the model."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import shutil
import socket
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from pocket.api import tls
from pocket.api.kube.app import KubeApi
from pocket.services.cluster import access, addresses
from pocket.state import State, Tx
from pocket.substrate import Substrate

log = logging.getLogger(__name__)

_PORTS = (6443, 16443)
"""The usual one, and the one for hosts where it is taken."""
_NAMES = (
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
)
_GRACE_S = 2
_BACKLOG = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listener:
    address: str
    server: uvicorn.Server
    socket: socket.socket


@dataclass(slots=True, kw_only=True)
class Listeners:
    """Starts and stops them as models come and go."""

    state: State
    home: Path
    secret: bytes = field(repr=False)
    substrate: Substrate | None = None
    _open: dict[str, _Listener] = field(default_factory=dict[str, _Listener])

    async def run(self) -> None:
        """Go on until cancelled; then all of them are stopped."""
        watch = self.state.watch('model')
        try:
            while True:
                await watch.changed()
                await self._bring_up_to_date()
        finally:
            watch.close()
            await asyncio.gather(*(self._stop(model) for model in tuple(self._open)))

    async def _bring_up_to_date(self) -> None:
        wanted = self.state.read(_addresses)
        for model in tuple(self._open):
            if self._open[model].address != wanted.get(model):
                await self._stop(model)
        _sweep(self.home / 'kube', frozenset(wanted))
        for model, address in wanted.items():
            if model not in self._open:
                await self._start(model, address)

    async def _start(self, model: str, address: str) -> None:
        listener = _listen(address)
        if listener is None:
            ports = ' nor '.join(map(str, _PORTS))
            log.error('cannot serve the Kubernetes API at %s: neither port %s is free', address, ports)
            await self.state.write(access.set_port, model, address, 0)
            return
        certificates = await asyncio.to_thread(
            tls.issue,
            self.home / 'tls',
            into=self.home / 'kube' / model,
            names=_NAMES,
            addresses=(address, '127.0.0.1'),
            now=datetime.datetime.now(datetime.UTC),
        )
        api = KubeApi(state=self.state, model_uuid=model, secret=self.secret, substrate=self.substrate)
        config = uvicorn.Config(
            api.application(),
            access_log=False,
            lifespan='off',
            log_config=None,
            log_level='warning',
            loop='none',
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            ws='websockets-sansio',
            ws_per_message_deflate=False,
        )
        config.load()
        config.ssl = certificates.server_context()
        server = uvicorn.Server(config)
        # `serve` would take over the signals and wake ten times a second; its two steps need neither.
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        self._open[model] = _Listener(address=address, server=server, socket=listener)
        port = int(listener.getsockname()[1])
        await self.state.write(access.set_port, model, address, port)

    async def _stop(self, model: str) -> None:
        one = self._open.pop(model)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * _GRACE_S):
                await one.server.shutdown(sockets=[one.socket])


def _addresses(tx: Tx) -> dict[str, str]:
    found = {model: addresses.gateway(tx, model) for model in addresses.models(tx)}
    return {model: address for model, address in found.items() if address}


def _sweep(folder: Path, wanted: frozenset[str]) -> None:
    """Remove the keys of models that are gone, as long ago as may be."""
    if folder.is_dir():
        for entry in folder.iterdir():
            if entry.name not in wanted:
                shutil.rmtree(entry, ignore_errors=True)


def _listen(address: str) -> socket.socket | None:
    """A listening socket on the first of the ports that is free."""
    for port in _PORTS:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            continue
        return listener
    return None
