"""Services as the Kubernetes API of a model shows them."""

from __future__ import annotations

from typing import Any

from pocket.services import rows
from pocket.services.cluster import services, views
from pocket.state import Tx

Document = dict[str, Any]


def documents(tx: Tx, uuid: str) -> list[Document]:
    """Return the services of the applications that have an address, and those that clients made."""
    space = views.namespace(tx, uuid)
    own = {
        str(row['name']): row
        for row in rows.many(
            tx, 'SELECT name, service_address, created_ms FROM application WHERE model_uuid = ?', uuid
        )
        if row['service_address']
    }
    changed, known = services.kept(tx, uuid), services.pods(tx, uuid)
    made: list[Document] = []
    for name in sorted({*own, *changed}):
        found = changed.get(name)
        document: Document = dict(found.document) if found else {'metadata': {}, 'spec': {}}
        given: Document = document['metadata']
        spec: Document = document['spec']
        ports = list(spec.get('ports') or ())
        selector: Document = spec.get('selector') or {}
        if name in own:
            metadata = views.metadata_of(uuid, name, space, int(own[name]['created_ms']))
            address = str(own[name]['service_address'])
            labels: Document = services.labels_of(name)
            selector = selector or {'app.kubernetes.io/name': name}
            said = {(port.get('protocol', 'TCP'), port['port']) for port in ports}
            ports += [port for port in _opened(known, name) if (port['protocol'], port['port']) not in said]
        else:
            assert found is not None
            metadata = {**views.metadata_of(uuid, name, space, found.created_ms), 'uid': found.uid}
            address, labels = str(spec.get('clusterIP') or ''), Document()
        if found is not None:
            metadata['resourceVersion'] = str(found.version)
            labels.update(given.get('labels') or {})
            if given.get('annotations'):
                metadata['annotations'] = given['annotations']
        kind = str(spec.get('type') or 'ClusterIP')
        balanced = [{'ip': address}] if kind == 'LoadBalancer' and address else []
        made.append(
            {
                'metadata': {**metadata, **({'labels': labels} if labels else {})},
                'spec': {
                    **spec,
                    'type': kind,
                    'clusterIP': address,
                    **({'clusterIPs': [address]} if address else {}),
                    'selector': selector,
                    'ports': ports,
                },
                'status': {'loadBalancer': {'ingress': balanced} if balanced else {}},
            }
        )
    return made


def _opened(known: list[services.Pod], app: str) -> list[Document]:
    return [
        {
            'name': f'{port.protocol}-{number}',
            'protocol': port.protocol.upper(),
            'port': number,
            'targetPort': number,
        }
        for port in services.opened(known, app)
        for number in range(port.first, port.last + 1)
    ]
