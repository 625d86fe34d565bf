"""What one run of a hook, an action or a command can see, and what it has asked for so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pocket.agents import relations
from pocket.agents.local import Hook, LocalState
from pocket.agents.secretbook import SecretBook, SecretReader
from pocket.model import (
    HookChanges,
    PendingAction,
    PortRange,
    RelationView,
    Status,
    StorageAddition,
    UnitView,
)
from pocket.model.resources import Resource


class Reader(SecretReader, Protocol):
    """What hook tools read of the model beyond the view of the unit."""

    def unit_settings(self, relation_id: int, unit: str) -> Mapping[str, str]: ...
    def application_settings(self, relation_id: int, application: str) -> Mapping[str, str]: ...
    def leader_settings(self) -> Mapping[str, str]: ...
    def charm_state(self) -> Mapping[str, str]: ...
    def opened_ports(self) -> list[PortRange]: ...
    def network_info(self, binding: str, relation_id: int | None) -> Mapping[str, Any]: ...
    def goal_state(self) -> Mapping[str, Any]: ...
    def unit_status(self) -> Status: ...
    def application_status(self) -> tuple[Status, Mapping[str, Status]]: ...
    def resource(self, name: str) -> Resource | None: ...
    def resource_path(self, resource: Resource) -> str: ...


@dataclass(slots=True, kw_only=True)
class HookContext:
    """One run. Its buffers hold what is kept only if the run succeeds; tools see their own writes at once."""

    id: str
    """Unguessable: who knows it speaks for this run."""
    view: UnitView
    local: LocalState
    reader: Reader
    hook: Hook | None = None
    action: PendingAction | None = None

    unit_settings: dict[int, dict[str, str]] = field(default_factory=dict[int, dict[str, str]])
    application_settings: dict[int, dict[str, str]] = field(default_factory=dict[int, dict[str, str]])
    state: dict[str, str | None] = field(default_factory=dict[str, str | None])
    ports: dict[PortRange, bool] = field(default_factory=dict[PortRange, bool])
    """True: to be opened; False: to be closed."""
    storage: list[StorageAddition] = field(default_factory=list[StorageAddition])
    """To be added."""
    action_results: dict[str, Any] = field(default_factory=dict[str, Any])
    action_failed: bool = False
    action_message: str = ''
    reboot: str = ''
    """``after`` the hook or ``now``, when the charm has asked for a reboot of its machine."""
    status_set: bool = False
    """The charm set its unit's status."""
    secrets: SecretBook = field(default_factory=SecretBook)
    _remote: dict[tuple[int, str], Mapping[str, str]] = field(
        default_factory=dict[tuple[int, str], Mapping[str, str]]
    )

    @property
    def relation(self) -> RelationView | None:
        """The relation that the hook is about."""
        return relations.find(self.view, self.hook.relation_id) if self.hook else None

    def members(self, relation: RelationView) -> list[str]:
        """The remote units that the charm knows to be in *relation*."""
        known = self.local.relations.get(relation.id)
        names = set(known.members) if known else set[str]()
        hook = self.hook
        if hook and hook.relation_id == relation.id and hook.remote_unit:
            if hook.kind == 'relation-departed':
                names.discard(hook.remote_unit)
            else:
                names.add(hook.remote_unit)
        return sorted(names)

    def read_unit_settings(self, relation_id: int, unit: str) -> dict[str, str]:
        """The bag of *unit*: of the own one with this run's changes, of another as first read in this run."""
        if unit == self.view.unit:
            stored = self.reader.unit_settings(relation_id, unit)
            return _merged(stored, self.unit_settings.get(relation_id, {}))
        if (relation_id, unit) not in self._remote:
            self._remote[relation_id, unit] = self.reader.unit_settings(relation_id, unit)
        return dict(self._remote[relation_id, unit])

    def read_application_settings(self, relation_id: int, application: str) -> dict[str, str]:
        """The bag of *application*, by the same rule."""
        if application == self.view.application:
            stored = self.reader.application_settings(relation_id, application)
            return _merged(stored, self.application_settings.get(relation_id, {}))
        if (relation_id, application) not in self._remote:
            stored = self.reader.application_settings(relation_id, application)
            self._remote[relation_id, application] = stored
        return dict(self._remote[relation_id, application])

    def read_state(self) -> dict[str, str]:
        """The charm's own keys, with this run's changes."""
        merged: dict[str, str | None] = {**self.reader.charm_state(), **self.state}
        return {key: value for key, value in merged.items() if value is not None}

    def read_ports(self) -> list[PortRange]:
        """The unit's open ports, with this run's changes."""
        found = dict.fromkeys(self.reader.opened_ports(), True) | self.ports
        return [port for port, is_open in found.items() if is_open]

    def changes(self) -> HookChanges:
        """What is to be kept now that the run has succeeded."""
        return HookChanges(
            unit_settings=self.unit_settings,
            application_settings=self.application_settings,
            charm_state=self.state,
            open_ports=tuple(port for port, is_open in self.ports.items() if is_open),
            close_ports=tuple(port for port, is_open in self.ports.items() if not is_open),
            secrets=self.secrets.changes(),
            storage=tuple(self.storage),
        )


def _merged(stored: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in {**stored, **changes}.items() if value}
