"""What is shown of a model's storage."""

from __future__ import annotations

from dataclasses import dataclass

from pocket.model import Life, Status
from pocket.services import rows, statuses
from pocket.services.storage import pools
from pocket.state import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageRecord:
    """One storage instance, its filesystem, the volume under it, and its attachment."""

    id: str
    owner: str
    """A unit, or empty."""
    pool: str
    provider: str
    size_mib: int
    filesystem_id: str
    volume_id: str
    """Empty when there is none."""
    life: Life
    persistent: bool
    status: Status
    unit: str
    """The unit that it is attached to, or is to be; empty: none."""
    machine: str
    """Empty where it is attached to a pod."""
    location: str
    read_only: bool
    attachment_life: Life
    provisioned: bool


def list_(tx: Tx, uuid: str) -> list[StorageRecord]:
    """Return the storage instances of a model in the order of their making, without the dead ones."""
    found = rows.many(
        tx,
        'SELECT s.*, a.unit, a.machine_id, a.location, a.read_only, a.provisioned,'
        ' a.life AS attachment_life, m.pod_of FROM storage s LEFT JOIN storage_attachment a'
        ' ON a.model_uuid = s.model_uuid AND a.storage_id = s.id'
        ' LEFT JOIN machine m ON m.model_uuid = a.model_uuid AND m.id = a.machine_id'
        ' WHERE s.model_uuid = ? AND s.life <> ? ORDER BY s.number',
        *(uuid, Life.DEAD),
    )
    known = statuses.all_of(tx, uuid) if found else {}
    return [
        StorageRecord(
            id=str(row['id']),
            owner=str(row['owner']),
            pool=str(row['pool']),
            provider=str(row['provider']),
            size_mib=int(row['size_mib']),
            filesystem_id=str(row['filesystem_id']),
            volume_id=str(row['volume_id']),
            life=Life(row['life']),
            persistent=pools.outlives_unit(str(row['provider'])),
            status=known.get(('storage', str(row['id'])), Status(value='pending')),
            unit=str(row['unit'] or ''),
            machine='' if row['pod_of'] else str(row['machine_id'] or ''),
            location=str(row['location'] or ''),
            read_only=bool(row['read_only']),
            attachment_life=Life(row['attachment_life'] or Life.ALIVE),
            provisioned=bool(row['provisioned']),
        )
        for row in found
    ]
