"""The Ingresses of this application, kept through the Kubernetes API with the pod's service account."""

from __future__ import annotations

import http
import json
import os
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from routes import Route

ACCOUNT = Path('/var/run/secrets/kubernetes.io/serviceaccount')
TIMEOUT_S = 3
_ANNOTATIONS = 'nginx.ingress.kubernetes.io/'
_MANAGER = 'app.kubernetes.io/managed-by'
_INSTANCE = 'app.kubernetes.io/instance'

Document = dict[str, Any]


class KubeError(Exception):
    """The API does not answer, or refuses.

    Attributes:
        status: The HTTP status, 0 when there was no answer.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f'{status} {reason}' if status else reason)
        self.status = status

    @property
    def is_refusal(self) -> bool:
        """Whether the application is not trusted."""
        return self.status in (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN)


class Cluster:
    """What *app* keeps in the namespace of its model."""

    def __init__(self, *, app: str, model: str) -> None:
        self._app = app
        self._model = model
        self._account = ACCOUNT

    @property
    def namespace(self) -> str:
        """Where the objects are."""
        try:
            return (self._account / 'namespace').read_text().strip() or self._model
        except OSError:
            return self._model

    def keep(self, wanted: Iterable[Document]) -> None:
        """Bring the Ingresses of the application to *wanted*: those, so, and no others.

        Raises:
            KubeError: it could not be done, or not all of it.
        """
        there = self._owned()
        for document in wanted:
            name = document['metadata']['name']
            found = there.pop(name, None)
            if found is None:
                self._call('POST', self._path(), document)
            elif not holds(found, document):
                version = found['metadata'].get('resourceVersion', '')
                metadata = {**document['metadata'], **({'resourceVersion': version} if version else {})}
                self._call('PUT', self._path(name), {**document, 'metadata': metadata})
        for name in there:
            self._delete(name)

    def has_secret(self, name: str) -> bool:
        """Tell whether there is a secret *name*.

        Raises:
            KubeError: nobody can tell.
        """
        try:
            self._call('GET', f'/api/v1/namespaces/{self.namespace}/secrets/{name}')
        except KubeError as err:
            if err.status != http.HTTPStatus.NOT_FOUND:
                raise
            return False
        return True

    def _owned(self) -> dict[str, Document]:
        labels = ','.join(f'{key}={value}' for key, value in owner(self._app).items())
        listed = self._call('GET', f'{self._path()}?labelSelector={urllib.parse.quote(labels)}')
        return {item['metadata']['name']: item for item in cast('list[Document]', listed.get('items') or [])}

    def _delete(self, name: str) -> None:
        try:
            self._call('DELETE', self._path(name))
        except KubeError as err:
            if err.status != http.HTTPStatus.NOT_FOUND:
                raise

    def _path(self, name: str = '') -> str:
        path = f'/apis/networking.k8s.io/v1/namespaces/{self.namespace}/ingresses'
        return f'{path}/{name}' if name else path

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Document:
        host, port = (os.environ.get(f'KUBERNETES_SERVICE_{part}', '') for part in ('HOST', 'PORT'))
        if not host:
            raise KubeError(0, 'this unit is not told where the API is')
        try:
            token = (self._account / 'token').read_text().strip()
            context = ssl.create_default_context(cafile=str(self._account / 'ca.crt'))
        except OSError:
            raise KubeError(http.HTTPStatus.FORBIDDEN, 'this pod has no service account') from None
        request = urllib.request.Request(
            f'https://{f"[{host}]" if ":" in host else host}:{port or 443}{path}',
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={'Authorization': f'Bearer {token}', 'Content-Type': 'application/json'},
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        try:
            with opener.open(request, timeout=TIMEOUT_S) as answer:
                found: object = json.loads(answer.read() or b'{}')
        except urllib.error.HTTPError as err:
            with err:
                raise KubeError(err.code, str(err.reason)) from None
        except (OSError, ValueError) as err:
            raise KubeError(0, f'the API does not answer: {getattr(err, "reason", err)}') from None
        return cast('Document', found) if isinstance(found, dict) else {}


def owner(app: str) -> dict[str, str]:
    """Return the labels by which the Ingresses of *app* are known."""
    return {_MANAGER: 'ingress-integrator-k8s', _INSTANCE: app}


def ingress(route: Route, *, app: str, namespace: str, ingress_class: str) -> Document:
    """Return the Ingress of *app* that carries *route* out."""
    backend = {'service': {'name': route.service, 'port': {'number': route.port}}}
    listed = [{'path': path, 'pathType': 'Prefix', 'backend': backend} for path in route.paths]
    spec: Document = {'rules': [{'host': host, 'http': {'paths': listed}} for host in route.hosts]}
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
