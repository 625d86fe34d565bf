"""An Ingress of the application's own, kept through the Kubernetes API."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, cast

import edge
import kube

log = logging.getLogger(__name__)


class Cluster:
    """The Ingress of *app* in the namespace of *model*."""

    def __init__(self, *, app: str, model: str) -> None:
        self._app = app
        self._api = kube.Api(model=model)
        # The application's own name belongs to another object on some versions of Juju.
        self._name = f'{app}-ingress'

    def ensure(self, *, host: str, hosts: tuple[str, ...], port: int, tls_secret: str) -> str:
        """Bring the Ingress to what is given; return what a person must do first, empty when nothing."""
        namespace = self._api.namespace
        wanted = ingress(
            name=self._name,
            namespace=namespace,
            app=self._app,
            hosts=tuple(dict.fromkeys((host, *hosts))),
            port=port,
            tls_secret=tls_secret,
        )
        trust = f'juju trust {self._app} --scope=cluster'
        try:
            self._apply(wanted)
            self._api.call('GET', self._api.secret(tls_secret))
        except kube.KubeError as err:
            if err.is_refusal:
                return f'tls_secret_name: the charm may not keep an Ingress; {trust}'
            if err.is_missing:
                command = f'kubectl -n {namespace} create secret tls {tls_secret} --cert=FILE --key=FILE'
                return f'tls_secret_name: there is no secret {tls_secret}; {command}'
            log.error('Kubernetes: %s', err)
            return f'tls_secret_name: Kubernetes does not do it ({err}); check {trust}'
        return ''

    def remove(self) -> None:
        """Take the Ingress away; it need not be there."""
        try:
            self._api.call('DELETE', self._api.ingresses(self._name))
        except kube.KubeError as err:
            if not err.is_missing:
                log.warning('the Ingress %s stays: %s', self._name, err)

    def _apply(self, wanted: Mapping[str, Any]) -> None:
        path = self._api.ingresses(self._name)
        try:
            there = self._api.call('GET', path)
        except kube.KubeError as err:
            if not err.is_missing:
                raise
            self._api.call('POST', self._api.ingresses(), wanted)
            return
        if not holds(there, wanted):
            self._api.replace(path, there, wanted)


def ingress(
    *, name: str, namespace: str, app: str, hosts: tuple[str, ...], port: int, tls_secret: str
) -> dict[str, Any]:
    """Return the Ingress that leads *hosts* to the service of *app*."""
    annotations = {
        'nginx.ingress.kubernetes.io/proxy-body-size': f'{edge.BODY_SIZE_MB}m',
        'nginx.ingress.kubernetes.io/proxy-send-timeout': str(edge.SEND_TIMEOUT_S),
        'nginx.ingress.kubernetes.io/proxy-read-timeout': str(edge.SEND_TIMEOUT_S),
    }
    backend = {'service': {'name': app, 'port': {'number': port}}}
    path = {'path': '/', 'pathType': 'Prefix', 'backend': backend}
    return {
        'apiVersion': 'networking.k8s.io/v1',
        'kind': 'Ingress',
        'metadata': {
            'name': name,
            'namespace': namespace,
            'annotations': annotations,
            'labels': {'app.kubernetes.io/name': app, 'app.kubernetes.io/managed-by': 'juju-charm'},
        },
        'spec': {
            'rules': [{'host': host, 'http': {'paths': [path]}} for host in hosts],
            'tls': [{'hosts': list(hosts), 'secretName': tls_secret}],
        },
    }


def holds(there: object, wanted: object) -> bool:
    """Tell whether *there* has all of *wanted*; the cluster adds fields of its own."""
    if isinstance(wanted, dict) and isinstance(there, dict):
        found = cast('dict[str, object]', there)
        return all(holds(found.get(key), value) for key, value in cast('dict[str, object]', wanted).items())
    if isinstance(wanted, list) and isinstance(there, list):
        ours, theirs = cast('list[object]', wanted), cast('list[object]', there)
        return len(ours) == len(theirs) and all(map(holds, theirs, ours))
    return there == wanted
