"""What one unit's agent remembers of its own doing, and how each finished step changes that.

It is saved before a step with effects begins and again in the transaction that keeps the step's changes, so
that an agent which starts again knows what was under way.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from pocket.model import UnitView
from pocket.model.pods import WorkloadEvent
from pocket.model.secrets import SecretEvent


class Kind(enum.StrEnum):
    """What the agent is in the middle of.

    ``continue``: nothing. ``run-hook``: `LocalState.hook` is queued, or pending: it runs or has failed.
    ``upgrade``: the charm's files are being replaced. ``run-action``: `LocalState.action` runs.
    """

    CONTINUE = 'continue'
    RUN_HOOK = 'run-hook'
    UPGRADE = 'upgrade'
    RUN_ACTION = 'run-action'


class Step(enum.StrEnum):
    """How far a ``run-hook`` is; a pending one that nobody runs has failed."""

    QUEUED = 'queued'
    PENDING = 'pending'


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One hook with all that its environment and its commit need."""

    kind: str
    """``install``, ``config-changed``, ``relation-joined``: without the endpoint's name.

    Empty for a command that runs as a hook of its relation would.
    """
    endpoint: str = ''
    relation_id: int = -1
    """-1 outside relation hooks."""
    remote_application: str = ''
    remote_unit: str = ''
    departing_unit: str = ''
    version: int = 0
    """The version of the settings that a changed or joined hook reports, or of the leader's settings."""
    settings_hash: str = ''
    """The `UnitView.settings_hash` that a config-changed hook reports."""
    secret: SecretEvent | None = None
    """What a hook about a secret tells."""
    boot_id: str = ''
    """The run of the machine that a start hook was told of."""

    storage_id: str = ''
    """The instance of a storage hook; its `endpoint` is the charm's name for it."""
    workload: WorkloadEvent | None = None
    """What a workload hook tells; its `endpoint` is the container's name."""

    @property
    def name(self) -> str:
        """The name that the charm knows it by, such as ``db-relation-joined``."""
        return f'{self.endpoint}-{self.kind}' if self.endpoint and self.kind else self.kind

    @property
    def in_relation(self) -> bool:
        return self.relation_id >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationState:
    """What the charm was told of one relation; there from relation-created to relation-broken."""

    members: Mapping[str, int] = field(default_factory=dict[str, int])
    """Remote units that joined, with the version of the settings last reported."""
    applications: Mapping[str, int] = field(default_factory=dict[str, int])
    changed_pending: str = ''
    """The unit whose relation-joined ran and whose relation-changed must be next in this relation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadState:
    """What the charm was told of one workload container."""

    boot_id: str = ''
    """The run of Pebble that it was told is ready."""
    notice_at: str = ''
    """When the notice that it was last told of came, as Pebble writes times."""
    notice_id: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalState:
    """What one unit has done."""

    kind: Kind = Kind.CONTINUE
    step: Step = Step.QUEUED
    hook: Hook | None = None
    """Set with ``run-hook``; kept through ``run-action`` and ``upgrade`` while this hook is in error."""
    action: str = ''
    """Id of the action that runs."""
    installed: bool = False
    started: bool = False
    stopped: bool = False
    removed: bool = False
    leader: bool = False
    """leader-elected ran and the leadership was not lost since."""
    status_set: bool = False
    """The charm has set a status of its own."""
    charm_url: str = ''
    """The charm whose files are in the machine; empty before the first."""
    charm_modified: int = 0
    settings_hash: str = ''
    leader_settings_version: int = -1
    boot_id: str = ''
    """The run of the machine that the charm was last told of by start."""
    relations: Mapping[int, RelationState] = field(default_factory=dict[int, RelationState])
    storage: tuple[str, ...] = ()
    """The instances that the charm was told of; there from storage-attached to storage-detaching."""
    pod_boot_id: str = ''
    """The run of the pod that has the charm's files; empty on machines, which keep them."""
    workloads: Mapping[str, WorkloadState] = field(default_factory=dict[str, WorkloadState])
    """By container."""

    @property
    def failed_hook(self) -> Hook | None:
        """The hook in error: one that began and was not committed."""
        return self.hook if self.kind is Kind.RUN_HOOK and self.step is Step.PENDING else None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(LocalState)


def encode(local: LocalState) -> str:
    """Return *local* as JSON."""
    return _encoder.encode(local).decode()


def decode(text: str) -> LocalState:
    """Return what `encode` made; empty text is the state of a new unit."""
    return _decoder.decode(text) if text else LocalState()


def queued(local: LocalState, hook: Hook) -> LocalState:
    """*hook* must run before anything of lower rank."""
    return replace(local, kind=Kind.RUN_HOOK, step=Step.QUEUED, hook=hook)


def begun(local: LocalState, hook: Hook) -> LocalState:
    """*hook* starts; until it is committed this state says that it failed."""
    return replace(local, kind=Kind.RUN_HOOK, step=Step.PENDING, hook=hook)


def upgrading(local: LocalState) -> LocalState:
    """The charm's files are being replaced; a hook in error stays noted."""
    return replace(local, kind=Kind.UPGRADE)


def deployed(local: LocalState, view: UnitView) -> LocalState:
    """The charm of *view* is in the machine; its install or upgrade-charm hook comes next.

    After an upgrade by force that is the hook in error, as in Juju: the new charm is to do better at it. A
    new pod is another matter: nothing of what hooks did in the old one is left, so the charm begins again
    with upgrade-charm. What hook was due before that is due after it: the model still says so.
    """
    there = replace(local, charm_url=view.charm_url, charm_modified=view.charm_modified)
    if view.pod:
        new = replace(there, pod_boot_id=view.surroundings.boot_id, started=False, stopped=False)
        return queued(new, Hook(kind='upgrade-charm' if local.installed else 'install'))
    if local.kind is Kind.UPGRADE and local.hook is not None:
        return begun(there, local.hook)
    return queued(there, Hook(kind='upgrade-charm' if local.installed else 'install'))


def acting(local: LocalState, action_id: str) -> LocalState:
    """An action starts; a hook in error stays noted."""
    return replace(local, kind=Kind.RUN_ACTION, action=action_id)


def acted(local: LocalState) -> LocalState:
    """The action ended: back to the hook in error, or to nothing."""
    if local.hook is not None:
        return replace(begun(local, local.hook), action='')
    return replace(local, kind=Kind.CONTINUE, action='')


def committed(local: LocalState, hook: Hook) -> LocalState:
    """*hook* succeeded or was skipped on demand."""
    done = replace(local, kind=Kind.CONTINUE, step=Step.QUEUED, hook=None)
    if hook.in_relation:
        return _relation_committed(done, hook)
    if hook.workload is not None:
        return _told(done, hook.workload)
    match hook.kind:
        case 'install':
            return replace(done, installed=True)
        case 'start':
            return replace(done, started=True, boot_id=hook.boot_id)
        case 'stop':
            return replace(done, stopped=True)
        case 'remove':
            return replace(done, removed=True)
        case 'storage-attached':
            return replace(done, storage=(*_without(done.storage, hook.storage_id), hook.storage_id))
        case 'storage-detaching':
            return replace(done, storage=_without(done.storage, hook.storage_id))
        case 'leader-elected':
            return replace(done, leader=True)
        case 'leader-settings-changed':
            return replace(done, leader_settings_version=hook.version)
        case 'upgrade-charm':
            return queued(done, Hook(kind='config-changed'))
        case 'config-changed':
            known = replace(done, settings_hash=hook.settings_hash)
            return known if known.started else queued(known, Hook(kind='start'))
        case _:
            return done


def deposed(local: LocalState) -> LocalState:
    """The leadership is lost; the new leader's settings are news whatever their version."""
    return replace(local, leader=False, leader_settings_version=-1)


def _told(local: LocalState, event: WorkloadEvent) -> LocalState:
    known = local.workloads.get(event.container, WorkloadState())
    if event.kind == 'pebble-ready':
        known = replace(known, boot_id=event.boot_id)
    else:
        known = replace(known, notice_at=event.at, notice_id=event.notice_id)
    return replace(local, workloads={**local.workloads, event.container: known})


def _without(storage: tuple[str, ...], storage_id: str) -> tuple[str, ...]:
    return tuple(each for each in storage if each != storage_id)


def _relation_committed(done: LocalState, hook: Hook) -> LocalState:
    relations = dict(done.relations)
    known = relations.get(hook.relation_id, RelationState())
    match hook.kind:
        case 'relation-joined':
            known = replace(
                known,
                members={**known.members, hook.remote_unit: hook.version},
                changed_pending=hook.remote_unit,
            )
        case 'relation-changed' if hook.remote_unit:
            members = {**known.members, hook.remote_unit: hook.version}
            pending = '' if known.changed_pending == hook.remote_unit else known.changed_pending
            known = replace(known, members=members, changed_pending=pending)
        case 'relation-changed':
            applications = {**known.applications, hook.remote_application: hook.version}
            known = replace(known, applications=applications)
        case 'relation-departed':
            members = {unit: version for unit, version in known.members.items() if unit != hook.remote_unit}
            known = replace(known, members=members)
        case _:
            pass
    relations[hook.relation_id] = known
    if hook.kind == 'relation-broken':
        del relations[hook.relation_id]
    return replace(done, relations=relations)
