"""Charms: what a model's charms say of themselves; the store's part is in `repository`."""

from __future__ import annotations

from typing import Any

from bedrock.charm import Charm, Endpoint
from bedrock.charmstorage import StorageSpec
from pocket.api.facade import Call, Facade
from pocket.api.facades import repository
from pocket.api.rpc import Json
from pocket.services import charms
from pocket.services.charms import CharmRecord
from pocket.services.cluster import images
from pocket.services.storage import directives as storage_directives


async def charm_info(call: Call) -> Json:
    """Charms.CharmInfo."""
    return _info(call.read(charms.get, call.model_uuid, call.params.text('url')))


async def list_charms(call: Call) -> Json:
    """Charms.List."""
    names = set(call.params.texts('names'))
    records = call.read(charms.list_, call.model_uuid)
    return {'charm-urls': [record.url for record in records if not names or record.name in names]}


def action_schema(name: str, spec: dict[str, Any]) -> Json:
    """An action's parameters as the JSON schema that Juju makes of them."""
    schema: Json = {
        'title': name,
        'description': str(spec.get('description') or 'No description'),
        'type': 'object',
        'properties': spec.get('params') or {},
        'additionalProperties': spec.get('additionalProperties', True),
    }
    return {**schema, 'required': spec['required']} if spec.get('required') else schema


def actions(charm: Charm) -> Json:
    """A charm's actions by name."""
    return {
        name: {
            'description': str(spec.get('description') or 'No description'),
            'params': action_schema(name, dict(spec)),
        }
        for name, spec in charm.actions.items()
    }


def _info(record: CharmRecord) -> Json:
    charm = record.charm
    return {
        'revision': record.revision,
        'url': record.url,
        'config': {
            name: {'type': option.type, 'description': option.description}
            | ({} if option.default is None else {'default': option.default})
            for name, option in charm.options.items()
        },
        'meta': _meta(charm),
        'actions': {'specs': actions(charm)},
        'manifest': {
            'bases': [
                {'name': name, 'channel': f'{channel}/stable', 'architectures': ['amd64', 'arm64']}
                for name, channel in charm.bases
            ]
        },
    }


def _meta(charm: Charm) -> Json:
    return {
        'name': charm.name,
        'summary': charm.summary,
        'description': charm.description,
        'subordinate': charm.subordinate,
        'provides': _endpoints(charm, 'provider'),
        'requires': _endpoints(charm, 'requirer'),
        'peers': _endpoints(charm, 'peer'),
        'storage': {name: _storage(spec) for name, spec in storage_directives.specs(charm).items()},
        'resources': {
            name: {
                'name': name,
                'type': str(spec.get('type', '')),
                'path': str(spec.get('filename', '')),
                'description': str(spec.get('description', '')),
            }
            for name, spec in charm.resources.items()
        },
        **({'containers': found} if (found := _containers(charm)) else {}),
    }


def _containers(charm: Charm) -> Json:
    return {
        name: {
            'resource': str(spec.get('resource') or ''),
            'mounts': [
                {'storage': str(mount.get('storage') or ''), 'location': str(mount.get('location') or '')}
                for mount in spec.get('mounts') or ()
            ],
        }
        for name, spec in images.containers(charm).items()
    }


def _endpoints(charm: Charm, role: str) -> Json:
    return {name: _endpoint(endpoint) for name, endpoint in charm.endpoints.items() if endpoint.role == role}


def _endpoint(endpoint: Endpoint) -> Json:
    return {
        'name': endpoint.name,
        'role': endpoint.role,
        'interface': endpoint.interface,
        'optional': endpoint.optional,
        'limit': endpoint.limit,
        'scope': endpoint.scope,
    }


def _storage(spec: StorageSpec) -> Json:
    return {
        'name': spec.name,
        'description': spec.description,
        'type': spec.kind,
        'shared': spec.shared,
        'read-only': spec.read_only,
        'count-min': spec.count_min,
        'count-max': spec.count_max,
        'minimum-size': spec.minimum_mib,
        'location': spec.location,
        'properties': list(spec.properties),
    }


FACADE = Facade(
    name='Charms',
    versions=(6, 7),
    methods={
        'AddCharm': repository.add_charm,
        'CharmInfo': charm_info,
        'GetDownloadInfos': repository.get_download_infos,
        'List': list_charms,
        'ListCharmResources': repository.list_charm_resources,
        'ResolveCharms': repository.resolve_charms,
    },
)
