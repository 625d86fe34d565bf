"""AllWatcher: everything in a model at first, then what changes."""

from __future__ import annotations

from pocket.api.entities import Delta
from pocket.api.facade import Call, Controller, Facade
from pocket.api.pictures import Picture
from pocket.api.rpc import Json
from pocket.api.watchers import ModelWatcher
from pocket.services import saas


class AllWatcher(ModelWatcher[Delta]):
    """Remembers what its client was told, to tell it only what differs."""

    def __init__(self, controller: Controller, model_uuid: str) -> None:
        picture = Picture(
            model_uuid, controller_uuid=controller.identity.controller_uuid, arch=controller.arch
        )
        super().__init__(
            controller.state,
            model_uuid,
            lambda: controller.state.read(picture.look),
            others=lambda: controller.state.read(saas.source_models, model_uuid),
        )


def begin(call: Call) -> str:
    """Start a watcher for the call's connection; return its id."""
    return call.session.hold(AllWatcher(call.controller, call.model_uuid))


async def get_next(call: Call) -> Json:
    """AllWatcher.Next: waits for a change."""
    return {'deltas': await call.session.find(call.id, AllWatcher).next()}


async def stop(call: Call) -> Json:
    """AllWatcher.Stop."""
    call.session.find(call.id, AllWatcher)
    await call.session.release(call.id)
    return {}


FACADE = Facade(name='AllWatcher', versions=(3,), methods={'Next': get_next, 'Stop': stop})
