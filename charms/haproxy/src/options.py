"""The charm's options, typed; one that haproxy could not take is refused here with its name."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import peering
import yaml

GENERATE = 'changeme'
"""A monitoring_password that stands for one made by the charm."""

SELF_SIGNED = 'SELFSIGNED'
"""An ssl_cert that stands for one made by the charm."""
_MANY_LINES = ('services', 'sysctl', 'ssl_cert', 'ssl_key')


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All options by their names in charmcraft.yaml."""

    global_log: str
    global_maxconn: int
    global_user: str
    global_group: str
    global_spread_checks: int
    global_stats_socket: bool
    global_hard_stop_after: str
    global_default_bind_ciphers: str
    global_default_bind_options: str
    default_log: str
    default_mode: str
    default_options: str
    default_retries: int
    default_timeouts: str
    enable_monitoring: bool
    monitoring_port: int
    monitoring_allowed_cidr: str
    monitoring_username: str
    monitoring_password: str
    monitoring_stats_refresh: int
    monitoring_always_critical: bool
    monitoring_queue_warning: int
    monitoring_queue_critical: int
    services: str
    peering_mode: str
    ssl_cert: str
    ssl_key: str
    sysctl: str
    nagios_context: str
    nagios_servicegroups: str
    check_url_path: str
    check_url_expect: str

    def __post_init__(self) -> None:
        """Refuse values that cannot work; ops shows the message as the unit's blocked status."""
        for name in self.__dataclass_fields__:
            value: object = getattr(self, name)
            if name not in _MANY_LINES and isinstance(value, str) and not value.isprintable():
                raise ValueError(f'{name} must be one line of text')
        if self.peering_mode not in peering.MODES:
            raise ValueError(f'peering_mode must be one of: {", ".join(peering.MODES)}')
        if not 0 < self.monitoring_port < 65536:
            raise ValueError('monitoring_port must be a port from 1 to 65535')
        for cidr in self.monitoring_allowed_cidr.split():
            _check_cidr(cidr)
        for name in ('monitoring_username', 'monitoring_password'):
            if not _is_plain(getattr(self, name)):
                raise ValueError(f'{name} must hold no blanks, quotes, colons or backslashes, and something')
        if self.check_url_path and not self.check_url_path.startswith('/'):
            raise ValueError('check_url_path must begin with /')
        if any(quote in f'{self.check_url_path}{self.check_url_expect}' for quote in '\'"\\`$;|&<>'):
            raise ValueError('check_url_path and check_url_expect must hold no characters of a shell')
        self.sysctl_values()

    def sysctl_values(self) -> Mapping[str, str]:
        """Return the kernel parameters of the ``sysctl`` option."""
        try:
            loaded: object = yaml.safe_load(self.sysctl)
        except yaml.YAMLError as err:
            raise ValueError('sysctl is not valid YAML') from err
        if loaded is None:
            return {}
        if not isinstance(loaded, dict):
            raise ValueError('sysctl must be a mapping of kernel parameters')
        return {str(key): str(value) for key, value in cast('dict[object, object]', loaded).items()}


def _check_cidr(cidr: str) -> None:
    try:
        ipaddress.ip_network(cidr, strict=False)
    except ValueError as err:
        raise ValueError(f'monitoring_allowed_cidr: "{cidr}" is not a network') from err


def _is_plain(text: str) -> bool:
    return bool(text) and text.isascii() and not any(char.isspace() or char in '\'":\\#' for char in text)
