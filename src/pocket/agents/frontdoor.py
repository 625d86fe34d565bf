"""Keeps the doors of models on Kubernetes as their ingresses say."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from bedrock import errors
from pocket.agents.retries import Retries
from pocket.model.cluster import Front
from pocket.services import statuses
from pocket.services.cluster import addresses, ingresses
from pocket.state import State, Tx, Watch
from pocket.substrate.frontproxy import FrontProxies

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class FrontDoor:
    """Tells the front proxies whenever something changes."""

    state: State
    proxies: FrontProxies
    _fronts: dict[str, Front] = field(default_factory=dict[str, Front])
    _problems: dict[str, str] = field(default_factory=dict[str, str])
    """Why a model's door is not as it should be."""
    _retries: Retries = field(default_factory=Retries)

    async def run(self) -> None:
        """Go on until cancelled; the doors stay open."""
        watch = self.state.watch('model')
        try:
            while True:
                await self._bring_up_to_date(await self._changed(watch))
        finally:
            watch.close()

    async def _changed(self, watch: Watch) -> frozenset[str]:
        """The models that changed; a door that ended by itself is opened again just after."""
        changed = asyncio.ensure_future(self._retries.changed(watch))
        ended = asyncio.ensure_future(self.proxies.wait_ended(self._fronts))
        try:
            await asyncio.wait({changed, ended}, return_when=asyncio.FIRST_COMPLETED)
            if changed.done():
                return changed.result()
            model = ended.result()
        finally:
            for task in (changed, ended):
                task.cancel()
            await asyncio.gather(changed, ended, return_exceptions=True)
        log.warning('front proxy of model %s: it has ended, and is started again', model)
        del self._fronts[model]
        self._retries.failed()
        return await self._retries.changed(watch)

    async def _bring_up_to_date(self, models: Iterable[str]) -> None:
        known = self.state.read(addresses.models)
        for model in sorted({*models, *self.proxies.known()}):
            front = self.state.read(ingresses.front, model) if model in known else None
            if front is None:
                self._fronts.pop(model, None)
                self._problems.pop(model, None)
                if model in self.proxies.known():
                    await self.proxies.remove(model)
            elif front != self._fronts.get(model):
                await self._apply(model, front)
        if any(self._problems.values()):
            self._retries.failed()
        else:
            self._retries.worked()

    async def _apply(self, model: str, front: Front) -> None:
        problem = ''
        try:
            await self.proxies.apply(model, front)
        except errors.Fault as err:
            problem = f'{err.message}: {err.hint}' if err.hint else err.message.splitlines()[0]
            if problem != self._problems.get(model):
                log.error('front proxy of model %s: %s', model, errors.render(err))
        else:
            self._fronts[model] = front
        self._problems[model] = problem
        await self.state.write(_tell, model, problem)


def _tell(tx: Tx, uuid: str, problem: str) -> None:
    """Show with the model's status why its ingresses are not carried out."""
    current = statuses.get(tx, uuid, 'model', uuid)
    if current is not None and current.value == 'available' and current.message != problem:
        statuses.put(tx, uuid, 'model', uuid, 'available', message=problem)
