"""Small pieces of Juju's JSON that many replies hold."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Mapping
from typing import Any

from bedrock.charm import Endpoint
from pocket.api.fields import Fields
from pocket.api.rpc import Json
from pocket.model import Base, Life, Status
from pocket.model.resources import Resource
from pocket.services.relations import RelationEndpoint

__all__ = [
    'address',
    'base',
    'charm_relation',
    'charm_resource',
    'constraint_text',
    'detailed_status',
    'entity_status',
    'hardware',
    'life_unless_alive',
    'parse_base',
    'placement',
    'plain_status',
    'remote_endpoint',
    'resource',
    'timestamp',
]

_NEVER = '0001-01-01T00:00:00Z'
_MEGABYTES = frozenset({'mem', 'root-disk'})


def timestamp(at_ms: int) -> str:
    """A time in RFC 3339 and UTC; 0 is Go's zero time."""
    if not at_ms:
        return _NEVER
    at = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC)
    return at.isoformat(timespec='milliseconds').replace('+00:00', 'Z')


def base(value: Base) -> Json:
    """A base with the risk that Juju always writes."""
    return {'name': value.name, 'channel': f'{value.channel}/stable'}


def parse_base(fields: Fields) -> Base | None:
    """The base that a client named, without the risk; None when it named none."""
    return Base.of(fields.text('name'), fields.text('channel'))


def life_unless_alive(life: Life) -> str:
    """How status replies carry life: empty for what is alive."""
    return '' if life is Life.ALIVE else life.value


def detailed_status(status: Status, *, life: Life = Life.ALIVE, kind: str = '', version: str = '') -> Json:
    """A status in FullStatus."""
    return {
        'status': status.value,
        'info': status.message,
        'data': dict(status.data),
        'since': timestamp(status.since_ms),
        'kind': kind,
        'version': version,
        'life': life_unless_alive(life),
    }


def entity_status(status: Status) -> Json:
    """A status in ModelInfo and its like."""
    return {
        'status': status.value,
        'info': status.message,
        'data': dict(status.data),
        'since': timestamp(status.since_ms),
    }


def plain_status(status: Status, *, version: str = '') -> Json:
    """A status in AllWatcher's deltas."""
    return {
        'current': status.value,
        'message': status.message,
        'since': timestamp(status.since_ms),
        'version': version,
        'data': dict(status.data),
    }


def remote_endpoint(endpoint: Endpoint) -> Json:
    """An endpoint that is offered or consumed."""
    return {
        'name': endpoint.name,
        'role': endpoint.role,
        'interface': endpoint.interface,
        'limit': endpoint.limit,
    }


def address(value: str) -> Json:
    """An address that other machines of the model and this host can reach."""
    return {'value': value, 'type': 'ipv4', 'scope': 'local-cloud', 'space-name': 'alpha', 'space-id': '0'}


def charm_relation(endpoint: RelationEndpoint) -> Json:
    """One side of a relation as its charm declares it."""
    return {
        'name': endpoint.name,
        'role': endpoint.role,
        'interface': endpoint.interface,
        'optional': endpoint.optional,
        'limit': endpoint.limit,
        'scope': endpoint.scope,
    }


def hardware(constraints: Mapping[str, Any], *, arch: str, zone: str = '') -> str:
    """What a machine was given, as ``arch=amd64 cores=2 mem=1024M availability-zone=a``."""
    given = {key: constraints[key] for key in ('cores', 'mem') if constraints.get(key)}
    return constraint_text({'arch': arch, **given, 'availability-zone': zone or None})


def constraint_text(constraints: Mapping[str, Any]) -> str:
    """Constraints as a person writes them."""
    return ' '.join(
        f'{key}={_constraint(key, value)}' for key, value in constraints.items() if value is not None
    )


def _constraint(key: str, value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list() | tuple():
            return ','.join(str(item) for item in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case _:
            return f'{value}M' if key in _MEGABYTES else str(value)


def placement(fields: Fields, model_uuid: str) -> str:
    """A placement directive as a person writes it: ``0``, ``lxd:0``, ``zone=a``."""
    scope, directive = fields.text('scope'), fields.text('directive')
    # The scope is a kind of container unless it says "machine" or "this model's cloud".
    return directive if scope in ('', '#', model_uuid) else f'{scope}:{directive}'.rstrip(':')


def resource(value: Resource) -> Json:
    """A resource of an application or unit."""
    return {
        'id': f'{value.application}/{value.name}',
        'pending-id': value.pending_id,
        'application': value.application,
        'username': value.username,
        'timestamp': timestamp(0 if value.is_placeholder else value.at_ms),
        **charm_resource(value),
    }


def charm_resource(value: Resource) -> Json:
    """A resource as a charm declares it and somebody supplies it."""
    return {
        'name': value.name,
        'type': value.type,
        'path': value.path,
        'description': value.description,
        'origin': value.origin,
        'revision': value.revision,
        'fingerprint': base64.b64encode(bytes.fromhex(value.fingerprint)).decode(),
        'size': value.size,
    }
