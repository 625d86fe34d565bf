"""Storage of units as Kubernetes shows it: claims of volumes, by the names that Juju gives them."""

from __future__ import annotations

import hashlib
from typing import Any

from pocket.services import rows
from pocket.state import Tx

Document = dict[str, Any]

_ATTACHED = """
    SELECT storage.name, storage.number, storage.size_mib, storage.pool, attachment.unit
    FROM storage_attachment AS attachment
    JOIN storage ON storage.model_uuid = attachment.model_uuid AND storage.id = attachment.storage_id
    WHERE attachment.model_uuid = ? AND attachment.unit LIKE '%/%'
    ORDER BY attachment.unit, storage.number
"""


def volumes(tx: Tx, uuid: str) -> dict[str, list[Document]]:
    """Return the volumes of each pod, by its name."""
    found: dict[str, list[Document]] = {}
    for claim in _claims(tx, uuid):
        source = {'claimName': claim['name']}
        found.setdefault(claim['pod'], []).append({'name': claim['volume'], 'persistentVolumeClaim': source})
    return found


def documents(tx: Tx, uuid: str) -> list[Document]:
    """Return the claims, without what all objects have in common but their name and labels."""
    return [
        {
            'metadata': {
                'name': claim['name'],
                'labels': {'app.kubernetes.io/managed-by': 'juju', 'storage.juju.is/name': claim['storage']},
            },
            'spec': {
                'accessModes': ['ReadWriteOnce'],
                'resources': {'requests': {'storage': claim['size']}},
                'storageClassName': claim['pool'],
                'volumeName': claim['name'],
            },
            'status': {
                'phase': 'Bound',
                'accessModes': ['ReadWriteOnce'],
                'capacity': {'storage': claim['size']},
            },
        }
        for claim in _claims(tx, uuid)
    ]


def _claims(tx: Tx, uuid: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    several: dict[tuple[str, str], int] = {}
    for row in rows.many(tx, _ATTACHED, uuid):
        unit, storage = str(row['unit']), str(row['name'])
        application, pod = unit.partition('/')[0], unit.replace('/', '-')
        index = several.get((unit, storage), 0)
        several[unit, storage] = index + 1
        # Each volume of a storage has a name of its own, which all pods of the application have.
        made_of = f'{uuid}/{application}/{storage}/{index}'
        volume = f'{application}-{storage}-{hashlib.sha256(made_of.encode()).hexdigest()[:8]}'
        found.append(
            {
                'name': f'{volume}-{pod}',
                'volume': volume,
                'pod': pod,
                'storage': storage,
                'size': f'{row["size_mib"]}Mi',
                'pool': str(row['pool']),
            }
        )
    return found
