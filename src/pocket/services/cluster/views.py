"""A model on Kubernetes as its Kubernetes API shows it: what there is without anyone having made it there."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pocket.services import charms, resources, rows
from pocket.services.cluster import addresses, claims, images, objectrows, services, templates
from pocket.state import Tx

Document = dict[str, Any]

NODE = 'pocket'
"""The name of the one node."""
_CONDITIONS = ('PodScheduled', 'Initialized', 'ContainersReady', 'Ready')
_CHARM_IMAGE = 'charm-base'


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


def nodes(tx: Tx, uuid: str) -> list[Document]:
    """Return the one node that there is: this machine."""
    row = rows.one(tx, 'SELECT created_ms FROM model WHERE uuid = ?', uuid)
    if row is None:
        return []
    address = addresses.gateway(tx, uuid)
    metadata = metadata_of(uuid, NODE, '', int(row['created_ms']))
    ready = {'type': 'Ready', 'status': 'True', 'reason': 'KubeletReady'}
    known = [{'type': 'Hostname', 'address': NODE}]
    if address:
        known.insert(0, {'type': 'InternalIP', 'address': address})
    labels = {'kubernetes.io/hostname': NODE, 'kubernetes.io/os': 'linux'}
    return [
        {
            'metadata': {**metadata, 'labels': labels},
            'spec': {},
            'status': {'addresses': known, 'conditions': [ready]},
        }
    ]


def volume_claims(tx: Tx, uuid: str) -> list[Document]:
    """Return the claims of the storage that pods have."""
    row = rows.one(tx, 'SELECT name, created_ms FROM model WHERE uuid = ?', uuid)
    if row is None:
        return []
    space, created = str(row['name']), int(row['created_ms'])
    return [
        {
            **claim,
            'metadata': {
                **metadata_of(uuid, claim['metadata']['name'], space, created),
                'labels': claim['metadata']['labels'],
            },
        }
        for claim in claims.documents(tx, uuid)
    ]


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
    node, volumes = addresses.gateway(tx, uuid), claims.volumes(tx, uuid)
    made: list[Document] = []
    for row in found:
        app, number, running = str(row['application']), int(row['number']), bool(row['running'])
        run = objectrows.find(tx, uuid, templates.POD, f'{app}-{number}')
        document: Document = dict(run.document) if run else {}
        found_images = _images(tx, uuid, app, str(row['charm_url']))
        metadata = metadata_of(uuid, f'{app}-{number}', space, run.created_ms if run else row['created_ms'])
        if run is not None:
            metadata['uid'] = run.uid
        run_metadata: Document = document.get('metadata') or {}
        if run_metadata.get('annotations'):
            metadata['annotations'] = run_metadata['annotations']
        started = timestamp(run.created_ms if run else int(row['created_ms']))
        waiting = {'waiting': {'reason': 'ContainerCreating'}}
        state: Document = {'running': {'startedAt': started}} if running else waiting
        owner = metadata_of(uuid, app, space, services.applications(tx, uuid)[app])
        made.append(
            {
                'metadata': {
                    **metadata,
                    'labels': services.pod_labels(app, number, run),
                    'ownerReferences': [
                        {
                            'apiVersion': 'apps/v1',
                            'kind': templates.SET,
                            'name': app,
                            'uid': owner['uid'],
                            'controller': True,
                        }
                    ],
                },
                'spec': {
                    'containers': _containers(found_images, document.get('resources') or {}),
                    'volumes': volumes.get(f'{app}-{number}', []),
                    'hostname': f'{app}-{number}',
                    'subdomain': f'{app}-endpoints',
                    'serviceAccountName': app,
                    'nodeName': NODE,
                },
                'status': {
                    'phase': 'Running' if running else 'Pending',
                    'conditions': [{'type': kind, 'status': str(running)} for kind in _CONDITIONS],
                    'hostIP': node,
                    **({'podIP': str(row['address'])} if row['address'] else {}),
                    **({'podIPs': [{'ip': str(row['address'])}]} if row['address'] else {}),
                    'containerStatuses': [
                        {
                            'name': name,
                            'ready': running,
                            'restartCount': 0,
                            'image': image,
                            'imageID': '',
                            'state': state,
                        }
                        for name, image in found_images.items()
                    ],
                },
            }
        )
    return made


def stateful_sets(tx: Tx, uuid: str) -> list[Document]:
    """Return the applications as what makes their pods."""
    space = namespace(tx, uuid)
    made: list[Document] = []
    for row in rows.many(
        tx, 'SELECT name, charm_url, created_ms FROM application WHERE model_uuid = ? ORDER BY name', uuid
    ):
        app = str(row['name'])
        template = templates.read(tx, uuid, app)
        metadata = metadata_of(uuid, app, space, int(row['created_ms']))
        metadata['generation'] = template.version + 1
        own = [pod for pod in services.pods(tx, uuid) if pod.application == app and pod.running]
        updated = sum(1 for pod in own if _revision(tx, uuid, pod.name) == template.revision(pod.number))
        current = template.revision() or '0'
        replicas = len(
            rows.many(tx, 'SELECT 1 FROM unit WHERE model_uuid = ? AND application = ?', uuid, app)
        )
        pod_spec = {
            'containers': _containers(_images(tx, uuid, app, str(row['charm_url'])), template.resources),
            'serviceAccountName': app,
            'terminationGracePeriodSeconds': 30,
            **template.more,
        }
        pod_metadata = {
            'labels': {**services.labels_of(app), **template.labels},
            **({'annotations': dict(template.annotations)} if template.annotations else {}),
        }
        made.append(
            {
                'metadata': {
                    **metadata,
                    **template.metadata,
                    'labels': {**services.labels_of(app), **(template.metadata.get('labels') or {})},
                },
                'spec': {
                    'replicas': replicas,
                    'selector': {'matchLabels': {'app.kubernetes.io/name': app}},
                    'serviceName': f'{app}-endpoints',
                    'podManagementPolicy': 'Parallel',
                    'updateStrategy': {
                        'type': 'RollingUpdate',
                        'rollingUpdate': {'partition': template.partition},
                    },
                    'template': {'metadata': pod_metadata, 'spec': pod_spec},
                },
                'status': {
                    'observedGeneration': metadata['generation'],
                    'replicas': replicas,
                    'readyReplicas': len(own),
                    'availableReplicas': len(own),
                    'currentReplicas': updated,
                    'updatedReplicas': updated,
                    'currentRevision': f'{app}-{current if updated == replicas else "was"}',
                    'updateRevision': f'{app}-{current}',
                },
            }
        )
    return made


def _images(tx: Tx, uuid: str, application: str, charm_url: str) -> dict[str, str]:
    """What each container of an application's pods is made of, the charm's own first."""
    charm = charms.get(tx, uuid, charm_url).charm
    known = {one.name: images.reference(one) for one in resources.list_(tx, uuid, application)}
    found = {'charm': _CHARM_IMAGE}
    for name, raw in sorted(images.containers(charm).items()):
        reference = known.get(str(raw.get('resource') or ''))
        found[name] = reference.path if reference else _CHARM_IMAGE
    return found


def _containers(found_images: Mapping[str, str], limits: Mapping[str, Document]) -> list[Document]:
    return [
        {'name': name, 'image': image, **({'resources': limits[name]} if limits.get(name) else {})}
        for name, image in found_images.items()
    ]


def _revision(tx: Tx, uuid: str, pod: str) -> str:
    run = objectrows.find(tx, uuid, templates.POD, pod)
    return str(run.document['revision']) if run else ''


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
