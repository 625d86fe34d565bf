"""The text of haproxy.cfg, and the files that it names; nothing here touches the machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import definitions
import options

STATS_SOCKET = '/run/haproxy/stats.sock'
"""Answers everybody on the machine, and can change nothing: the NRPE checks ask here."""
OPERATOR_SOCKET = '/run/haproxy/haproxy.sock'
LIB_DIR = '/var/lib/haproxy'
MATERIAL_DIR = f'{LIB_DIR}/material'
MONITORING = 'haproxy_monitoring'

# The classic charm's split of a service's options: what begins like one of these is for the frontend.
_FRONTEND = (
    'acl',
    'backlog',
    'bind',
    'capture cookie',
    'capture request header',
    'capture response header',
    'clitimeout',
    'default_backend',
    'http-request',
    'maxconn',
    'monitor fail',
    'monitor-net',
    'monitor-uri',
    'option accept-invalid-http-request',
    'option clitcpka',
    'option contstats',
    'option dontlog-normal',
    'option dontlognull',
    'option http-use-proxy-header',
    'option log-separate-errors',
    'option logasap',
    'option socket-stats',
    'option tcp-smart-accept',
    'rate-limit sessions',
    'redirect',
    'tcp-request content accept',
    'tcp-request content reject',
    'tcp-request inspect-delay',
    'timeout client',
    'timeout clitimeout',
    'use_backend',
)
_BOTH = ('mode tcp', 'option tcplog', 'mode http', 'option httplog')


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Files that the configuration names, each called by its content so that none is ever overwritten."""

    files: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def path(self, content: bytes, suffix: str) -> str:
        """Note a file and return where it will be."""
        path = f'{MATERIAL_DIR}/{hashlib.sha256(content).hexdigest()[:24]}{suffix}'
        self.files[path] = content
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A whole configuration."""

    text: str
    files: Mapping[str, bytes]


def config(
    wanted: options.Options,
    found: Sequence[definitions.Service],
    *,
    unit: str,
    password: str,
    default_crt: bytes | None,
) -> Rendered:
    """Render everything that haproxy reads.

    Args:
        unit: This unit's name; frontends are named after it.
        password: Of the statistics page.
        default_crt: Certificate and key for services whose ``crts`` say DEFAULT.

    Raises:
        definitions.ServicesFault: a service wants the default certificate and there is none.
    """
    material = Material()
    prefix = unit.replace('/', '-')
    sections = [_global(wanted), _defaults(wanted)]
    if wanted.enable_monitoring:
        sections += _monitoring(wanted, prefix, password)
    for service in found:
        sections += _service(service, prefix, material, default_crt)
    head = '# This file is written by the haproxy charm; a change made here is lost.'
    text = '\n\n'.join([head, *('\n'.join(section) for section in sections)])
    return Rendered(text=f'{text}\n', files=material.files)


def split_options(given: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Part a service's options into those of its frontend and those of its backends, each without repeats."""
    both = [option for option in _BOTH if option in given]
    front = both + [option for option in given if option.startswith(_FRONTEND)]
    back = both + [option for option in given if not option.startswith(_FRONTEND)]
    return tuple(dict.fromkeys(front)), tuple(dict.fromkeys(back))


def _global(wanted: options.Options) -> list[str]:
    lines = [f'log {target}' for target in definitions.comma_split(wanted.global_log)]
    lines += [
        f'maxconn {wanted.global_maxconn}',
        f'user {wanted.global_user}',
        f'group {wanted.global_group}',
        f'chroot {LIB_DIR}',
        f'spread-checks {wanted.global_spread_checks}',
        f'stats socket {STATS_SOCKET} mode 666 level user',
    ]
    if wanted.global_stats_socket:
        lines.append(f'stats socket {OPERATOR_SOCKET} mode 600')
    for keyword, value in (
        ('hard-stop-after', wanted.global_hard_stop_after),
        ('ssl-default-bind-ciphers', wanted.global_default_bind_ciphers),
        ('ssl-default-bind-options', wanted.global_default_bind_options),
    ):
        if value:
            lines.append(f'{keyword} {value}')
    return _section('global', lines)


def _defaults(wanted: options.Options) -> list[str]:
    lines = [f'log {wanted.default_log}', f'mode {wanted.default_mode}']
    lines += [f'option {option}' for option in definitions.comma_split(wanted.default_options)]
    lines.append(f'retries {wanted.default_retries}')
    lines += [f'timeout {timeout}' for timeout in definitions.comma_split(wanted.default_timeouts)]
    return _section('defaults', lines)


def _monitoring(wanted: options.Options, prefix: str, password: str) -> list[list[str]]:
    front = [
        f'bind {definitions.ANY_HOST}:{wanted.monitoring_port}',
        f'default_backend {MONITORING}',
        'mode http',
        f'acl allowed_cidr src {wanted.monitoring_allowed_cidr}',
        'http-request deny unless allowed_cidr',
        'http-request use-service prometheus-exporter if { path /metrics }',
    ]
    back = [
        'mode http',
        'stats enable',
        'stats uri /',
        'stats realm Haproxy\\ Statistics',
        f'stats auth {wanted.monitoring_username}:{password}',
        f'stats refresh {wanted.monitoring_stats_refresh}',
    ]
    return [
        _section(f'frontend {prefix}-{wanted.monitoring_port}', front),
        _section(f'backend {MONITORING}', back),
    ]


def _service(
    service: definitions.Service, prefix: str, material: Material, default_crt: bytes | None
) -> list[list[str]]:
    front, back = split_options(service.options or ())
    host, port = service.address
    bind = f'bind {host}:{port}{_tls(service, material, default_crt)}'
    pages = [
        f'errorfile {page.status} {material.path(page.content, ".http")}' for page in service.errorfiles or ()
    ]
    sections = [_section(f'frontend {prefix}-{port}', [bind, f'default_backend {service.name}', *front])]
    own = definitions.Backend(name=service.name, servers=service.servers or ())
    for backend in (own, *(service.backends or ())):
        servers = [_server(server, index) for index, server in enumerate(backend.servers)]
        sections.append(_section(f'backend {backend.name}', [*back, *pages, *servers]))
    return sections


def _tls(service: definitions.Service, material: Material, default_crt: bytes | None) -> str:
    if not service.crts:
        return ''
    paths = [_crt_path(service, index, crt, material, default_crt) for index, crt in enumerate(service.crts)]
    return ' ssl' + ''.join(f' crt {path}' for path in paths)


def _crt_path(
    service: definitions.Service, index: int, crt: str, material: Material, default_crt: bytes | None
) -> str:
    if crt == definitions.EXTERNAL_CRT:
        return f'{LIB_DIR}/service_{service.name}/{index}.pem'
    if crt.startswith('/'):
        return crt
    if crt != definitions.DEFAULT_CRT:
        return material.path(definitions.decode(crt, f'service "{service.name}": crts'), '.pem')
    if default_crt is None:
        raise definitions.ServicesFault(f'service "{service.name}" wants the certificate of ssl_cert: set it')
    return material.path(default_crt, '.pem')


def _server(server: definitions.Server, index: int) -> str:
    words = (f'server {server.name} {server.host}:{server.port}', *server.options)
    return ' '.join(words).replace('{i}', str(index))


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return [title, *(f'    {line}' for line in lines)]
