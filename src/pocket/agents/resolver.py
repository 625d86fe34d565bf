"""The next operation of a unit: Juju's uniter as a table of rules, of which the first that applies wins.

Nothing here reads a clock, a file or the model; the caller gives what the unit has done, what the model says
now, and which timers have passed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pocket.agents import relations, secrets, storage
from pocket.agents.local import Hook, Kind, LocalState
from pocket.agents.operations import (
    ClearResolved,
    Deploy,
    Die,
    EndAction,
    EnterScope,
    LeaveScope,
    Operation,
    ReleaseStorage,
    Remove,
    Resign,
    RunAction,
    RunCommand,
    RunHook,
    SeeReboot,
    SkipHook,
    Wait,
)
from pocket.agents.workloads import events
from pocket.agents.workloads.events import Seen
from pocket.model import Life, UnitView


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that a rule may look at."""

    local: LocalState
    view: UnitView
    retry_due: bool
    update_status_due: bool
    commands: bool
    seen: Seen
    leaving: bool

    @property
    def dying(self) -> bool:
        return self.view.life is not Life.ALIVE

    @property
    def settled(self) -> bool:
        """The charm is installed and no operation is half done or queued."""
        return self.local.installed and self.local.kind is Kind.CONTINUE

    @property
    def outdated(self) -> bool:
        """The machine has another charm than the model names, and that one can be had.

        A pod never is: another charm comes with another pod.
        """
        local, view = self.local, self.view
        return (
            not view.pod
            and view.charm_here
            and (local.charm_url, local.charm_modified)
            != (
                view.charm_url,
                view.charm_modified,
            )
        )


def next_operation(
    local: LocalState,
    view: UnitView,
    *,
    retry_due: bool = False,
    update_status_due: bool = False,
    commands: bool = False,
    seen: Seen = events.NOTHING,
    leaving: bool = False,
) -> Operation:
    """Return what the unit is to do now.

    Args:
        retry_due: The hook in error has waited long enough to be tried again.
        update_status_due: It is time for an update-status hook, if there is nothing else to do.
        commands: Somebody in the machine wants a command run as a hook would be.
        seen: What there is to tell of the pod's workload containers.
        leaving: The pod is about to be replaced.
    """
    facts = Facts(
        local=local,
        view=view,
        retry_due=retry_due,
        update_status_due=update_status_due,
        commands=commands,
        seen=seen,
        leaving=leaving,
    )
    return next((found for rule in _RULES if (found := rule(facts)) is not None), Wait())


def _end(facts: Facts) -> Operation | None:
    if facts.view.life is Life.DEAD:
        return Remove()
    return _die(facts) if facts.local.removed else None


def _rebooting(facts: Facts) -> Operation | None:
    return Wait(rebooting=True) if facts.view.surroundings.rebooting else None


def _rebooted(facts: Facts) -> Operation | None:
    local, boot_id = facts.local, facts.view.surroundings.boot_id
    if facts.view.pod:
        return None
    if not local.started or local.stopped or facts.dying or not facts.settled or boot_id == local.boot_id:
        return None
    return RunHook(hook=Hook(kind='start', boot_id=boot_id)) if local.boot_id else SeeReboot()


def _interrupted(facts: Facts) -> Operation | None:
    if facts.local.kind is Kind.UPGRADE:
        return Deploy() if facts.view.charm_here else Wait(idle=False)
    if facts.local.kind is Kind.RUN_ACTION:
        return EndAction(action_id=facts.local.action, status='failed', message='action terminated')
    return None


def _leaving(facts: Facts) -> Operation | None:
    if not facts.leaving:
        return None
    if facts.settled and facts.local.started and not facts.local.stopped:
        return RunHook(hook=Hook(kind='stop'))
    return Wait(leaving=True, idle=False)


def _moved(facts: Facts) -> Operation | None:
    local, view = facts.local, facts.view
    if not view.pod or not local.charm_url or local.pod_boot_id == view.surroundings.boot_id:
        return None
    return Deploy() if view.charm_here else Wait(idle=False)


def _stale_resolved(facts: Facts) -> Operation | None:
    return ClearResolved() if facts.view.resolved and facts.local.failed_hook is None else None


def _awaited_storage(facts: Facts) -> Operation | None:
    local, view = facts.local, facts.view
    # The charm's files can be brought meanwhile.
    if not local.charm_url or not storage.awaited(local, view):
        return None
    return Wait(failed=local.failed_hook, idle=False)


def _relation_created(facts: Facts) -> Operation | None:
    if not facts.settled or facts.dying:
        return None
    for relation in facts.view.relations:
        if relation.life is not Life.ALIVE or relation.suspended:
            continue
        if not relation.in_scope:
            return EnterScope(relation_id=relation.id)
        if not relation.implicit and relation.id not in facts.local.relations:
            return RunHook(hook=relations.created_hook(relation))
    return None


def _leadership(facts: Facts) -> Operation | None:
    local, view = facts.local, facts.view
    if local.kind is not Kind.CONTINUE:
        return None
    if facts.dying:
        return Resign() if local.leader or view.leader else None
    if local.leader and not view.leader:
        return Resign()
    if not local.installed or local.leader:
        return None
    if view.leader:
        return RunHook(hook=Hook(kind='leader-elected'))
    if view.leader_settings_version != local.leader_settings_version:
        return RunHook(hook=Hook(kind='leader-settings-changed', version=view.leader_settings_version))
    return None


def _workloads(facts: Facts) -> Operation | None:
    if not facts.settled or facts.dying or facts.local.stopped:
        return None
    hook = events.due_hook(facts.local, facts.seen)
    return RunHook(hook=hook) if hook else None


def _secrets(facts: Facts) -> Operation | None:
    hook = secrets.due_hook(facts.view) if facts.settled and not facts.dying else None
    return RunHook(hook=hook) if hook else None


def _action(facts: Facts) -> Operation | None:
    if not facts.view.actions or not (facts.settled or facts.local.failed_hook):
        return None
    action = facts.view.actions[0]
    if action.cancel:
        return EndAction(action_id=action.id, status='cancelled', message='action cancelled via the API')
    return RunAction(action=action)


def _command(facts: Facts) -> Operation | None:
    return RunCommand() if facts.commands and (facts.settled or facts.local.failed_hook) else None


def _storage(facts: Facts) -> Operation | None:
    if (storage_id := storage.released(facts.local, facts.view)) is not None:
        return ReleaseStorage(storage_id=storage_id)
    hook = storage.due_hook(facts.local, facts.view)
    return RunHook(hook=hook) if hook is not None else None


def _hook_in_error(facts: Facts) -> Operation | None:
    hook, view = facts.local.failed_hook, facts.view
    if hook is None:
        return None
    if view.resolved == 'no-hooks' or _vanished(hook, facts):
        return SkipHook(hook=hook)
    if view.resolved:
        return RunHook(hook=relations.refreshed(hook, view), resolved=True)
    if facts.outdated and view.charm_forced:
        return Deploy()
    if facts.retry_due and view.retry_hooks:
        return RunHook(hook=relations.refreshed(hook, view))
    return Wait(failed=hook)


def _queued_hook(facts: Facts) -> Operation | None:
    if facts.local.kind is not Kind.RUN_HOOK or facts.local.hook is None:
        return None
    hook = facts.local.hook
    if _vanished(hook, facts):
        return SkipHook(hook=hook)
    return RunHook(hook=relations.refreshed(hook, facts.view))


def _dying(facts: Facts) -> Operation | None:
    if not facts.dying:
        return None
    local = facts.local
    if found := _relations(facts):
        return found
    if local.started and not local.stopped:
        return RunHook(hook=Hook(kind='stop'))
    if local.installed and not local.removed:
        return RunHook(hook=Hook(kind='remove'))
    return _die(facts)


def _charm(facts: Facts) -> Operation | None:
    local = facts.local
    if not local.charm_url:
        return Deploy() if facts.view.charm_here else Wait(idle=False)
    if not local.installed:
        return RunHook(hook=Hook(kind='install'))
    return Deploy() if facts.outdated else None


def _settings(facts: Facts) -> Operation | None:
    if facts.local.started and facts.local.settings_hash == facts.view.settings_hash:
        return None
    return RunHook(hook=Hook(kind='config-changed', settings_hash=facts.view.settings_hash))


def _relations(facts: Facts) -> Operation | None:
    local, view = facts.local, facts.view
    for relation in relations.ordered(view):
        if hook := relations.due_hook(local, view, relation):
            return RunHook(hook=hook)
        if relation.in_scope and relations.leaving(view, relation):
            return LeaveScope(relation_id=relation.id)
    return None


def _update_status(facts: Facts) -> Operation | None:
    return RunHook(hook=Hook(kind='update-status')) if facts.update_status_due else None


def _vanished(hook: Hook, facts: Facts) -> bool:
    """Whether what a relation, storage or workload hook is about is no more."""
    if hook.storage_id:
        return storage.find(facts.view, hook.storage_id) is None
    if hook.workload is not None:
        return events.is_gone(hook.workload, facts.seen)
    return relations.is_gone(facts.view, hook)


def _die(facts: Facts) -> Operation:
    return Wait() if facts.view.has_subordinates else Die()


_RULES: tuple[Callable[[Facts], Operation | None], ...] = (
    _end,
    _rebooting,
    _rebooted,
    _interrupted,
    _leaving,
    _moved,
    _stale_resolved,
    _awaited_storage,
    _relation_created,
    _leadership,
    _workloads,
    _secrets,
    _action,
    _command,
    _storage,
    _hook_in_error,
    _queued_hook,
    _dying,
    _charm,
    _settings,
    _relations,
    _update_status,
)
