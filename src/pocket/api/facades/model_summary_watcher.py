"""ModelSummaryWatcher: every model in a few words, and again when one of them changes."""

from __future__ import annotations

from collections.abc import Mapping

from pocket.api.facade import Call, Controller, Facade, Scope
from pocket.api.identity import ADMIN
from pocket.api.rpc import Json
from pocket.api.watchers import ControllerWatcher
from pocket.services import models, status
from pocket.services.status import ModelSnapshot
from pocket.state import Tx

_RED = frozenset({'error'})
_YELLOW = frozenset({'blocked'})


class ModelSummaryWatcher(ControllerWatcher[Json]):
    """Remembers what its client was told of each model, to tell it only what differs."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller.state, self._news)
        self._controller = controller
        self._told: Mapping[str, Json] = {}

    def _news(self) -> list[Json]:
        seen = {summary['uuid']: summary for summary in self._controller.state.read(_summaries)}
        gone = [{'uuid': uuid, 'removed': True} for uuid in self._told if uuid not in seen]
        found = [summary for uuid, summary in seen.items() if self._told.get(uuid) != summary]
        self._told = seen
        return found + gone


async def begin(call: Call) -> Json:
    """Controller.WatchModelSummaries and WatchAllModelSummaries."""
    return {'watcher-id': call.session.hold(ModelSummaryWatcher(call.controller))}


async def get_next(call: Call) -> Json:
    """ModelSummaryWatcher.Next: waits for a change."""
    return {'models': await call.session.find(call.id, ModelSummaryWatcher).next()}


async def stop(call: Call) -> Json:
    """ModelSummaryWatcher.Stop."""
    call.session.find(call.id, ModelSummaryWatcher)
    await call.session.release(call.id)
    return {}


def _summaries(tx: Tx) -> list[Json]:
    return [_summary(status.snapshot(tx, uuid)) for uuid in models.list_uuids(tx)]


def _summary(snapshot: ModelSnapshot) -> Json:
    model = snapshot.model
    shown = [(unit.name, unit.workload) for unit in snapshot.units.values()]
    words = {found.value for _, found in shown}
    return {
        'uuid': model.uuid,
        'name': model.name,
        'admins': [ADMIN],
        'cloud': model.cloud,
        'region': model.region,
        'credential': '',
        'size': {
            'machines': len(snapshot.machines),
            'containers': 0,
            'applications': len(snapshot.applications),
            'units': len(shown),
            'relations': len(snapshot.relations),
        },
        'status': 'red' if words & _RED else 'yellow' if words & _YELLOW else 'green',
        'messages': [
            {'agent': name, 'message': found.message}
            for name, found in shown
            if found.value in _RED | _YELLOW
        ],
        'annotations': {},
    }


FACADE = Facade(
    name='ModelSummaryWatcher',
    versions=(1,),
    scope=Scope.CONTROLLER,
    methods={'Next': get_next, 'Stop': stop},
)
