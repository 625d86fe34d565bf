"""Services of models on Kubernetes: what the address of each application leads to, and their names."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from pocket.model.cluster import ClusterAddresses, ClusterNetwork, ClusterService, ServicePort
from pocket.services import network, rows
from pocket.state import Tx

_MODELS = """
    SELECT model.uuid, model.name, model.cloud, model.region FROM model JOIN cloud ON cloud.name = model.cloud
    WHERE cloud.type = 'kubernetes'
"""
_PODS = """
    SELECT unit.name, unit.application, unit.number, unit.ports, machine.address, machine.running
    FROM unit JOIN machine ON machine.model_uuid = unit.model_uuid AND machine.id = unit.machine_id
    WHERE unit.model_uuid = ? AND machine.pod_of = unit.name AND machine.address <> ''
    ORDER BY unit.application, unit.number
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
            services=_services(tx, str(row['uuid'])),
        )
        for row in rows.many(tx, f'{_MODELS} ORDER BY model.created_ms, model.uuid')
    ]


def pod_addresses(tx: Tx, uuid: str, application: str) -> list[str]:
    """Return the addresses of an application's pods that run, by number of the unit."""
    found = rows.many(tx, _PODS, uuid)
    return [
        str(row['address']) for row in found if row['application'] == application and bool(row['running'])
    ]


def set_addresses(tx: Tx, placed: Mapping[str, ClusterAddresses]) -> None:
    """Note the addresses that models on Kubernetes have got; what is gone meanwhile is left out."""
    for uuid, addresses in placed.items():
        changed = tx.db.execute(
            'INSERT INTO kube_gateway (model_uuid, address) SELECT uuid, ?2 FROM model WHERE uuid = ?1'
            ' ON CONFLICT (model_uuid) DO UPDATE SET address = ?2, port = 0 WHERE address <> ?2',
            (uuid, addresses.gateway),
        ).rowcount
        for application, address in addresses.services.items():
            changed += tx.db.execute(
                'UPDATE application SET service_address = ?3'
                ' WHERE model_uuid = ?1 AND name = ?2 AND service_address <> ?3',
                (uuid, application, address),
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
    for row in rows.many(tx, _PODS, uuid):
        app, pod = str(row['application']), f'{row["application"]}-{row["number"]}'
        # The whole name first: it is what a pod that asks for its own is told.
        found[str(row['address'])] = (
            f'{pod}.{app}-endpoints.{namespace}.svc.cluster.local',
            *(pod, f'{pod}.{app}-endpoints', f'{pod}.{app}-endpoints.{namespace}.svc'),
            *_service_names(f'{app}-endpoints', namespace),
        )
    for row in _with_address(tx, uuid):
        found[str(row['service_address'])] = _service_names(str(row['name']), namespace)
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


def _services(tx: Tx, uuid: str) -> tuple[ClusterService, ...]:
    backends: dict[str, dict[tuple[str, int, int], list[str]]] = {
        str(row['name']): {}
        for row in rows.many(tx, 'SELECT name FROM application WHERE model_uuid = ? ORDER BY name', uuid)
    }
    for pod in rows.many(tx, _PODS, uuid):
        ports = network.ports_from(pod['ports']) if pod['running'] else ()
        for key in {(port.protocol, port.first, port.last) for port in ports if port.first}:
            backends[str(pod['application'])].setdefault(key, []).append(str(pod['address']))
    return tuple(
        ClusterService(
            application=application,
            ports=tuple(
                ServicePort(protocol=protocol, first=first, last=last, backends=tuple(sorted(addresses)))
                for (protocol, first, last), addresses in sorted(ports.items())
            ),
        )
        for application, ports in backends.items()
    )
