"""Steps in Juju's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pocket.bundles.spec import Application, charm_name


def add_charm(application: Application, *, base: str, arch: str) -> str:
    """``upload charm mysql from charm-hub for base ubuntu@24.04/stable ...``."""
    words = f'upload charm {_name(application)}{_origin(application)}'
    if base:
        words += f' for base {base}'
    if application.revision is not None:
        words += f' with revision {application.revision}'
    elif application.channel:
        words += f' from channel {application.channel}'
    return f'{words} with architecture={arch}' if arch else words


def deploy(application: Application, *, base: str) -> str:
    """``deploy application db from charm-hub on ubuntu@24.04/stable with 8.0/stable using mysql``."""
    words = f'deploy application {application.name}{_origin(application)}'
    if base:
        words += f' on {base}'
    if application.channel:
        words += f' with {application.channel}'
    if not application.local and _name(application) != application.name:
        words += f' using {_name(application)}'
    return words


def upgrade(application: Application, *, base: str) -> str:
    """``upgrade db from charm-hub using charm mysql for base ubuntu@24.04/stable``."""
    words = f'upgrade {application.name}{_origin(application)} using charm {_name(application)}'
    if base:
        words += f' for base {base}'
    return f'{words} from channel {application.channel}' if application.channel else words


def expose(name: str, endpoints: Mapping[str, Any]) -> list[str]:
    """A line for each set of endpoints that are exposed alike."""
    everywhere = 'CIDRs 0.0.0.0/0 and ::/0'
    if not endpoints:
        return [f'expose all endpoints of {name} and allow access from {everywhere}']
    groups: dict[str, list[str]] = {}
    for endpoint, details in sorted(endpoints.items()):
        spaces, cidrs = details.get('expose-to-spaces', []), details.get('expose-to-cidrs', [])
        parts = [_counted('space', spaces), _counted('CIDR', cidrs)]
        allowed = ' and '.join(part for part in parts if part) or everywhere
        # The whole application is a line of its own, even when an endpoint is exposed in the same way.
        groups.setdefault(f'{allowed}\n{"" if endpoint else "all"}', []).append(endpoint)
    lines: list[str] = []
    for key, names in groups.items():
        what = 'expose all endpoints'
        if names != ['']:
            what = f'override expose settings for endpoint{"s" if len(names) > 1 else ""} {",".join(names)}'
        lines.append(f'{what} of {name} and allow access from {key.partition(chr(10))[0]}')
    return lines


def _counted(word: str, values: list[str]) -> str:
    return f'{word}{"s" if len(values) > 1 else ""} {",".join(values)}' if values else ''


def _name(application: Application) -> str:
    return application.charm if application.local else charm_name(application.charm)


def _origin(application: Application) -> str:
    if application.local:
        return ''
    return ' from local' if application.charm.startswith('local:') else ' from charm-hub'
