"""What related applications ask for, and what of it the options change. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from options import Options

INGRESS = 'ingress'
NGINX = 'nginx-route'
_LABEL = r'[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
_NAME = re.compile(rf'{_LABEL}(\.{_LABEL})*')
_HOST = re.compile(rf'(\*\.)?{_LABEL}(\.{_LABEL})*')
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_SCHEMES = {'http': '', 'https': 'HTTPS'}
_PROTOCOLS = ('HTTP', 'HTTPS', 'GRPC', 'GRPCS', 'FCGI', 'AUTO_HTTP')
_NETWORKS = re.compile(r'[0-9a-fA-F.:/, ]+')


class RouteFault(Exception):
    """What an application asks for cannot be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How requests come to one application.

    Attributes:
        relation: The number of the relation that asks for it.
        application: Whose relation it is, as this model calls it.
        namespace: Where the service is.
        settings: What the ingress controller is told, by the names of nginx's annotations.
    """

    endpoint: str
    relation: int
    application: str
    namespace: str
    service: str
    port: int
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    tls_secret: str
    settings: Mapping[str, str]

    @property
    def url(self) -> str:
        """Where readers find the application."""
        path = self.paths[0].rstrip('/')
        return f'{"https" if self.tls_secret else "http"}://{self.hosts[0]}{path}'


def from_ingress(
    bag: Mapping[str, str], options: Options, *, relation: int, application: str
) -> Route | None:
    """Return what the second version of the interface ``ingress`` asks for; None while it does not yet.

    Raises:
        RouteFault: it cannot be done.
    """
    if not bag.get('name') or not bag.get('port'):
        return None
    try:
        given: dict[str, object] = {key: json.loads(text) for key, text in bag.items()}
    except ValueError:
        raise RouteFault(f'{INGRESS}: {application} does not speak the second version of it') from None
    service, namespace = str(given['name']), str(given.get('model') or '')
    scheme = str(given.get('scheme') or 'http')
    with_faults = f'{INGRESS}: {application}'
    if scheme not in _SCHEMES:
        raise RouteFault(f'{with_faults} asks for the scheme {_short(scheme)}; http and https can be had')
    settings = {
        'backend-protocol': _SCHEMES[scheme],
        # Without a word about it, http leads to https where there is TLS, as controllers do by themselves.
        'ssl-redirect': 'false' if given.get('redirect-https') is False else '',
    }
    wanted = paths(options.path_routes, 'path-routes') or ('/',)
    # Whoever wants this believes to be at the top, where its own links lead.
    if given.get('strip-prefix') and wanted != ('/',):
        raise RouteFault(f'path-routes: {application} works at / only; give it a host name of its own')
    try:
        return Route(
            endpoint=INGRESS,
            relation=relation,
            application=application,
            namespace=check_name(namespace, 'model') if namespace else '',
            service=check_name(service, 'name'),
            port=_port(str(given['port'])),
            hosts=(check_host(options.service_hostname or service, 'name'),),
            paths=wanted,
            tls_secret=options.tls_secret_name,
            settings=_settings(settings, options),
        )
    except ValueError as err:
        raise RouteFault(f'{with_faults}: {err}') from None


def from_nginx(bag: Mapping[str, str], options: Options, *, relation: int, application: str) -> Route | None:
    """Return what the interface ``nginx-route`` asks for; None while it does not yet.

    Raises:
        RouteFault: it cannot be done.
    """
    if not bag.get('service-name') or not bag.get('service-port'):
        return None
    try:
        first = options.service_hostname or bag.get('service-hostname', '') or bag['service-name']
        more = _parts(bag.get('additional-hostnames', ''))
        secret = options.tls_secret_name or bag.get('tls-secret-name', '')
        namespace = bag.get('service-namespace', '')
        wanted = paths(options.path_routes, 'path-routes') or paths(bag.get('path-routes', ''), 'path-routes')
        hosts = tuple(
            dict.fromkeys(
                [
                    check_host(first, 'service-hostname'),
                    *(check_host(host, 'additional-hostnames') for host in more),
                ]
            )
        )
        return Route(
            endpoint=NGINX,
            relation=relation,
            application=application,
            namespace=check_name(namespace, 'service-namespace') if namespace else '',
            service=check_name(bag['service-name'], 'service-name'),
            port=_port(bag['service-port']),
            hosts=hosts,
            paths=wanted or ('/',),
            tls_secret=check_name(secret, 'tls-secret-name') if secret else '',
            settings=_settings(_nginx_settings(bag), options),
        )
    except ValueError as err:
        raise RouteFault(f'{NGINX}: {application}: {err}') from None


def apart(found: Sequence[Route]) -> tuple[tuple[Route, ...], str]:
    """Return the routes that do not get into each other's way, and a word about the others.

    Who came first keeps host and path.
    """
    owners: dict[tuple[str, str], Route] = {}
    kept: list[Route] = []
    fault = ''
    for route in found:
        places = [(host, path) for host in route.hosts for path in route.paths]
        rival = next((owners[place] for place in places if place in owners), None)
        if rival is None:
            owners.update(dict.fromkeys(places, route))
            kept.append(route)
        else:
            fault = fault or (
                f'{route.endpoint}: {route.application} wants {_shown(route, owners)}, '
                f'which leads to {rival.application}; remove one relation or give them two host names'
            )
    return tuple(kept), fault


def check_host(text: str, what: str) -> str:
    """Return *text*, which must be a host name.

    Raises:
        ValueError: it is none; the message names *what* it is.
    """
    if len(text) > 253 or not _HOST.fullmatch(text):
        raise ValueError(f'{what} must be a host name, not {_short(text)}')
    return text


def check_name(text: str, what: str) -> str:
    """Return *text*, which must be a name as Kubernetes has them.

    Raises:
        ValueError: it is none; the message names *what* it is.
    """
    if len(text) > 253 or not _NAME.fullmatch(text):
        raise ValueError(f'{what} must be a name as Kubernetes has them, not {_short(text)}')
    return text


def paths(text: str, what: str) -> tuple[str, ...]:
    """Return the paths that *text* names.

    Raises:
        ValueError: one is no path; the message names *what* it is of.
    """
    found = tuple(dict.fromkeys(_parts(text)))
    for path in found:
        if not _PATH.fullmatch(path):
            raise ValueError(f'{what} must be paths that begin with /, not {_short(path)}')
    return found


def _nginx_settings(bag: Mapping[str, str]) -> dict[str, str]:
    """Raise ValueError where a value is none that nginx takes: it would become part of its configuration."""
    found: dict[str, str] = {}
    for key, name in (('limit-rps', 'limit-rps'), ('session-cookie-max-age', 'session-cookie-max-age')):
        if number := _number(bag.get(key, ''), key):
            found[name] = str(number)
    if 'session-cookie-max-age' in found:
        found |= {'affinity': 'cookie', 'session-cookie-change-on-failure': 'true'}
    for key in ('limit-whitelist', 'whitelist-source-range'):
        if networks := bag.get(key, ''):
            if not _NETWORKS.fullmatch(networks):
                raise ValueError(f'{key} must be networks, not {_short(networks)}')
            found[key] = networks
    if number := _number(bag.get('max-body-size', ''), 'max-body-size'):
        found['proxy-body-size'] = f'{number}m'
    for key in ('proxy-read-timeout', 'proxy-send-timeout'):
        if number := _number(bag.get(key, ''), key):
            found[key] = str(number)
    if retry := bag.get('retry-errors', ''):
        words = _parts(retry)
        if not all(re.fullmatch(r'[a-z0-9_]+', word) for word in words):
            raise ValueError(f'retry-errors must be words of nginx, not {_short(retry)}')
        found['proxy-next-upstream'] = ' '.join(words)
    if protocol := bag.get('backend-protocol', '').upper():
        if protocol not in _PROTOCOLS:
            raise ValueError(f'backend-protocol must be one of {", ".join(_PROTOCOLS)}')
        found['backend-protocol'] = '' if protocol == 'HTTP' else protocol
    target = bag.get('rewrite-target', '')
    if target and _flag(bag.get('rewrite-enabled', 'true')):
        found['rewrite-target'] = paths(target, 'rewrite-target')[0]
    if _flag(bag.get('owasp-modsecurity-crs', '')):
        found |= {'enable-modsecurity': 'true', 'enable-owasp-modsecurity-crs': 'true'}
    return found


def _settings(asked: Mapping[str, str], options: Options) -> dict[str, str]:
    own = {'proxy-body-size': f'{options.max_body_size}m'} if options.max_body_size else {}
    return {key: value for key, value in {**asked, **own}.items() if value}


def _shown(route: Route, owners: Mapping[tuple[str, str], Route]) -> str:
    return next(
        f'{host}{path}' for host in route.hosts for path in route.paths if (host, path) in owners
    ).rstrip('/')


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ValueError(f'the port must be from 1 to 65535, not {_short(text)}')
    return int(text)


def _number(text: str, what: str) -> int:
    if not text:
        return 0
    if not text.isdecimal() or len(text) > 9:
        raise ValueError(f'{what} must be a number, not {_short(text)}')
    return int(text)


def _flag(text: str) -> bool:
    return text.lower() in ('true', '1', 'yes', 'on')


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(',') if part.strip()]


def _short(text: str) -> str:
    return repr(text[:60])
