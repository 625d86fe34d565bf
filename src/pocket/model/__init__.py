"""Plain frozen data that pocket's layers pass to each other. Juju's words for Juju's things."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bedrock.base import Base as Base
from bedrock.charm import Charm
from pocket.model.secrets import SecretChanges, SecretsView
from pocket.model.storage import StorageAddition as StorageAddition
from pocket.model.storage import StorageView as StorageView
from pocket.model.surroundings import Surroundings as Surroundings
from pocket.version import JUJU_VERSION as JUJU_VERSION


class Life(enum.StrEnum):
    """alive -> dying -> dead -> removed; removed things have no record."""

    ALIVE = 'alive'
    DYING = 'dying'
    DEAD = 'dead'


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A status value as Juju keeps it for units, machines, applications."""

    value: str
    message: str = ''
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    since_ms: int = 0
    """UTC, milliseconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationView:
    """What one unit sees of one relation."""

    id: int
    endpoint: str
    """The unit's own endpoint name."""
    interface: str
    role: str
    scope: str
    """global or container."""
    life: Life
    remote_application: str
    """The own application for a peer relation."""
    remote_endpoint: str
    members: Mapping[str, int]
    """Remote units in scope that this unit may see, with the version of their settings."""
    application_versions: Mapping[str, int]
    """Version of the application settings by application (remote; own too for a peer); 0 = never written."""
    in_scope: bool
    """Whether this unit has entered scope."""
    implicit: bool
    """The endpoint is not in the charm (juju-info, or an upgrade took it away): in scope, but no hooks."""
    suspended: bool = False
    """Its operator has put it to rest: nobody is in it until it is resumed."""
    remote_model: str = ''
    """Uuid of the model of the application across."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingAction:
    """An action or an exec request for a unit, in the order of enqueuing."""

    id: str
    name: str
    """``juju-exec`` for a command."""
    parameters: Mapping[str, Any]
    cancel: bool = False
    """The client asked for it to be aborted."""
    parallel: bool = False
    """It may run beside whatever else runs on the machine."""
    execution_group: str = ''
    """It waits for actions of the same group, whether `parallel` or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitView:
    """One consistent snapshot of all that a unit's agent decides by."""

    model_uuid: str
    model_name: str
    unit: str
    application: str
    machine: str
    """Empty on Kubernetes."""
    pod: bool = False
    """It runs in a pod: its storage comes with that, and is told of after start."""
    availability_zone: str = ''
    principal: str
    """The principal unit of a subordinate, else empty."""
    life: Life
    charm: Charm
    charm_url: str
    charm_modified: int
    """Grows when the charm or a resource of it changes."""
    charm_forced: bool = False
    """The charm is to be replaced even while a hook is in error."""
    charm_archive: Path
    charm_here: bool = True
    """Whether the archive is there already; a store's charm is downloaded first."""
    charm_revision: int = 0
    config: Mapping[str, Any]
    """Effective values: defaults with the operator's on top; options without any value are left out."""
    settings_hash: str
    """Changes when config-changed is due: config values, trust, addresses."""
    leader: bool
    leader_settings_version: int
    relations: tuple[RelationView, ...]
    actions: tuple[PendingAction, ...]
    resolved: str
    """Empty, ``retry-hooks`` or ``no-hooks``."""
    has_subordinates: bool
    retry_hooks: bool
    """Model option automatically-retry-hooks."""
    update_status_interval_s: float
    private_address: str
    public_address: str
    agent_state: str
    """What the agent last saved (JSON); empty for a new unit."""
    secrets: SecretsView = field(default_factory=SecretsView)
    storage: tuple[StorageView, ...] = ()
    surroundings: Surroundings = Surroundings()  # noqa: RUF009 (frozen)
    """What of the model and the machine hooks are told or must heed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRange:
    """An opened port range; ``icmp`` has no ports (both 0)."""

    protocol: str
    first: int
    last: int
    endpoint: str = ''
    """Empty means every endpoint."""

    def __str__(self) -> str:
        if self.protocol == 'icmp':
            return 'icmp'
        ports = str(self.first) if self.first == self.last else f'{self.first}-{self.last}'
        return f'{ports}/{self.protocol}'


@dataclass(frozen=True, slots=True, kw_only=True)
class HookChanges:
    """What a hook that succeeded leaves behind; kept in one transaction with the agent's state."""

    unit_settings: Mapping[int, Mapping[str, str]] = field(default_factory=dict[int, Mapping[str, str]])
    """Relation id -> changed keys of the own unit's bag; an empty value deletes the key."""
    application_settings: Mapping[int, Mapping[str, str]] = field(
        default_factory=dict[int, Mapping[str, str]]
    )
    """The same for the own application's bag (leader only)."""
    charm_state: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """state-set and state-delete; None deletes."""
    open_ports: tuple[PortRange, ...] = ()
    close_ports: tuple[PortRange, ...] = ()
    secrets: SecretChanges = field(default_factory=SecretChanges)
    storage: tuple[StorageAddition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionResult:
    """How an action ended."""

    status: str
    """completed, failed, cancelled, aborted."""
    message: str = ''
    results: Mapping[str, Any] = field(default_factory=dict[str, Any])


def unit_tag(unit: str) -> str:
    """``app/0`` -> ``unit-app-0``."""
    return 'unit-' + unit.replace('/', '-')


def application_of(unit: str) -> str:
    """``app/0`` -> ``app``."""
    return unit.partition('/')[0]
