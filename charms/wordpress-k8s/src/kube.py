"""An Ingress of the application's own, kept through the Kubernetes API with the pod's service account."""

from __future__ import annotations

import json
import logging
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import edge

ACCOUNT = Path('/var/run/secrets/kubernetes.io/serviceaccount')
TIMEOUT_S = 3
CANARY = 'nginx.ingress.kubernetes.io/canary'
_FOUND, _FORBIDDEN, _MISSING, _CONFLICT = 200, 403, 404, 409

log = logging.getLogger(__name__)


class KubeError(Exception):
    """The API does not answer, or refuses.

    Attributes:
        status: The HTTP status, 0 when there was no answer.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f'{status} {reason}' if status else reason)
        self.status = status


class Cluster:
    """The Ingress of *app* in the namespace of *model*."""

    def __init__(self, *, app: str, model: str) -> None:
        self._app = app
        self._model = model
        self._account = ACCOUNT
        # The application's own name belongs to another object on some versions of Juju.
        self._name = f'{app}-ingress'

    @property
    def _namespace(self) -> str:
        try:
            return (self._account / 'namespace').read_text().strip() or self._model
        except OSError:
            return self._model

    def ensure(
        self, *, host: str, hosts: tuple[str, ...], port: int, tls_secret: str, bounds: edge.Limits
    ) -> str:
        """Bring the Ingress to what is given; return what a person must do first, empty when nothing."""
        wanted = ingress(
            name=self._name,
            namespace=self._namespace,
            app=self._app,
            hosts=tuple(dict.fromkeys((host, *hosts))),
            port=port,
            tls_secret=tls_secret,
            bounds=bounds,
        )
        trust = f'juju trust {self._app} --scope=cluster'
        command = f'kubectl -n {self._namespace} create secret tls {tls_secret} --cert=FILE --key=FILE'
        try:
            if taken := self._apply(wanted):
                option = 'blog_hostname' if taken[0] == host else 'additional_hostnames'
                return f'{option}: the Ingress {taken[1]} leads {taken[0]} elsewhere; give another name'
            secret = self._call('GET', f'/api/v1/namespaces/{self._namespace}/secrets/{tls_secret}')
        except KubeError as err:
            if err.status in (401, _FORBIDDEN):
                return f'tls_secret_name: the charm may not keep an Ingress; {trust}'
            if err.status == _MISSING:
                return f'tls_secret_name: there is no secret {tls_secret}; {command}'
            log.error('Kubernetes: %s', err)
            return f'tls_secret_name: Kubernetes does not do it ({err})'
        if secret.get('type') != 'kubernetes.io/tls':
            return f'tls_secret_name: the secret {tls_secret} is not of the type tls; {command}'
        return ''

    def remove(self) -> None:
        """Take the Ingress away; it need not be there."""
        try:
            self._call('DELETE', self._path(self._name))
        except KubeError as err:
            if err.status != _MISSING:
                log.warning('the Ingress %s stays: %s', self._name, err)

    def _apply(self, wanted: Mapping[str, Any]) -> tuple[str, str] | None:
        """Write the Ingress; or return a host that another one leads elsewhere, and the name of that one."""
        all_ = cast('list[dict[str, Any]]', self._call('GET', self._path()).get('items') or [])
        there = next((one for one in all_ if one['metadata'].get('name') == self._name), None)
        if taken := rival(wanted, there, all_):
            return taken
        if there is None:
            self._call('POST', self._path(), wanted)
        elif not holds(there, wanted):
            version = there.get('metadata', {}).get('resourceVersion', '')
            metadata = {**wanted['metadata'], 'resourceVersion': version} if version else wanted['metadata']
            self._call('PUT', self._path(self._name), {**wanted, 'metadata': metadata})
        return None

    def _path(self, name: str = '') -> str:
        path = f'/apis/networking.k8s.io/v1/namespaces/{self._namespace}/ingresses'
        return f'{path}/{name}' if name else path

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        host, port = (os.environ.get(f'KUBERNETES_SERVICE_{part}', '') for part in ('HOST', 'PORT'))
        if not host:
            raise KubeError(0, 'this unit is not told where the API is')
        try:
            token = (self._account / 'token').read_text().strip()
            context = ssl.create_default_context(cafile=str(self._account / 'ca.crt'))
        except OSError:
            raise KubeError(_FORBIDDEN, 'this pod has no service account') from None
        address = f'https://{f"[{host}]" if ":" in host else host}:{port or 443}{path}'
        request = urllib.request.Request(
            address,
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
                raise KubeError(err.code, _why(err)) from None
        except (OSError, ValueError) as err:
            raise KubeError(0, f'the API does not answer: {getattr(err, "reason", err)}') from None
        return cast('dict[str, Any]', found) if isinstance(found, dict) else {}


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


def _why(err: urllib.error.HTTPError) -> str:
    """What the API says of a refusal."""
    try:
        said: object = json.loads(err.read())
    except (OSError, ValueError):
        said = None
    message = cast('dict[str, object]', said).get('message') if isinstance(said, dict) else None
    return str(message or err.reason)[:300]


def holds(there: object, wanted: object) -> bool:
    """Tell whether *there* has all of *wanted*; the cluster adds fields of its own."""
    if isinstance(wanted, dict) and isinstance(there, dict):
        found = cast('dict[str, object]', there)
        return all(holds(found.get(key), value) for key, value in cast('dict[str, object]', wanted).items())
    if isinstance(wanted, list) and isinstance(there, list):
        ours, theirs = cast('list[object]', wanted), cast('list[object]', there)
        return len(ours) == len(theirs) and all(map(holds, theirs, ours))
    return there == wanted
