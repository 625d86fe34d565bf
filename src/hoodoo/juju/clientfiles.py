"""The Juju client's files: which controllers there are, how to reach them and who we are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from bedrock import errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """A registered controller."""

    name: str
    endpoints: tuple[str, ...]
    """``host:port`` each."""
    ca: str
    """PEM; empty means that the system's own authorities vouch for it."""
    hostname: str = ''
    """The public name that the system's own authorities vouch for, though *ca* does not; may be empty."""
    cloud: str
    user: str
    password: str


def current(data: Path) -> str:
    """The name of the current controller; empty when none is registered."""
    return str(_read(data / 'controllers.yaml').get('current-controller') or '')


def current_model(data: Path, controller: str) -> str:
    """The client's current model of *controller*, as ``owner/name``; empty when there is none."""
    entry = _mapping(_mapping(_read(data / 'models.yaml').get('controllers')).get(controller))
    return str(entry.get('current-model') or '')


def find(data: Path, name: str) -> Controller | None:
    """The controller called *name*; None when it is not registered."""
    entry = _mapping(_mapping(_read(data / 'controllers.yaml').get('controllers')).get(name))
    if not entry:
        return None
    account = _mapping(_mapping(_read(data / 'accounts.yaml').get('controllers')).get(name))
    return Controller(
        name=name,
        endpoints=tuple(str(endpoint) for endpoint in entry.get('api-endpoints') or ()),
        ca=str(entry.get('ca-cert') or ''),
        hostname=str(entry.get('public-hostname') or ''),
        cloud=str(entry.get('cloud', '')),
        # Older clients wrote local users so.
        user=str(account.get('user') or '').removesuffix('@local'),
        password=str(account.get('password') or ''),
    )


def names(data: Path) -> tuple[str, ...]:
    """Every registered controller."""
    return tuple(sorted(_mapping(_read(data / 'controllers.yaml').get('controllers'))))


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return _mapping(yaml.safe_load(path.read_text()))
    except FileNotFoundError:
        return {}
    except yaml.YAMLError as err:
        raise errors.Fault(f'cannot read {path}: it is not valid YAML') from err


def _mapping(value: object) -> Mapping[str, Any]:
    return cast('Mapping[str, Any]', value) if isinstance(value, dict) else {}
