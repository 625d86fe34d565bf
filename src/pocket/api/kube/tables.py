"""Objects as kubectl shows them: columns, and a row for each object. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pocket.api.kube.resources import Resource

Document = Mapping[str, Any]


def table(
    resource: Resource, items: Sequence[Document], *, now: datetime.datetime, version: str
) -> dict[str, Any]:
    """The table of *items*, as they were at *version*."""
    names, cells = _COLUMNS[resource.kind]
    return {
        'kind': 'Table',
        'apiVersion': 'meta.k8s.io/v1',
        'metadata': {'resourceVersion': version},
        'columnDefinitions': [
            {'name': name, 'type': 'string', 'format': 'name' if name == 'Name' else '', 'priority': 0}
            for name in ('Name', *names, 'Age')
        ],
        'rows': [
            {
                'cells': [item['metadata']['name'], *cells(item), _age(item, now)],
                'object': {
                    'kind': 'PartialObjectMetadata',
                    'apiVersion': 'meta.k8s.io/v1',
                    'metadata': item['metadata'],
                },
            }
            for item in items
        ],
    }


def _age(item: Document, now: datetime.datetime) -> str:
    seconds = int(
        (now - datetime.datetime.fromisoformat(item['metadata']['creationTimestamp'])).total_seconds()
    )
    for size, unit in ((86400, 'd'), (3600, 'h'), (60, 'm')):
        if seconds >= 2 * size:
            return f'{seconds // size}{unit}'
    return f'{max(seconds, 0)}s'


def _pod(item: Document) -> list[str]:
    statuses = item['status']['containerStatuses']
    ready = sum(1 for one in statuses if one['ready'])
    return [f'{ready}/{len(statuses)}', item['status']['phase'], '0']


def _service(item: Document) -> list[str]:
    ports = ','.join(f'{port["port"]}/{port.get("protocol", "TCP")}' for port in item['spec']['ports'])
    outside = ','.join(one['ip'] for one in item['status']['loadBalancer'].get('ingress', ()))
    kind, address = item['spec']['type'], item['spec']['clusterIP']
    return [kind, address or '<none>', outside or '<none>', ports or '<none>']


def _set(item: Document) -> list[str]:
    return [f'{item["status"]["readyReplicas"]}/{item["spec"]["replicas"]}']


def _endpoints(item: Document) -> list[str]:
    addresses = [one for subset in item.get('subsets') or () for one in subset.get('addresses') or ()]
    return [','.join(one['ip'] for one in addresses) or '<none>']


def _claim(item: Document) -> list[str]:
    status = item['status']
    return [status['phase'], status['capacity']['storage'], item['spec']['storageClassName']]


def _count(item: Document) -> list[str]:
    return [str(len(item.get('data') or ()) + len(item.get('binaryData') or ()))]


def _ingress(item: Document) -> list[str]:
    spec = item['spec']
    hosts = ','.join(rule['host'] for rule in spec.get('rules') or () if rule.get('host'))
    addresses = ','.join(one['ip'] for one in item['status']['loadBalancer'].get('ingress', ()))
    ports = '80, 443' if spec.get('tls') else '80'
    return [spec.get('ingressClassName') or '<none>', hosts or '*', addresses, ports]


_COLUMNS: Mapping[str, tuple[tuple[str, ...], Callable[[Document], list[str]]]] = {
    'ConfigMap': (('Data',), _count),
    'Endpoints': (('Endpoints',), _endpoints),
    'Ingress': (('Class', 'Hosts', 'Address', 'Ports'), _ingress),
    'Lease': (('Holder',), lambda item: [str(item['spec'].get('holderIdentity') or '')]),
    'Namespace': (('Status',), lambda item: [item['status']['phase']]),
    'Node': (('Status',), lambda item: ['Ready']),
    'PersistentVolumeClaim': (('Status', 'Capacity', 'Storageclass'), _claim),
    'Pod': (('Ready', 'Status', 'Restarts'), _pod),
    'Secret': (('Type', 'Data'), lambda item: [item['type'], str(len(item['data']))]),
    'Service': (('Type', 'Cluster-IP', 'External-IP', 'Port(s)'), _service),
    'StatefulSet': (('Ready',), _set),
}
