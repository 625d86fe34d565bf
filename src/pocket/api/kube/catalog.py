"""The objects of a model, of whatever kind, as clients are shown them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from pocket.api.kube.objects import Document
from pocket.api.kube.resources import Resource
from pocket.services.cluster import addresses, objectrows, serviceviews, views
from pocket.services.cluster.objectrows import KubeObject
from pocket.state import Tx

_DERIVED: Mapping[str, Callable[[Tx, str], list[Document]]] = {
    'Namespace': views.namespaces,
    'Node': views.nodes,
    'PersistentVolumeClaim': views.volume_claims,
    'Pod': views.pods,
    'Service': serviceviews.documents,
    'StatefulSet': views.stateful_sets,
}
_UNIQUE = 10**9


def items(tx: Tx, uuid: str, resource: Resource) -> list[Document]:
    """Return all objects of a kind, by name."""
    if derived := _DERIVED.get(resource.kind):
        return [_versioned(item) for item in derived(tx, uuid)]
    space, gateway = views.namespace(tx, uuid), addresses.gateway(tx, uuid)
    return [item(found, space, gateway) for found in objectrows.list_(tx, uuid, resource.kind)]


def one(tx: Tx, uuid: str, resource: Resource, name: str) -> Document | None:
    """Return the object of that name."""
    return next((item for item in items(tx, uuid, resource) if item['metadata']['name'] == name), None)


def item(found: KubeObject, namespace: str, gateway: str) -> Document:
    """An object that clients made, as they are shown it."""
    metadata = {
        **cast('Document', found.document.get('metadata') or {}),
        'name': found.name,
        'namespace': namespace,
        'uid': found.uid,
        'resourceVersion': version(found),
        'creationTimestamp': views.timestamp(found.created_ms),
    }
    shown: Document = {**found.document, 'metadata': metadata}
    if found.kind == 'Ingress':
        shown['status'] = {'loadBalancer': {'ingress': [{'ip': gateway}]} if gateway else {}}
    return shown


def whole(resource: Resource, shown: Document) -> Document:
    """An object alone, which says what it is."""
    return {'kind': resource.kind, 'apiVersion': resource.api_version, **shown}


def version(found: KubeObject) -> str:
    """Names the state of one object: no other object of any kind has the same."""
    return f'{_number(found.uid)}{found.version:06d}'


def version_of_all(shown: Sequence[Document]) -> str:
    """Names the state of all objects of a kind."""
    told = [(one['metadata']['name'], one['metadata']['resourceVersion']) for one in shown]
    return str(_number(json.dumps(told)))


def selected(shown: Document, query: Mapping[str, str]) -> bool:
    """Whether the selectors of a request mean an object."""
    labels = cast('Mapping[str, str]', shown['metadata'].get('labels') or {})
    status = cast('Mapping[str, Any]', shown.get('status') or {})
    fields = {
        'metadata.name': shown['metadata']['name'],
        'metadata.namespace': shown['metadata'].get('namespace'),
        'spec.nodeName': cast('Mapping[str, Any]', shown.get('spec') or {}).get('nodeName'),
        'status.phase': status.get('phase'),
    }
    return _meets(labels, query.get('labelSelector', '')) and _meets(fields, query.get('fieldSelector', ''))


def _versioned(shown: Document) -> Document:
    metadata: Document = {**shown['metadata'], 'resourceVersion': ''}
    text = json.dumps({**shown, 'metadata': metadata}, sort_keys=True)
    return {**shown, 'metadata': {**metadata, 'resourceVersion': str(_number(text))}}


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) + _UNIQUE


def _meets(have: Mapping[str, Any], selector: str) -> bool:
    return all(_meets_term(have, term.strip()) for term in _terms(selector))


def _terms(selector: str) -> list[str]:
    """The parts of a selector; a comma between brackets divides none."""
    found, depth = [''], 0
    for character in selector:
        depth += {'(': 1, ')': -1}.get(character, 0)
        if character == ',' and not depth:
            found.append('')
        else:
            found[-1] += character
    return [term for term in found if term.strip()]


def _meets_term(have: Mapping[str, Any], term: str) -> bool:
    for word, is_wanted in ((' notin ', False), (' in ', True)):
        key, found, values = term.partition(word)
        if found:
            listed = [value.strip() for value in values.strip().strip('()').split(',')]
            return (have.get(key.strip()) in listed) is is_wanted
    key, sign, value = term.partition('!=') if '!=' in term else term.replace('==', '=').partition('=')
    if sign:
        return (have.get(key.strip()) == value.strip()) is (sign == '=')
    return term.removeprefix('!').strip() not in have if term.startswith('!') else key in have
