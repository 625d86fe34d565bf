"""The Ingresses of this application, kept through the Kubernetes API."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any, cast

import kube
from routes import Route

_ANNOTATIONS = 'nginx.ingress.kubernetes.io/'
_MANAGER = 'app.kubernetes.io/managed-by'
_INSTANCE = 'app.kubernetes.io/instance'


class Cluster:
    """What *app* keeps in the namespace of its model."""

    def __init__(self, *, app: str, model: str) -> None:
        self._app = app
        self._api = kube.Api(model=model)

    @property
    def namespace(self) -> str:
        """Where the objects are."""
        return self._api.namespace

    def keep(self, wanted: Iterable[kube.Document]) -> None:
        """Bring the Ingresses of the application to *wanted*: those, so, and no others.

        Raises:
            KubeError: it could not be done, or not all of it.
        """
        there = self._owned()
        for document in wanted:
            name = document['metadata']['name']
            found = there.pop(name, None)
            if found is None:
                self._api.call('POST', self._api.ingresses(), document)
            elif not holds(found, document):
                self._api.replace(self._api.ingresses(name), found, document)
        for name in there:
            self._delete(name)

    def has_secret(self, name: str) -> bool:
        """Tell whether there is a secret *name*.

        Raises:
            KubeError: nobody can tell.
        """
        try:
            self._api.call('GET', self._api.secret(name))
        except kube.KubeError as err:
            if not err.is_missing:
                raise
            return False
        return True

    def _owned(self) -> dict[str, kube.Document]:
        labels = ','.join(f'{key}={value}' for key, value in owner(self._app).items())
        path = f'{self._api.ingresses()}?labelSelector={urllib.parse.quote(labels)}'
        listed = cast('list[kube.Document]', self._api.call('GET', path).get('items') or [])
        return {item['metadata']['name']: item for item in listed}

    def _delete(self, name: str) -> None:
        try:
            self._api.call('DELETE', self._api.ingresses(name))
        except kube.KubeError as err:
            if not err.is_missing:
                raise


def owner(app: str) -> dict[str, str]:
    """Return the labels by which the Ingresses of *app* are known."""
    return {_MANAGER: 'ingress-integrator-k8s', _INSTANCE: app}


def ingress(route: Route, *, app: str, namespace: str, ingress_class: str) -> kube.Document:
    """Return the Ingress of *app* that carries *route* out."""
    backend = {'service': {'name': route.service, 'port': {'number': route.port}}}
    listed = [{'path': path, 'pathType': 'Prefix', 'backend': backend} for path in route.paths]
    spec: kube.Document = {'rules': [{'host': host, 'http': {'paths': listed}} for host in route.hosts]}
    if route.tls_secret:
        spec['tls'] = [{'hosts': list(route.hosts), 'secretName': route.tls_secret}]
    if ingress_class:
        spec['ingressClassName'] = ingress_class
    return {
        'apiVersion': 'networking.k8s.io/v1',
        'kind': 'Ingress',
        'metadata': {
            'name': f'{app}-relation-{route.relation}',
            'namespace': namespace,
            'labels': {**owner(app), 'app.kubernetes.io/name': route.service},
            'annotations': {f'{_ANNOTATIONS}{key}': value for key, value in route.settings.items()},
        },
        'spec': spec,
    }


def holds(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Tell whether *there* is as *wanted*; the cluster adds annotations, labels and fields of its own."""
    metadata: Mapping[str, Any] = there.get('metadata') or {}
    found: Mapping[str, str] = metadata.get('annotations') or {}
    ours = {key: value for key, value in found.items() if key.startswith(_ANNOTATIONS)}
    labels: Mapping[str, str] = metadata.get('labels') or {}
    spec: Mapping[str, Any] = there.get('spec') or {}
    return (
        ours == wanted['metadata']['annotations']
        and labels.items() >= wanted['metadata']['labels'].items()
        and all(spec.get(key) == wanted['spec'].get(key) for key in ('rules', 'tls'))
        and wanted['spec'].get('ingressClassName') in (None, spec.get('ingressClassName'))
    )
