"""What neither a model's status nor its bundle tells: resources, secrets of users, settings of its own."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

_GIVEN = frozenset(('agent-version', 'authorized-keys', 'name', 'type', 'uuid'))
"""Settings that every model has of its own, whoever made it."""
_OF_A_HOST = ('oci:', 'oci-archive:', '/', '.')
_BASE64 = '#base64'
"""At the end of a key, for the juju program: the value is told in base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource that somebody brought; one of a store is told in the bundle."""

    name: str
    type: str
    """file or oci-image."""
    path: str
    """What the charm calls the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret that a user made."""

    label: str
    content: Mapping[str, str] = field(repr=False)
    """As ``juju add-secret --file`` takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What a model itself is set to."""

    config: tuple[str, ...] = ()
    """The names of its settings; their values may be secrets."""
    constraints: Mapping[str, str] = field(default_factory=dict[str, str])


def resources(answer: Mapping[str, Any]) -> tuple[Resource, ...]:
    """The resources in a ``Resources.ListResources`` answer about one application that somebody brought."""
    results = _list(answer.get('results')) or [{}]
    found = [_mapping(entry) for entry in _list(_mapping(results[0]).get('resources'))]
    # One that nobody brought is listed too; it has no content.
    brought = (one for one in found if one.get('origin') == 'upload' and one.get('fingerprint'))
    made = (
        Resource(
            name=str(one.get('name', '')), type=str(one.get('type', 'file')), path=str(one.get('path') or '')
        )
        for one in brought
    )
    return tuple(sorted(made, key=lambda one: one.name))


def image(content: bytes) -> str:
    """The image that the content of a resource names; empty where others could not have it by that name."""
    import yaml

    try:
        found = _mapping(yaml.safe_load(content))
    except (yaml.YAMLError, ValueError, RecursionError):
        return ''
    named = str(found.get('registrypath') or found.get('ImageName') or '')
    closed = any(found.get(key) for key in ('username', 'Username', 'password', 'Password'))
    return '' if closed or named.startswith(_OF_A_HOST) else named


def secret(answer: Mapping[str, Any]) -> Secret | None:
    """The one secret in a ``Secrets.ListSecrets`` answer; None where it is not shown, or is a charm's."""
    results = _list(answer.get('results'))
    if len(results) != 1:
        return None
    found = _mapping(results[0])
    data = _mapping(_mapping(found.get('value')).get('data'))
    if not data or not str(found.get('owner-tag', '')).startswith('model-'):
        return None
    return Secret(label=str(found.get('label') or ''), content=dict(map(_plain, data.items())))


def config(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """The settings in a ``ModelConfig.ModelGet`` answer that were made for the model."""
    found = _mapping(answer.get('config')).items()
    own = (key for key, entry in found if _mapping(entry).get('source') == 'model')
    return tuple(sorted(key for key in own if key not in _GIVEN))


def _plain(entry: tuple[str, Any]) -> tuple[str, str]:
    """A key and its value, which Juju tells in base64, as texts."""
    key, told = entry[0], str(entry[1])
    try:
        return key, base64.b64decode(told, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return f'{key}{_BASE64}', told


def _mapping(value: object) -> Mapping[str, Any]:
    return cast('Mapping[str, Any]', value) if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return cast('list[object]', value) if isinstance(value, list) else []
