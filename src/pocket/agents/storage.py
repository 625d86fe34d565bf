"""Which storage hook is due, as pure functions: Juju's order before install, later, and at the end."""

from __future__ import annotations

from pocket.agents.local import Hook, Kind, LocalState, Step
from pocket.model import StorageView, UnitView

ATTACHED, DETACHING = 'storage-attached', 'storage-detaching'


def find(view: UnitView, storage_id: str) -> StorageView | None:
    """The instance with that id, if the unit still has it."""
    return next((each for each in view.storage if each.id == storage_id), None)


def awaited(local: LocalState, view: UnitView) -> bool:
    """Whether the unit cannot go on before storage is mounted.

    All that it begins with must be there; later only what its charm uses: a restart of the machine took it. A
    pod has its storage from its start.
    """
    return not view.pod and any(
        not each.provisioned and not each.dying and (not local.installed or each.id in local.storage)
        for each in view.storage
    )


def due_hook(local: LocalState, view: UnitView) -> Hook | None:
    """The next storage hook, or None."""
    if view.pod and not (local.started and local.kind is Kind.CONTINUE):
        return None
    before_install = (
        local.kind is Kind.RUN_HOOK
        and local.step is Step.QUEUED
        and local.hook is not None
        and local.hook.kind == 'install'
    )
    if not local.charm_url or not (local.kind is Kind.CONTINUE or before_install):
        return None
    for each in view.storage:
        if each.dying and each.id in local.storage:
            return _hook(DETACHING, each)
        if not each.dying and each.provisioned and each.id not in local.storage:
            return _hook(ATTACHED, each)
    return None


def released(local: LocalState, view: UnitView) -> str | None:
    """An instance that goes and that the charm does not know (any more), or None."""
    busy = local.hook.storage_id if local.hook is not None else ''
    for each in view.storage:
        if each.dying and each.id not in local.storage and each.id != busy:
            return each.id
    return None


def attached(local: LocalState, view: UnitView, hook: Hook | None) -> list[StorageView]:
    """What the charm may use while *hook* runs."""
    known = {*local.storage, hook.storage_id if hook is not None else ''}
    return [each for each in view.storage if each.id in known and each.provisioned]


def _hook(kind: str, storage: StorageView) -> Hook:
    return Hook(kind=kind, endpoint=storage.name, storage_id=storage.id)
