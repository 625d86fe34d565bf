"""An Ingress of the application's own, kept through the Kubernetes API."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, cast

import edge
import kube

CANARY = 'nginx.ingress.kubernetes.io/canary'

log = logging.getLogger(__name__)


class Cluster:
    """The Ingress of *app* in the namespace of *model*."""

    def __init__(self, *, app: str, model: str) -> None:
        self._app = app
        self._api = kube.Api(model=model)
        # The application's own name belongs to another object on some versions of Juju.
        self._name = f'{app}-ingress'

    def ensure(
        self, *, host: str, hosts: tuple[str, ...], port: int, tls_secret: str, bounds: edge.Limits
    ) -> str:
        """Bring the Ingress to what is given; return what a person must do first, empty when nothing."""
        namespace = self._api.namespace
        wanted = ingress(
            name=self._name,
            namespace=namespace,
            app=self._app,
            hosts=tuple(dict.fromkeys((host, *hosts))),
            port=port,
            tls_secret=tls_secret,
            bounds=bounds,
        )
        trust = f'juju trust {self._app} --scope=cluster'
        command = f'kubectl -n {namespace} create secret tls {tls_secret} --cert=FILE --key=FILE'
        try:
            if taken := self._apply(wanted):
                option = 'blog_hostname' if taken[0] == host else 'additional_hostnames'
                return f'{option}: the Ingress {taken[1]} leads {taken[0]} elsewhere; give another name'
            secret = self._api.call('GET', self._api.secret(tls_secret))
        except kube.KubeError as err:
            if err.is_refusal:
                return f'tls_secret_name: the charm may not keep an Ingress; {trust}'
            if err.is_missing:
                return f'tls_secret_name: there is no secret {tls_secret}; {command}'
            log.error('Kubernetes: %s', err)
            return f'tls_secret_name: Kubernetes does not do it ({err})'
        if secret.get('type') != 'kubernetes.io/tls':
            return f'tls_secret_name: the secret {tls_secret} is not of the type tls; {command}'
        return ''

    def remove(self) -> None:
        """Take the Ingress away; it need not be there."""
        try:
            self._api.call('DELETE', self._api.ingresses(self._name))
        except kube.KubeError as err:
            if not err.is_missing:
                log.warning('the Ingress %s stays: %s', self._name, err)

    def _apply(self, wanted: Mapping[str, Any]) -> tuple[str, str] | None:
        """Write the Ingress; or return a host that another one leads elsewhere, and the name of that one."""
        all_ = cast('list[kube.Document]', self._api.call('GET', self._api.ingresses()).get('items') or [])
        there = next((one for one in all_ if one['metadata'].get('name') == self._name), None)
        if taken := rival(wanted, there, all_):
            return taken
        if there is None:
            self._api.call('POST', self._api.ingresses(), wanted)
        elif not holds(there, wanted):
            self._api.replace(self._api.ingresses(self._name), there, wanted)
        return None


def ingress(
    *,
    name: str,
    namespace: str,
    app: str,
    hosts: tuple[str, ...],
    port: int,
    tls_secret: str,
    bounds: edge.Limits,
) -> dict[str, Any]:
    """Return the Ingress that leads *hosts* to the service of *app*."""
    annotations = {
        'nginx.ingress.kubernetes.io/proxy-body-size': f'{bounds.body_mb}m',
        'nginx.ingress.kubernetes.io/proxy-send-timeout': str(bounds.timeout_s),
        'nginx.ingress.kubernetes.io/proxy-read-timeout': str(bounds.timeout_s),
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


def rival(
    wanted: Mapping[str, Any], there: Mapping[str, Any] | None, all_: Sequence[Mapping[str, Any]]
) -> tuple[str, str] | None:
    """Return a host of *wanted* that an older Ingress of the same class leads elsewhere, and its name.

    Args:
        there: The Ingress as the cluster has it, when it does.
        all_: Every Ingress of the namespace.
    """
    hosts = [rule['host'] for rule in wanted['spec']['rules']]
    kind = (there or wanted)['spec'].get('ingressClassName')
    for one in sorted(all_, key=_age):
        if one is there:
            break
        annotations = cast('dict[str, str]', one['metadata'].get('annotations') or {})
        if one['spec'].get('ingressClassName') == kind and annotations.get(CANARY) != 'true':
            for host in hosts:
                if host in _led(one):
                    return host, str(one['metadata']['name'])
    return None


def _age(one: Mapping[str, Any]) -> tuple[str, str]:
    return str(one['metadata'].get('creationTimestamp', '')), str(one['metadata']['name'])


def _led(one: Mapping[str, Any]) -> set[str]:
    """The hosts of which an Ingress has every path."""
    found: set[str] = set()
    for rule in cast('list[dict[str, Any]]', one['spec'].get('rules') or []):
        http = cast('dict[str, Any]', rule.get('http') or {})
        paths = cast('list[dict[str, Any]]', http.get('paths') or [])
        if any(path.get('path') in ('/', '', None) for path in paths):
            found.add(str(rule.get('host', '')))
    return found


def holds(there: object, wanted: object) -> bool:
    """Tell whether *there* has all of *wanted*; the cluster adds fields of its own."""
    if isinstance(wanted, dict) and isinstance(there, dict):
        found = cast('dict[str, object]', there)
        return all(holds(found.get(key), value) for key, value in cast('dict[str, object]', wanted).items())
    if isinstance(wanted, list) and isinstance(there, list):
        ours, theirs = cast('list[object]', wanted), cast('list[object]', there)
        return len(ours) == len(theirs) and all(map(holds, theirs, ours))
    return there == wanted
