"""Pods: what must run, what may go. The rest of their life is a machine's, see `pocket.services.machines`."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bedrock import charmstorage
from bedrock.charm import Charm
from pocket.model import Base, Life, application_of
from pocket.model.pods import ContainerSpec, OciReference, PodSpec
from pocket.services import charms, resources, rows
from pocket.services import constraints as constraints_
from pocket.services.cluster import access, images, templates
from pocket.services.storage import instances as storage_instances
from pocket.services.storage import provisioning
from pocket.state import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRecord:
    """One pod with all that it is made of."""

    model_uuid: str
    id: str
    host_name: str
    """The substrate's name for it."""
    unit: str
    region: str
    """``cloud/region`` of its model."""
    base: Base
    """What the charm's container runs on."""
    life: Life
    spec: PodSpec
    waiting: str
    """Why it cannot start yet; empty when it can."""
    memory_mb: int | None = None
    """The ``mem`` constraint."""
    cores: int | None = None
    is_held: bool = False
    """What it is made of may change, but it is not to be replaced for that: a client has said so."""


def wanted(tx: Tx) -> list[PodRecord]:
    """Return the pods of every model that must run: all that are not `removable`."""
    return [_record(tx, row) for row in rows.many(tx, f'{_SELECT} WHERE {_PODS} AND wanted {_ORDER}')]


def removable(tx: Tx) -> list[PodRecord]:
    """Return the pods of every model that must go: their unit is removed."""
    return [_record(tx, row) for row in rows.many(tx, f'{_SELECT} WHERE {_PODS} AND NOT wanted {_ORDER}')]


def find(tx: Tx, uuid: str, pod_id: str) -> tuple[PodRecord, bool] | None:
    """Return a pod and whether it is `removable`; nothing when there is none (any more)."""
    row = rows.one(tx, f'{_SELECT} WHERE {_PODS} AND {_ONE}', uuid, pod_id)
    return None if row is None else (_record(tx, row), not row['wanted'])


_SELECT = """
    SELECT machine.*, model.cloud, model.region, application.charm_url,
        coalesce(application.base_name, machine.base_name) AS name_of_base,
        coalesce(application.base_channel, machine.base_channel) AS channel_of_base,
        machine.life = 'alive' OR unit.name IS NOT NULL AS wanted
    FROM machine
    JOIN model ON model.uuid = machine.model_uuid
    LEFT JOIN unit ON unit.model_uuid = machine.model_uuid AND unit.machine_id = machine.id
    LEFT JOIN application
        ON application.model_uuid = unit.model_uuid AND application.name = unit.application
"""
_PODS = "machine.pod_of <> ''"
_ONE = 'machine.model_uuid = ? AND machine.id = ?'
_ORDER = 'ORDER BY machine.created_ms, machine.model_uuid, machine.id'


def _record(tx: Tx, row: sqlite3.Row) -> PodRecord:
    uuid, unit = str(row['model_uuid']), str(row['pod_of'])
    constraints = rows.loads(row['constraints'])
    spec, waiting, template = (
        PodSpec(hostname=unit.replace('/', '-'), containers=()),
        '',
        templates.Template(),
    )
    if row['charm_url'] is not None:
        template = templates.read(tx, uuid, application_of(unit))
        spec, waiting = _spec(tx, uuid, unit, str(row['charm_url']), template)
    return PodRecord(
        model_uuid=uuid,
        id=str(row['id']),
        host_name=str(row['host_name']),
        unit=unit,
        region=f'{row["cloud"]}/{row["region"]}',
        base=Base(name=row['name_of_base'], channel=row['channel_of_base']),
        life=Life(row['life']),
        spec=spec,
        waiting=waiting,
        memory_mb=constraints_.whole(constraints, 'mem'),
        cores=constraints_.whole(constraints, 'cores'),
        is_held=_number(unit) < template.partition,
    )


def _spec(tx: Tx, uuid: str, unit: str, charm_url: str, template: templates.Template) -> tuple[PodSpec, str]:
    """What a unit's pod is made of, and what of it is not here yet, in words."""
    record = charms.get(tx, uuid, charm_url)
    charm = record.charm
    known = resources.list_(tx, uuid, application_of(unit))
    found = {one.name: images.reference(one) for one in known if one.type == images.TYPE}
    missing = sorted({name for name in images.wanted(charm).values() if found.get(name) is None})
    volumes = _volumes(tx, uuid, unit)
    spec = PodSpec(
        hostname=unit.replace('/', '-'),
        containers=tuple(
            dataclasses.replace(
                _container(name, raw, found, volumes, charm),
                limits=template.limits(name),
            )
            for name, raw in sorted(images.containers(charm).items())
        ),
        mounts=dict(volumes.values()),
        limits=template.limits('charm'),
        environment=access.environment(tx, uuid),
        revision=template.revision(_number(unit)),
    )
    if not record.downloaded:
        return spec, 'downloading charm'
    return spec, f'waiting for image of resource {", ".join(missing)}' if missing else ''


def _container(
    name: str,
    raw: Mapping[str, Any],
    found: Mapping[str, OciReference | None],
    volumes: Mapping[str, tuple[str, str]],
    charm: Charm,
) -> ContainerSpec:
    return ContainerSpec(
        name=name,
        image=found.get(str(raw.get('resource') or '')),
        mounts=_mounts(raw, volumes, charm),
        uid=int(raw.get('uid') or 0),
        gid=int(raw.get('gid') or 0),
    )


def _mounts(raw: Mapping[str, Any], volumes: Mapping[str, tuple[str, str]], charm: Charm) -> dict[str, str]:
    """Where a workload container has its storage: by default where the charm's container has it."""
    declared = charmstorage.parse_all(charm.storage)
    mounts: dict[str, str] = {}
    for mount in raw.get('mounts') or ():
        name, location = str(mount.get('storage') or ''), str(mount.get('location') or '')
        several = name in declared and not declared[name].singleton
        for storage_id, (own, key) in volumes.items():
            if storage_id.rpartition('/')[0] != name:
                continue
            inside = f'{location.rstrip("/")}/{own.rpartition("/")[2]}' if several else location
            mounts[inside if location else own] = key
    return mounts


def _volumes(tx: Tx, uuid: str, unit: str) -> dict[str, tuple[str, str]]:
    """Return the storage of a unit: id -> where the charm's container has it, and the volume's key."""
    return {
        str(row['storage_id']): (str(row['location']), provisioning.key(uuid, int(row['number'])))
        for row in storage_instances.of_unit(tx, uuid, unit)
    }


def _number(unit: str) -> int:
    return int(unit.rpartition('/')[2])
