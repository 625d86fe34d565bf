"""The NRPE checks of this unit, as files for the agent and as data for the nrpe charm; pure."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import definitions
import options
import render
import services
import yaml

NRPE_DIR = '/etc/nagios/nrpe.d'
EXPORT_DIR = '/var/lib/nagios/export'
PLUGIN_DIR = '/usr/local/lib/nagios/plugins'
NAMES = ('check_haproxy', 'check_haproxy_queue', 'check_archive_http')
"""Every check that this charm may have: files of those that it has not are removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: its name begins with ``check_``."""

    name: str
    description: str
    command: tuple[str, ...]


def wanted(given: options.Options, found: Sequence[definitions.Service]) -> tuple[Check, ...]:
    """Return the checks that this configuration calls for."""
    ask = (f'{PLUGIN_DIR}/check_haproxy.py', '--socket', render.STATS_SOCKET)
    strict = ('--always-critical',) if given.monitoring_always_critical else ()
    limits = ('-w', str(given.monitoring_queue_warning), '-c', str(given.monitoring_queue_critical))
    checks = [
        Check(name='check_haproxy', description='Check HAProxy', command=(*ask, 'servers', *strict)),
        Check(
            name='check_haproxy_queue',
            description='Check HAProxy queue depth',
            command=(*ask, 'queue', *limits),
        ),
    ]
    service = services.front(found)
    if given.check_url_path and service is not None:
        scheme = 'https' if service.crts else 'http'
        host, port = service.address
        if host in definitions.ANY_HOSTS:
            host = 'localhost'
        url = f'{scheme}://{host}:{port}{given.check_url_path}'
        expected = tuple(word for text in given.check_url_expect.split() for word in ('--expect', text))
        checks.append(
            Check(
                name='check_archive_http',
                description=f'Check that {given.check_url_path} answers',
                command=(f'{PLUGIN_DIR}/check_url.py', '--url', url, *expected),
            )
        )
    return tuple(checks)


def files(checks: Sequence[Check], *, hostname: str, servicegroups: str) -> Mapping[str, str]:
    """Return the agent's and Nagios's files by their names, in the form that the classic charms write."""
    made: dict[str, str] = {}
    for check in checks:
        made[f'{NRPE_DIR}/{check.name}.cfg'] = (
            f'# {check.description}\n'
            '# Written by the haproxy charm; a change made here is lost.\n'
            f'# servicegroups: {servicegroups}\n'
            f'command[{check.name}]={shlex.join(check.command)}\n'
        )
        made[f'{EXPORT_DIR}/service__{hostname}_{check.name}.cfg'] = _export(check, hostname, servicegroups)
    return made


def monitors(checks: Sequence[Check]) -> str:
    """Return the ``monitors`` YAML of *checks* for the relation with nrpe."""
    remote = {check.name: {'command': check.name} for check in checks}
    return yaml.safe_dump({'version': '0.3', 'monitors': {'remote': {'nrpe': remote}}}, sort_keys=True)


def digest(made: Mapping[str, str]) -> str:
    """Return a short name for the content of all files: nrpe restarts its daemon when this changes."""
    return hashlib.sha256(repr(sorted(made.items())).encode()).hexdigest()[:16]


def _export(check: Check, hostname: str, servicegroups: str) -> str:
    short = check.name.removeprefix('check_')
    entries = (
        ('use', 'active-service'),
        ('host_name', hostname),
        ('service_description', f'{hostname}[{short}] {check.description}'),
        ('check_command', f'check_nrpe!{check.name}'),
        ('servicegroups', servicegroups),
    )
    body = ''.join(f'    {key:<22}{value}\n' for key, value in entries)
    return f'# This file is Juju managed: the haproxy charm writes it.\ndefine service {{\n{body}}}\n'
