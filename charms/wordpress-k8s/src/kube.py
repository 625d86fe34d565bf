"""The Kubernetes API of the pod's own namespace, asked with the pod's service account."""

from __future__ import annotations

import http
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

ACCOUNT = Path('/var/run/secrets/kubernetes.io/serviceaccount')
TIMEOUT_S = 3

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

    @property
    def is_missing(self) -> bool:
        """Whether there is no such object."""
        return self.status == http.HTTPStatus.NOT_FOUND


class Api:
    """What the service account may do in its namespace, *model* where the pod is not told another."""

    def __init__(self, *, model: str) -> None:
        self._model = model
        self._account = ACCOUNT

    @property
    def namespace(self) -> str:
        """Where the objects are."""
        try:
            return (self._account / 'namespace').read_text().strip() or self._model
        except OSError:
            return self._model

    def ingresses(self, name: str = '') -> str:
        """Return the path of all Ingresses, or of the one called *name*."""
        path = f'/apis/networking.k8s.io/v1/namespaces/{self.namespace}/ingresses'
        return f'{path}/{name}' if name else path

    def secret(self, name: str) -> str:
        """Return the path of the secret *name*."""
        return f'/api/v1/namespaces/{self.namespace}/secrets/{name}'

    def replace(self, path: str, there: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        """Put *wanted* in the place of *there*, unless that has changed meanwhile.

        Raises:
            KubeError: it could not be done.
        """
        metadata: Mapping[str, Any] = there.get('metadata') or {}
        version = metadata.get('resourceVersion', '')
        merged = {**wanted['metadata'], **({'resourceVersion': version} if version else {})}
        self.call('PUT', path, {**wanted, 'metadata': merged})

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Document:
        """Return the object that a request is answered with.

        Raises:
            KubeError: the API does not answer, or refuses.
        """
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
                raise KubeError(err.code, _why(err)) from None
        except (OSError, ValueError) as err:
            raise KubeError(0, f'the API does not answer: {getattr(err, "reason", err)}') from None
        return cast('Document', found) if isinstance(found, dict) else {}


def _why(err: urllib.error.HTTPError) -> str:
    """What the API says of a refusal."""
    try:
        said: object = json.loads(err.read())
    except (OSError, ValueError):
        said = None
    message = cast('dict[str, object]', said).get('message') if isinstance(said, dict) else None
    return str(message or err.reason)[:300]
