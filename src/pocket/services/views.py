"""One consistent picture of all that a unit's agent decides by."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Any

from bedrock.charm import Charm
from pocket.model import Life, RelationView, Surroundings, UnitView
from pocket.services import (
    actions,
    charms,
    clouds,
    durations,
    life,
    models,
    options,
    proxies,
    rows,
    scopes,
    statuses,
)
from pocket.services.cluster import access
from pocket.services.endpoints import JUJU_INFO
from pocket.services.secrets import events
from pocket.services.storage import instances as storage_instances
from pocket.state import Tx

_SELECT = """
    SELECT unit.*, application.charm_url AS wanted_charm_url, application.charm_modified,
        application.charm_forced, application.config, application.trust, application.leader,
        application.leader_settings_version, application.service_address, machine.address,
        machine.boot_id, machine.reboot_from, machine.zone, machine.pod_of,
        model.name AS model_name, model.cloud, model.region
    FROM unit
    JOIN application ON application.model_uuid = unit.model_uuid AND application.name = unit.application
    JOIN machine ON machine.model_uuid = unit.model_uuid AND machine.id = unit.machine_id
    JOIN model ON model.uuid = unit.model_uuid
    WHERE unit.model_uuid = ? AND unit.name = ?
"""


def view(tx: Tx, uuid: str, unit: str) -> UnitView | None:
    """Return what a unit's agent decides by, None once the unit is removed."""
    row = rows.one(tx, _SELECT, uuid, unit)
    if row is None:
        return None
    charm = charms.get(tx, uuid, str(row['wanted_charm_url']))
    config = options.effective(charm.charm, rows.loads(row['config']))
    address = str(row['address'])
    option = models.get_options(tx, uuid)
    interval = durations.parse_s(str(option['update-status-hook-interval']))
    return UnitView(
        model_uuid=uuid,
        model_name=str(row['model_name']),
        unit=unit,
        application=str(row['application']),
        machine='' if row['pod_of'] else str(row['machine_id']),
        pod=bool(row['pod_of']),
        availability_zone=str(row['zone']),
        principal=str(row['principal']),
        life=Life(row['life']),
        charm=charm.charm,
        charm_url=charm.url,
        charm_modified=int(row['charm_modified']),
        charm_forced=bool(row['charm_forced']),
        charm_archive=charm.archive,
        charm_here=charm.downloaded,
        charm_revision=charm.revision,
        config=config,
        settings_hash=settings_hash(config, trust=bool(row['trust']), address=address),
        leader=row['leader'] == unit,
        leader_settings_version=int(row['leader_settings_version']),
        relations=_relations(tx, uuid, unit, charm.charm),
        actions=tuple(actions.pending_for_unit(tx, uuid, unit)),
        resolved=_resolved(tx, row),
        has_subordinates=bool(life.subordinates_of(tx, uuid, unit)),
        retry_hooks=bool(option['automatically-retry-hooks']),
        update_status_interval_s=interval or 300.0,
        private_address=address,
        public_address=str(row['service_address'] or address),
        agent_state=str(row['agent_state']),
        secrets=events.view(tx, uuid, unit),
        storage=storage_instances.views(tx, uuid, unit),
        surroundings=Surroundings(
            kubernetes=access.environment(tx, uuid),
            cloud_spec=_cloud_spec(row) if row['trust'] else None,
            proxies=proxies.environment(option),
            boot_id=str(row['boot_id']),
            rebooting=bool(row['boot_id']) and row['boot_id'] == row['reboot_from'],
        ),
    )


def _cloud_spec(row: sqlite3.Row) -> dict[str, Any]:
    return {
        'type': clouds.KUBERNETES if row['pod_of'] else str(row['cloud']),
        'name': str(row['cloud']),
        'region': str(row['region']),
        'credential': {'auth-type': 'empty', 'attrs': {}},
    }


def settings_hash(config: dict[str, Any], *, trust: bool, address: str) -> str:
    """Return what changes when config-changed is due."""
    return hashlib.sha256(rows.dumps([config, trust, address]).encode()).hexdigest()


def _resolved(tx: Tx, row: sqlite3.Row) -> str:
    """What the operator said, or for a unit that is removed by force: pass over whatever fails."""
    if row['resolved'] or row['forced_ms'] is None:
        return str(row['resolved'])
    agent = statuses.get(tx, str(row['model_uuid']), 'agent', str(row['name']))
    return 'no-hooks' if agent is not None and agent.value == 'error' else ''


def _relations(tx: Tx, uuid: str, unit: str, charm: Charm) -> tuple[RelationView, ...]:
    found = [_relation(tx, unit, row, other, charm) for row, other in scopes.relations_of(tx, uuid, unit)]
    return tuple(relation for relation in found if relation is not None)


def _relation(tx: Tx, unit: str, row: sqlite3.Row, other: sqlite3.Row, charm: Charm) -> RelationView | None:
    uuid, relation_id, endpoint = str(row['model_uuid']), int(row['id']), str(row['own_name'])
    declared = endpoint in charm.endpoints
    in_scope = scopes.is_in_scope(tx, uuid, unit, relation_id)
    # An endpoint that an upgrade took away takes no part but can be left; the implicit one needs no
    # declaration.
    if not (declared or endpoint == JUJU_INFO.name or in_scope):
        return None
    return RelationView(
        id=relation_id,
        endpoint=endpoint,
        interface=str(row['interface']),
        role=str(row['own_role']),
        scope=str(row['scope']),
        life=Life(row['life']),
        remote_application=str(other['application']),
        remote_endpoint=str(other['name']),
        members=scopes.members(tx, uuid, unit, other),
        application_versions={str(other['application']): int(other['version'])},
        in_scope=in_scope,
        implicit=not declared,
        suspended=bool(row['suspended']),
        remote_model=str(other['home_model']),
    )
