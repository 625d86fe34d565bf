"""What hook tools read of the model, from the state itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pocket.agents.paths import MachinePaths
from pocket.model import PortRange, Status, application_of
from pocket.model.resources import Resource
from pocket.model.secrets import SecretMetadata, SecretReading
from pocket.services import resources, uniter
from pocket.services.secrets import records, tracking
from pocket.state import State

_PATHS = MachinePaths()


class StateReader:
    """The `pocket.agents.context.Reader` of one unit."""

    def __init__(self, state: State, model_uuid: str, unit: str, paths: MachinePaths = _PATHS) -> None:
        self._read = state.read
        self._model = model_uuid
        self._unit = unit
        self._paths = paths

    def unit_settings(self, relation_id: int, unit: str) -> Mapping[str, str]:
        return self._read(uniter.unit_settings, self._model, relation_id, unit)

    def application_settings(self, relation_id: int, application: str) -> Mapping[str, str]:
        return self._read(uniter.application_settings, self._model, relation_id, application)

    def leader_settings(self) -> Mapping[str, str]:
        return self._read(uniter.leader_get, self._model, application_of(self._unit))

    def charm_state(self) -> Mapping[str, str]:
        return self._read(uniter.charm_state, self._model, self._unit)

    def opened_ports(self) -> list[PortRange]:
        return self._read(uniter.opened_ports, self._model, self._unit)

    def network_info(self, binding: str, relation_id: int | None) -> Mapping[str, Any]:
        return self._read(uniter.network_info, self._model, self._unit, binding, relation_id)

    def goal_state(self) -> Mapping[str, Any]:
        return self._read(uniter.goal_state, self._model, self._unit)

    def unit_status(self) -> Status:
        return self._read(uniter.get_unit_status, self._model, self._unit)

    def application_status(self) -> tuple[Status, Mapping[str, Status]]:
        return self._read(uniter.get_application_status, self._model, self._unit)

    def managed_secrets(self) -> list[SecretMetadata]:
        return self._read(records.managed_by, self._model, self._unit)

    def find_secret(self, label: str) -> str | None:
        return self._read(tracking.find_labelled, self._model, self._unit, label)

    def read_secret(self, secret_id: str, *, latest: bool) -> SecretReading:
        return self._read(tracking.read, self._model, self._unit, secret_id, latest=latest)

    def resource(self, name: str) -> Resource | None:
        return self._read(resources.find, self._model, application_of(self._unit), name)

    def resource_path(self, resource: Resource) -> str:
        return self._paths.resource(self._unit, resource)
