"""Services of models on Kubernetes: what the address of each application leads to, and their names."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from pocket.model.cluster import ClusterAddresses, ClusterNetwork
from pocket.services import rows
from pocket.services.cluster import objectrows, services
from pocket.state import Tx

_MODELS = """
    SELECT model.uuid, model.name, model.cloud, model.region FROM model JOIN cloud ON cloud.name = model.cloud
    WHERE cloud.type = 'kubernetes'
"""


def models(tx: Tx) -> list[str]:
    """Return the uuids of the models on Kubernetes."""
    return [str(row['uuid']) for row in rows.many(tx, _MODELS)]


def is_on_kubernetes(tx: Tx, uuid: str) -> bool:
    """Whether the model *uuid* is one on Kubernetes."""
    return rows.exists(tx, f'{_MODELS} AND model.uuid = ?', uuid)


def wanted(tx: Tx) -> list[ClusterNetwork]:
    """Return what the network of each model on Kubernetes is to have."""
    return [
        ClusterNetwork(
            model_uuid=str(row['uuid']),
            region=f'{row["cloud"]}/{row["region"]}',
            services=services.wanted(tx, str(row['uuid'])),
        )
        for row in rows.many(tx, f'{_MODELS} ORDER BY model.created_ms, model.uuid')
    ]


def set_addresses(tx: Tx, placed: Mapping[str, ClusterAddresses]) -> None:
    """Note the addresses that models on Kubernetes have got; what is gone meanwhile is left out."""
    for uuid, addresses in placed.items():
        changed = tx.db.execute(
            'INSERT INTO kube_gateway (model_uuid, address) SELECT uuid, ?2 FROM model WHERE uuid = ?1'
            ' ON CONFLICT (model_uuid) DO UPDATE SET address = ?2, port = 0 WHERE address <> ?2',
            (uuid, addresses.gateway),
        ).rowcount
        own = services.applications(tx, uuid)
        for name, address in addresses.services.items():
            if name not in own:
                _note_address(tx, uuid, name, address)
                continue
            changed += tx.db.execute(
                'UPDATE application SET service_address = ?3'
                ' WHERE model_uuid = ?1 AND name = ?2 AND service_address <> ?3',
                (uuid, name, address),
            ).rowcount
        if changed > 0:
            tx.touch(uuid)


def gateway(tx: Tx, uuid: str) -> str:
    """Return the address of a model's bridge; empty while there is none."""
    row = rows.one(tx, 'SELECT address FROM kube_gateway WHERE model_uuid = ?', uuid)
    return '' if row is None else str(row['address'])


def names(tx: Tx, uuid: str) -> Mapping[str, tuple[str, ...]]:
    """Return the names that the model's own pods know its pods and services by, for each address."""
    model = rows.one(tx, 'SELECT name FROM model WHERE uuid = ?', uuid)
    if model is None:
        return {}
    namespace = str(model['name'])
    found: dict[str, tuple[str, ...]] = {}
    own = services.applications(tx, uuid)
    others = [found for name, found in services.kept(tx, uuid).items() if name not in own]
    for pod in services.pods(tx, uuid):
        app, name = pod.application, pod.name
        # The whole name first: it is what a pod that asks for its own is told.
        found[pod.address] = (
            f'{name}.{app}-endpoints.{namespace}.svc.cluster.local',
            *(name, f'{name}.{app}-endpoints', f'{name}.{app}-endpoints.{namespace}.svc'),
            *_service_names(f'{app}-endpoints', namespace),
        )
    for row in _with_address(tx, uuid):
        found[str(row['service_address'])] = _service_names(str(row['name']), namespace)
    for other in others:
        at = str(other.document['spec'].get('clusterIP') or '')
        leads_to = services.members(tx, uuid, other.name) if at == services.HEADLESS else []
        for address in [pod.address for pod in leads_to] if at == services.HEADLESS else filter(None, [at]):
            found[address] = (*found.get(address, ()), *_service_names(other.name, namespace))
    if address := gateway(tx, uuid):
        found[address] = _service_names('kubernetes', 'default')[1:]
    return found


def names_from_afar(tx: Tx, uuid: str) -> Mapping[str, tuple[str, ...]]:
    """Return those of the `names` that hosts of connected models know them by: they say which model."""
    found = {
        address: tuple(word for word in words if '.svc' in word and '.default.' not in word)
        for address, words in names(tx, uuid).items()
    }
    return {address: words for address, words in found.items() if words}


def _service_names(service: str, namespace: str) -> tuple[str, ...]:
    full = f'{service}.{namespace}'
    return (service, full, f'{full}.svc', f'{full}.svc.cluster.local')


def _with_address(tx: Tx, uuid: str) -> list[sqlite3.Row]:
    return rows.many(
        tx,
        'SELECT name, service_address FROM application'
        " WHERE model_uuid = ? AND service_address <> '' ORDER BY name",
        uuid,
    )


def _note_address(tx: Tx, uuid: str, name: str, address: str) -> None:
    found = objectrows.find(tx, uuid, services.KIND, name)
    if found is not None and found.document['spec'].get('clusterIP') != address:
        spec = {**found.document['spec'], 'clusterIP': address}
        objectrows.replace(tx, uuid, services.KIND, name, {**found.document, 'spec': spec})
