"""A model on Kubernetes as its Kubernetes API shows it: namespace, pods, services."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pocket.services import charms, rows
from pocket.services.cluster import addresses
from pocket.state import Tx

Document = dict[str, Any]


def namespace(tx: Tx, uuid: str) -> str:
    """Return the name of the namespace that a model is; empty when the model is gone."""
    row = rows.one(tx, 'SELECT name FROM model WHERE uuid = ?', uuid)
    return '' if row is None else str(row['name'])


def namespaces(tx: Tx, uuid: str) -> list[Document]:
    """Return the one namespace that there is."""
    row = rows.one(tx, 'SELECT name, life, created_ms FROM model WHERE uuid = ?', uuid)
    if row is None:
        return []
    phase = 'Active' if row['life'] == 'alive' else 'Terminating'
    metadata = metadata_of(uuid, str(row['name']), '', int(row['created_ms']))
    return [{'metadata': metadata, 'spec': {}, 'status': {'phase': phase}}]


def pods(tx: Tx, uuid: str) -> list[Document]:
    """Return the units' pods."""
    found = rows.many(
        tx,
        'SELECT unit.application, unit.number, machine.address, machine.running, machine.created_ms,'
        ' application.charm_url FROM unit'
        ' JOIN machine ON machine.model_uuid = unit.model_uuid AND machine.id = unit.machine_id'
        ' JOIN application'
        ' ON application.model_uuid = unit.model_uuid AND application.name = unit.application'
        " WHERE unit.model_uuid = ? AND machine.pod_of <> '' ORDER BY unit.application, unit.number",
        uuid,
    )
    space = namespace(tx, uuid)
    made: list[Document] = []
    for row in found:
        containers: Document = (
            charms.get(tx, uuid, str(row['charm_url'])).charm.metadata.get('containers') or {}
        )
        names = ['charm', *sorted(containers)]
        app, running = str(row['application']), bool(row['running'])
        metadata = metadata_of(uuid, f'{app}-{row["number"]}', space, int(row['created_ms']))
        made.append(
            {
                'metadata': {**metadata, 'labels': _labels(app)},
                'spec': {'containers': [{'name': name} for name in names], 'hostname': metadata['name']},
                'status': {
                    'phase': 'Running' if running else 'Pending',
                    **({'podIP': str(row['address'])} if row['address'] else {}),
                    'containerStatuses': [
                        {'name': name, 'ready': running, 'restartCount': 0} for name in names
                    ],
                },
            }
        )
    return made


def services(tx: Tx, uuid: str) -> list[Document]:
    """Return the services of the applications that have an address."""
    found = {
        str(row['name']): row
        for row in rows.many(
            tx,
            'SELECT name, service_address, created_ms FROM application'
            " WHERE model_uuid = ? AND service_address <> '' ORDER BY name",
            uuid,
        )
    }
    space = namespace(tx, uuid)
    ports = {
        one.application: one.ports
        for network in addresses.wanted(tx)
        if network.model_uuid == uuid
        for one in network.services
    }
    return [
        {
            'metadata': {**metadata_of(uuid, app, space, int(row['created_ms'])), 'labels': _labels(app)},
            'spec': {
                'type': 'ClusterIP',
                'clusterIP': str(row['service_address']),
                'selector': _labels(app),
                'ports': [
                    {
                        'name': f'{port.protocol}-{number}',
                        'protocol': port.protocol.upper(),
                        'port': number,
                        'targetPort': number,
                    }
                    for port in ports.get(app, ())
                    for number in range(port.first, port.last + 1)
                ],
            },
            'status': {'loadBalancer': {}},
        }
        for app, row in found.items()
    ]


def metadata_of(uuid: str, name: str, space: str, created_ms: int) -> Document:
    """Return what Kubernetes has of every object."""
    return {
        'name': name,
        **({'namespace': space} if space else {}),
        'uid': str(uuid5(NAMESPACE_URL, f'{uuid}/{space}/{name}/{created_ms}')),
        'resourceVersion': '1',
        'creationTimestamp': timestamp(created_ms),
    }


def timestamp(ms: int) -> str:
    """Return a time as Kubernetes writes it."""
    return datetime.datetime.fromtimestamp(ms // 1000, datetime.UTC).strftime('%Y-%m-%dT%H:%M:%SZ')


def _labels(application: str) -> Document:
    return {'app.kubernetes.io/name': application, 'app.kubernetes.io/managed-by': 'juju'}
