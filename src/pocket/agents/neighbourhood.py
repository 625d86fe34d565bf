"""Keeps what hosts see of each other as the models say: names, services, ways between models."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from bedrock import errors
from pocket.agents.retries import Retries
from pocket.model.cluster import ClusterNetwork
from pocket.services import crossings, hostnames
from pocket.services.cluster import addresses
from pocket.state import State
from pocket.substrate import Names, Substrate

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Neighbourhood:
    """Tells them to the substrate whenever they change."""

    state: State
    substrate: Substrate
    _names: dict[str, Names] = field(default_factory=dict[str, Names])
    _networks: list[ClusterNetwork] | None = None
    """Unknown at first: an earlier daemon may have left others."""
    _retries: Retries = field(default_factory=Retries)

    async def run(self) -> None:
        """Go on until cancelled."""
        watch = self.state.watch('model')
        try:
            while True:
                await self._bring_up_to_date(await self._retries.changed(watch))
        finally:
            watch.close()

    async def settle(self) -> None:
        """Have the networks of models on Kubernetes up, which others listen at."""
        await self._serve()

    async def _bring_up_to_date(self, models: Iterable[str]) -> None:
        await self.substrate.allow([frozenset(pair) for pair in self.state.read(crossings.connected_models)])
        await self._serve()
        told = {other for model in models for other in self.state.read(hostnames.connected, model)}
        for model in sorted({*models, *told}):
            names = self.state.read(hostnames.names, model)
            if names != self._names.get(model, {}):
                self._names[model] = names
                await self.substrate.write_hosts(model, names)

    async def _serve(self) -> None:
        wanted = self.state.read(addresses.wanted)
        if wanted == self._networks:
            return
        try:
            placed = await self.substrate.serve(wanted)
        except errors.Fault as err:
            # Pods of that model fail for the same reason and say so.
            log.error('cannot give models on Kubernetes their services: %s', errors.render(err))
            self._retries.failed()
            return
        self._retries.worked()
        self._networks = wanted
        await self.state.write(addresses.set_addresses, placed)
