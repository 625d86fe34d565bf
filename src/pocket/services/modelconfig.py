"""The options of a model: defaults, types, checks. Options that pocket does not know are kept as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pocket.model import JUJU_VERSION
from pocket.services import durations
from pocket.services.errors import NOT_VALID, JujuError
from pocket.settings import CHARMHUB_URL

DEFAULTS: Mapping[str, Any] = {
    'agent-stream': 'released',
    'apt-ftp-proxy': '',
    'apt-http-proxy': '',
    'apt-https-proxy': '',
    'apt-mirror': '',
    'apt-no-proxy': '',
    'authorized-keys': '',
    'automatically-retry-hooks': True,
    'charmhub-url': CHARMHUB_URL,
    'default-base': '',
    'default-space': '',
    'development': False,
    'egress-subnets': '',
    'enable-os-refresh-update': True,
    'enable-os-upgrade': True,
    'ftp-proxy': '',
    'http-proxy': '',
    'https-proxy': '',
    'juju-ftp-proxy': '',
    'juju-http-proxy': '',
    'juju-https-proxy': '',
    'juju-no-proxy': '127.0.0.1,localhost,::1',
    'logging-config': '<root>=INFO',
    'max-action-results-age': '336h',
    'max-action-results-size': '5G',
    'max-status-history-age': '336h',
    'max-status-history-size': '5G',
    'mode': 'requires-prompts',
    'no-proxy': '127.0.0.1,localhost,::1',
    'provisioner-harvest-mode': 'destroyed',
    'proxy-ssh': False,
    'resource-tags': '',
    'secret-backend': 'auto',
    'ssl-hostname-verification': True,
    'test-mode': False,
    'update-status-hook-interval': '5m',
}

_FIXED = frozenset({'agent-version', 'name', 'type', 'uuid'})
_DURATIONS = frozenset({'max-action-results-age', 'max-status-history-age', 'update-status-hook-interval'})


def identity(*, name: str, uuid: str) -> dict[str, Any]:
    """Return the options that a model is born with and keeps."""
    return {'agent-version': JUJU_VERSION, 'name': name, 'type': 'pocket', 'uuid': uuid}


def check(values: Mapping[str, Any], fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return *values* with their types, without those that only repeat what is *fixed*.

    Raises:
        JujuError: a value is wrong or cannot be changed.
    """
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if name in _FIXED:
            if str(value) != str(fixed[name]):
                raise _fixed(name, fixed[name], value)
        elif value is not None:
            checked[name] = _typed(name, value)
    return checked


def check_unset(names: list[str]) -> None:
    """Refuse to unset what a model cannot be without."""
    for name in names:
        if name in _FIXED:
            raise JujuError(f'model configuration "{name}" cannot be unset', NOT_VALID)


def _fixed(name: str, old: object, new: object) -> JujuError:
    if name == 'agent-version':
        return JujuError('agent-version cannot be changed')
    return JujuError(f'cannot change {name} from "{old}" to "{new}"')


def _typed(name: str, value: object) -> Any:
    if isinstance(DEFAULTS.get(name), bool):
        if str(value).lower() in ('true', 'false'):
            return str(value).lower() == 'true'
        raise JujuError(f'{name}: expected bool, got {type(value).__name__}("{value}")', NOT_VALID)
    if name in _DURATIONS:
        seconds = durations.parse_s(str(value))
        if seconds is None:
            raise JujuError(
                f'invalid {name} in model configuration: time: invalid duration "{value}"', NOT_VALID
            )
        if name == 'update-status-hook-interval' and seconds <= 0:
            raise JujuError(f'invalid {name} in model configuration: "{value}" is not above zero', NOT_VALID)
        return str(value)
    return value
