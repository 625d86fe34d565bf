"""AllWatcher: everything in a model at first, then what changes."""

from __future__ import annotations

from pocket.api.entities import Delta, Documents, deltas, documents
from pocket.api.facade import Call, Controller, Facade
from pocket.api.rpc import Json
from pocket.api.watchers import ModelWatcher
from pocket.services import actions, annotations, applications, charms, models, saas, status
from pocket.services.errors import MODEL_NOT_FOUND, NOT_FOUND, JujuError
from pocket.state import Tx


class AllWatcher(ModelWatcher[Delta]):
    """Remembers what its client was told, to tell it only what differs."""

    def __init__(self, controller: Controller, model_uuid: str) -> None:
        super().__init__(
            controller.state,
            model_uuid,
            self._news,
            others=lambda: controller.state.read(saas.source_models, model_uuid),
        )
        self._controller = controller
        self._uuid = model_uuid
        self._told: Documents = {}

    def _news(self) -> list[Delta]:
        seen: Documents = {}
        try:
            seen = self._controller.state.read(_picture, self._uuid, self._controller)
        except JujuError as error:
            if error.code not in (MODEL_NOT_FOUND, NOT_FOUND):
                raise
            # Otherwise the model is gone, and so is everything in it.
        found = deltas(self._told, seen)
        self._told = seen
        return found


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


def _picture(tx: Tx, uuid: str, controller: Controller) -> Documents:
    records = applications.list_(tx, uuid)
    configs = {record.name: applications.get_config(tx, uuid, record.name) for record in records}
    return documents(
        status.snapshot(tx, uuid),
        controller_uuid=controller.identity.controller_uuid,
        arch=controller.arch,
        model_config={name: option.value for name, option in models.get_config(tx, uuid).items()},
        configs={
            name: {key: option.value for key, option in options.items() if option.value is not None}
            for name, options in configs.items()
        },
        constraints={record.name: record.constraints for record in records},
        charms=charms.list_(tx, uuid),
        actions=[action for operation in actions.list_operations(tx, uuid) for action in operation.actions],
        annotations=annotations.all_of(tx, uuid),
    )


FACADE = Facade(name='AllWatcher', versions=(3,), methods={'Next': get_next, 'Stop': stop})
