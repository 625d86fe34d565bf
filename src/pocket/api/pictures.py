"""What a client of AllWatcher was told of a model, and what it has to be told next."""

from __future__ import annotations

from collections.abc import Sequence

from pocket.api.entities import Delta, Documents, deltas, documents
from pocket.services import actions, annotations, applications, changes, charms, models, status
from pocket.services.actions import ActionRecord
from pocket.services.changes import Changes, Entity
from pocket.services.charms import CharmRecord
from pocket.services.errors import MODEL_NOT_FOUND, NOT_FOUND, JujuError
from pocket.services.status import ModelSnapshot
from pocket.state import Tx

__all__ = ['Picture']

_NOTHING: Documents = {}
_READ_WHOLE = frozenset({'annotation', 'applicationOffer', 'remoteApplication'})
"""Few enough to be read whole each time, and offers show what other models do."""


class Picture:
    """A model as it was seen last.

    The first time it looks at everything, later only at what the database says was changed.
    """

    def __init__(self, model_uuid: str, *, controller_uuid: str, arch: str) -> None:
        self._uuid = model_uuid
        self._controller_uuid = controller_uuid
        self._arch = arch
        self._seen = _NOTHING
        self._number = -1

    def look(self, tx: Tx) -> list[Delta]:
        """Look again; return what differs from what was seen before."""
        known, seen = self._seen, _NOTHING
        try:
            seen = self._whole(tx) if self._number < 0 else self._again(tx, known)
        except JujuError as error:
            if error.code not in (MODEL_NOT_FOUND, NOT_FOUND):
                raise
            # Otherwise the model is gone, and so is everything in it.
        self._seen = seen
        return deltas(known, seen)

    def _whole(self, tx: Tx) -> Documents:
        uuid = self._uuid
        self._number = changes.last(tx, uuid)
        tasks = [task for operation in actions.list_operations(tx, uuid) for task in operation.actions]
        return self._documents(tx, status.snapshot(tx, uuid), charms.list_(tx, uuid), tasks)

    def _again(self, tx: Tx, known: Documents) -> Documents:
        uuid = self._uuid
        changed = changes.since(tx, uuid, self._number)
        self._number = changed.number
        fresh = self._documents(
            tx,
            status.part(tx, uuid, changed.entities),
            [charm for url in _names(changed, 'charm') if (charm := charms.find(tx, uuid, url))],
            [task for name in _names(changed, 'action') if (task := actions.find(tx, uuid, name))],
        )
        kept = {
            key: document
            for key, document in known.items()
            if key not in changed.entities and key[0] not in _READ_WHOLE
        }
        return {**kept, **fresh}

    def _documents(
        self,
        tx: Tx,
        snapshot: ModelSnapshot,
        its_charms: Sequence[CharmRecord],
        its_actions: Sequence[ActionRecord],
    ) -> Documents:
        uuid = self._uuid
        names = [application.name for application in snapshot.applications]
        configs = {name: applications.get_config(tx, uuid, name) for name in names}
        return documents(
            snapshot,
            controller_uuid=self._controller_uuid,
            arch=self._arch,
            model_config={name: option.value for name, option in models.get_config(tx, uuid).items()},
            configs={
                name: {key: option.value for key, option in options.items() if option.value is not None}
                for name, options in configs.items()
            },
            constraints={name: applications.get(tx, uuid, name).constraints for name in names},
            charms=its_charms,
            actions=its_actions,
            annotations=annotations.all_of(tx, uuid),
        )


def _names(changed: Changes, kind: str) -> list[str]:
    entities: list[Entity] = sorted(entity for entity in changed.entities if entity[0] == kind)
    return [name for _, name in entities]
