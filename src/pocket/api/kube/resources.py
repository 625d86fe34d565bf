"""The kinds of objects that there are, and the documents by which clients find out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

VERSION = 'v1.31.0'
"""The release whose objects these are like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of objects."""

    group: str
    plural: str
    kind: str
    short: tuple[str, ...] = ()
    is_namespaced: bool = True
    writing: frozenset[str] = frozenset()
    """What clients may do to it besides looking; what cannot be created is what the model has anyway."""

    @property
    def api_version(self) -> str:
        """As objects say it."""
        return f'{self.group}/v1' if self.group else 'v1'

    @property
    def prefix(self) -> str:
        """What paths begin with, without slashes at the ends."""
        return f'apis/{self.group}/v1' if self.group else 'api/v1'


_READING = ('get', 'list', 'watch')
_CHANGING = frozenset({'patch', 'update'})
_WRITING = _CHANGING | {'create', 'delete'}
_APPS, _LEASES, _NETWORKING = 'apps', 'coordination.k8s.io', 'networking.k8s.io'

ALL = (
    Resource(group='', plural='configmaps', kind='ConfigMap', short=('cm',), writing=_WRITING),
    Resource(group='', plural='endpoints', kind='Endpoints', short=('ep',), writing=_WRITING),
    Resource(group='', plural='namespaces', kind='Namespace', short=('ns',), is_namespaced=False),
    Resource(group='', plural='nodes', kind='Node', short=('no',), is_namespaced=False),
    Resource(group='', plural='persistentvolumeclaims', kind='PersistentVolumeClaim', short=('pvc',)),
    Resource(group='', plural='pods', kind='Pod', short=('po',), writing=_CHANGING | {'delete'}),
    Resource(group='', plural='secrets', kind='Secret', writing=_WRITING),
    Resource(group='', plural='services', kind='Service', short=('svc',), writing=_WRITING),
    Resource(group=_APPS, plural='statefulsets', kind='StatefulSet', short=('sts',), writing=_CHANGING),
    Resource(group=_LEASES, plural='leases', kind='Lease', writing=_WRITING),
    Resource(group=_NETWORKING, plural='ingresses', kind='Ingress', short=('ing',), writing=_WRITING),
)
_GROUPS = sorted({resource.group for resource in ALL if resource.group})


def find(group: str, plural: str) -> Resource | None:
    """The kind of this name."""
    return next((one for one in ALL if (one.group, one.plural) == (group, plural)), None)


def discovery(path: str) -> dict[str, Any] | None:
    """What is said of the API at *path*, which has no slashes at its ends; None: nothing."""
    if path == 'version':
        major, minor, _ = VERSION.removeprefix('v').split('.')
        return {'major': major, 'minor': minor, 'gitVersion': f'{VERSION}+pocket', 'platform': 'linux'}
    if path == 'api':
        return {'kind': 'APIVersions', 'versions': ['v1']}
    if path == 'apis':
        return {'kind': 'APIGroupList', 'apiVersion': 'v1', 'groups': [_group(name) for name in _GROUPS]}
    if path == 'openapi/v3':
        prefixes = sorted({one.prefix for one in ALL})
        return {'paths': {prefix: {'serverRelativeURL': f'/openapi/v3/{prefix}'} for prefix in prefixes}}
    for name in _GROUPS:
        if path == f'apis/{name}':
            return {'kind': 'APIGroup', 'apiVersion': 'v1', **_group(name)}
    for prefix in {one.prefix for one in ALL}:
        members = [one for one in ALL if one.prefix == prefix]
        if path == prefix:
            return {
                'kind': 'APIResourceList',
                'apiVersion': 'v1',
                'groupVersion': members[0].api_version,
                'resources': [_listed(one) for one in members],
            }
        if path == f'openapi/v3/{prefix}':
            return _openapi(members)
    return None


def _group(name: str) -> dict[str, Any]:
    version = {'groupVersion': f'{name}/v1', 'version': 'v1'}
    return {'name': name, 'versions': [version], 'preferredVersion': version}


def _listed(resource: Resource) -> dict[str, Any]:
    return {
        'name': resource.plural,
        'singularName': resource.kind.lower(),
        'namespaced': resource.is_namespaced,
        'kind': resource.kind,
        'verbs': sorted({*_READING, *resource.writing}),
        'shortNames': list(resource.short),
    }


def _openapi(members: list[Resource]) -> dict[str, Any]:
    """As much as tells kubectl that objects are checked here, so that it does not do it."""
    parameters = [
        {'name': name, 'in': 'query', 'schema': {'type': 'string'}} for name in ('dryRun', 'fieldValidation')
    ]
    paths = {
        f'/{one.prefix}/namespaces/{{namespace}}/{one.plural}/{{name}}': {
            'patch': {
                'parameters': parameters,
                'responses': {'200': {'description': 'OK'}},
                'x-kubernetes-action': 'patch',
                'x-kubernetes-group-version-kind': {'group': one.group, 'version': 'v1', 'kind': one.kind},
            }
        }
        for one in members
        if 'patch' in one.writing
    }
    return {
        'openapi': '3.0.0',
        'info': {'title': 'Kubernetes', 'version': VERSION},
        'paths': paths,
        'components': {'schemas': {}},
    }
