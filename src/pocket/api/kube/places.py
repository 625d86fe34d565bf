"""What the paths of requests name, and what requests that cannot be served are answered. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pocket.api.kube import resources
from pocket.api.kube.resources import Resource

REASONS = {
    400: 'BadRequest',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'NotFound',
    405: 'MethodNotAllowed',
    409: 'Conflict',
    410: 'Expired',
    413: 'RequestEntityTooLarge',
    415: 'UnsupportedMediaType',
    422: 'Invalid',
}


class Failure(Exception):
    """What a request is answered with instead of an object."""

    def __init__(self, code: int, message: str, *, reason: str = '') -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason or REASONS[code]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a path names."""

    resource: Resource
    namespace: str
    name: str

    def describe(self) -> str:
        """In words, as Kubernetes has them."""
        group = f'.{self.resource.group}' if self.resource.group else ''
        return f'{self.resource.plural}{group}' + (f' "{self.name}"' if self.name else '')


def find(path: str) -> Place | None:
    """What *path*, which has no slashes at its ends, names."""
    words = path.split('/')
    if words[:2] == ['api', 'v1']:
        group, rest = '', words[2:]
    elif words[0] == 'apis' and words[2:3] == ['v1']:
        group, rest = words[1], words[3:]
    else:
        return None
    namespace = ''
    if rest[:1] == ['namespaces'] and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    resource = resources.find(group, rest[0]) if rest else None
    if resource is None or len(rest) > 2 or resource.is_namespaced < bool(namespace):
        return None
    name = rest[1] if len(rest) == 2 else ''
    if name and resource.is_namespaced and not namespace:
        return None
    return Place(resource=resource, namespace=namespace, name=name)
