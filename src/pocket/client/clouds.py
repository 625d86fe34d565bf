"""Clouds as the client's files have them, as the API has them, and which of the two a command is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pocket.client import shape
from pocket.client.context import Context
from pocket.client.files import Controller
from pocket.client.flags import Given

Json = dict[str, Any]

FILE, SECTION = 'clouds.yaml', 'clouds'
CREDENTIALS_FILE, CREDENTIALS = 'credentials.yaml', 'credentials'
_KEYS = (
    'type',
    'auth-types',
    'endpoint',
    'identity-endpoint',
    'storage-endpoint',
    'ca-certificates',
    'config',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a command about clouds does its work."""

    client: bool
    controller: Controller | None


def places(ctx: Context, given: Given) -> Places:
    """What ``--client`` and ``--controller`` say: both without either, as far as there is a controller.

    Raises:
        Fault: the named controller is not known.
    """
    named = bool(given.text('controller'))
    if given.on('client') and not named:
        return Places(client=True, controller=None)
    known = named or bool(ctx.files.controller_names())
    return Places(client=not named or given.on('client'), controller=ctx.controller(given) if known else None)


def from_api(cloud: Json) -> Json:
    """A cloud of the API in the form of the files: regions are a mapping."""
    regions = {
        region['name']: {key: value for key, value in region.items() if key != 'name' and value}
        for region in shape.objects(cloud.get('regions'))
    }
    return {**{key: cloud[key] for key in _KEYS if cloud.get(key)}, 'regions': regions}


def for_api(cloud: Json) -> Json:
    """The opposite of `from_api`."""
    regions = [
        {'name': name, **shape.mapping(value)} for name, value in shape.mapping(cloud.get('regions')).items()
    ]
    return {**{key: cloud[key] for key in _KEYS if cloud.get(key)}, 'regions': regions}


def public() -> Json:
    """Clouds that every Juju client knows of itself: the one of this machine's LXD."""
    return {
        'localhost': {
            'defined': 'built-in',
            'type': 'lxd',
            'description': 'LXD Container Hypervisor',
            'auth-types': ['certificate'],
            'regions': {'localhost': {}},
        }
    }
