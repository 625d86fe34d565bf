"""What other applications are told: haproxy, Nagios, the peers. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

PLUGINS = '/usr/local/lib/nagios/plugins'
_SERVER_OPTIONS = ('check', 'inter 2000', 'rise 2', 'fall 2')
_SERVICE_OPTIONS = (
    'mode http',
    # One path always goes to the same unit, so the region fetches each package once.
    'balance uri path-only',
    'hash-type consistent',
    'option httpchk GET /healthz',
    # 404 from the health check means draining: running downloads end, new ones go elsewhere.
    'http-check disable-on-404',
    'option redispatch 1',
    'retries 3',
    'timeout server 60s',
)


@dataclass(frozen=True)
class Check:
    """One NRPE check."""

    name: str
    command: str
    text: str


def services_yaml(*, service: str, unit: str, address: str, port: int) -> str:
    """The service definition for the classic haproxy charm's ``services`` key."""
    server = [f'{unit.replace("/", "-")}-{port}', address, port, ' '.join(_SERVER_OPTIONS)]
    definition = {
        'service_name': service,
        'service_host': '0.0.0.0',
        'service_port': 80,
        'service_options': list(_SERVICE_OPTIONS),
        'server_options': ' '.join(_SERVER_OPTIONS),
        'servers': [server],
    }
    return yaml.safe_dump([definition], sort_keys=False, default_flow_style=False)


def checks(*, port: int, path_base: str) -> tuple[Check, ...]:
    """The checks that run on the unit."""
    address = f'http://127.0.0.1:{port}'
    table = (
        ('check_repository_age', f'--url {address}', 'every suite is young enough and has not expired'),
        ('check_repository_sync', f'--url {address}', 'the last sync had no problem'),
        ('check_repository_store', f'--url {address}', 'the store has space'),
        ('check_nginx', f'--url {address} --path /{path_base}/dists/', 'nginx answers clients'),
    )
    return tuple(Check(name, f'{PLUGINS}/{name} {arguments}', text) for name, arguments, text in table)


def nrpe_file(check: Check, *, servicegroups: str) -> str:
    """The file in nrpe.d for *check*."""
    return (
        f'# Kept by the charm ubuntu-repository-cache: {check.text}.\n'
        f'# service groups: {servicegroups}\n'
        f'command[{check.name}]={check.command}\n'
    )


def external_monitors(items: tuple[Check, ...], *, port: int) -> str:
    """``monitors`` for nrpe-external-master: the checks are on disk, Nagios must only know of them."""
    nrpe = {check.name: {'command': check.name} for check in items}
    return _monitors({'remote': {'http': _http(port), 'nrpe': nrpe}})


def local_monitors(*, port: int) -> str:
    """``monitors`` for local-monitors: the agent makes the local ones itself."""
    local = {'procrunning': {'nginx': {'min': 1, 'max': 256, 'executable': 'nginx'}}}
    return _monitors({'local': local, 'remote': {'http': _http(port)}})


def _http(port: int) -> dict[str, Any]:
    return {'repository': {'port': port, 'path': '/healthz', 'status': '200'}}


def _monitors(content: Mapping[str, Any]) -> str:
    return yaml.safe_dump({'version': '0.3', 'monitors': dict(content)}, sort_keys=False)


def status_text(report: Mapping[str, Any]) -> str:
    """One line such as ``serving g3, 2 min old, 3 suites, 96 % hits``."""
    count = len(report['suites'])
    text = (
        f'serving g{report["generation"]}, {_age(float(report["age"]))} old, '
        f'{count} suite{"" if count == 1 else "s"}, {float(report["hit_share"]):.0f} % hits'
    )
    problems = report['sync']['problems']
    if problems:
        text += f'; last sync: {next(iter(problems.values()))}'
    return text


def snapshot_result(snapshot: Mapping[str, Any]) -> dict[str, str]:
    """One snapshot as an action shows it."""
    return {
        'built': _utc(float(snapshot['built'])),
        'current': str(snapshot['current']).lower(),
        'digest': str(snapshot['digest']),
        'suites': ', '.join(
            f'{suite["suite"]} of {_utc(float(suite["date"]))}' for suite in snapshot['suites']
        ),
    }


def _utc(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime('%Y-%m-%d %H:%M:%SZ')


def _age(seconds: float) -> str:
    if seconds < 7200:
        return f'{int(seconds // 60)} min'
    return f'{int(seconds // 3600)} h'
