"""Keeps what machines see of each other as the models say: names within a model, ways between models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pocket.services import crossings, hostnames
from pocket.state import State
from pocket.substrate import Names, Substrate


@dataclass(slots=True, kw_only=True)
class Neighbourhood:
    """Writes them to the machines whenever they change."""

    state: State
    substrate: Substrate
    _names: dict[str, Names] = field(default_factory=dict[str, Names])

    async def run(self) -> None:
        """Go on until cancelled."""
        watch = self.state.watch('model')
        try:
            while True:
                await self._bring_up_to_date(await watch.changed())
        finally:
            watch.close()

    async def _bring_up_to_date(self, models: Iterable[str]) -> None:
        await self.substrate.allow([frozenset(pair) for pair in self.state.read(crossings.connected_models)])
        for model in models:
            names = self.state.read(hostnames.names, model)
            if names != self._names.get(model, {}):
                self._names[model] = names
                await self.substrate.write_hosts(model, names)
