"""``agent.conf``: what Juju's agents keep on their machine of who they are; some charms read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bedrock import yamltext
from pocket.model import JUJU_VERSION, UnitView, unit_tag


def unit(view: UnitView, *, api_addresses: Sequence[str]) -> str:
    """The agent.conf of a unit's agent."""
    return _render(unit_tag(view.unit), view.model_uuid, api_addresses)


def machine(machine_id: str, model_uuid: str, *, api_addresses: Sequence[str]) -> str:
    """The agent.conf of a machine's agent."""
    return _render(f'machine-{machine_id}', model_uuid, api_addresses)


def _render(tag: str, model_uuid: str, api_addresses: Sequence[str]) -> str:
    values: dict[str, Any] = {
        'tag': tag,
        'datadir': '/var/lib/juju',
        'logdir': '/var/log/juju',
        'upgradedToVersion': JUJU_VERSION,
        'model': f'model-{model_uuid}',
        'apiaddresses': list(api_addresses),
    }
    return '# format 2.0\n' + yamltext.dump(values)
