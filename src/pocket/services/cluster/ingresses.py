"""Ingresses: what the door of a model does with requests from the world."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from pocket.model.cluster import Front, Route
from pocket.services.cluster import addresses, objectrows, services
from pocket.state import Tx

_PREFIX = 'nginx.ingress.kubernetes.io/'
_SIZE = re.compile(r'(\d+)([kmg]?)', re.IGNORECASE)
_UNITS = {'': 1, 'k': 2**10, 'm': 2**20, 'g': 2**30}
_TIMEOUT_S = 60
_FASTEST = 10**6


def front(tx: Tx, uuid: str) -> Front | None:
    """Return the door of a model; None when it has no ingress, or no address to have it at."""
    gateway = addresses.gateway(tx, uuid)
    rows = sorted(objectrows.list_(tx, uuid, 'Ingress'), key=lambda row: (row.created_ms, row.name))
    ingresses = [row.document for row in rows]
    if not gateway or not ingresses:
        return None
    secrets = {
        one.name: _pem(one.document['data'])
        for one in objectrows.list_(tx, uuid, 'Secret')
        if one.document['type'] == 'kubernetes.io/tls'
    }
    hosts: dict[str, list[str]] = {}
    for ingress in ingresses:
        for entry in ingress['spec'].get('tls') or ():
            name = str(entry.get('secretName') or '')
            if name in secrets:
                hosts.setdefault(name, []).extend(entry.get('hosts') or _hosts(ingress))
    secured = {host for listed in hosts.values() for host in listed}
    routes = {
        (route.host, route.path, route.is_exact): route
        # Where two ingresses want the same, the older one has it, as ingress controllers do.
        for ingress in reversed(ingresses)
        for route in _routes(tx, uuid, ingress, secured)
    }
    return Front(
        gateway=gateway,
        routes=tuple(routes[key] for key in sorted(routes)),
        certificates={name: secrets[name] for name in sorted(hosts)},
        hosts={name: tuple(dict.fromkeys(listed)) for name, listed in sorted(hosts.items())},
    )


def _routes(tx: Tx, uuid: str, ingress: Mapping[str, Any], secured: set[str]) -> list[Route]:
    metadata: Mapping[str, Any] = ingress.get('metadata') or {}
    annotations: Mapping[str, str] = metadata.get('annotations') or {}
    settings = {
        key.removeprefix(_PREFIX): value for key, value in annotations.items() if key.startswith(_PREFIX)
    }
    redirects = settings.get('ssl-redirect', 'true') != 'false'
    timeouts = [_seconds(settings.get(f'proxy-{kind}-timeout', '')) for kind in ('read', 'send')]
    listed = settings.get('whitelist-source-range', settings.get('allowlist-source-range', ''))
    # A list of which nothing can be read lets nobody in: who wrote it wanted to keep somebody out.
    admitted = _networks(listed) if listed.strip() else None
    spec: Mapping[str, Any] = ingress['spec']
    wanted: list[tuple[str, Mapping[str, Any]]] = [
        (str(rule.get('host') or ''), path) for rule in spec.get('rules') or () for path in _paths(rule)
    ]
    if spec.get('defaultBackend'):
        wanted.append(('', {'path': '/', 'pathType': 'Prefix', 'backend': spec['defaultBackend']}))
    return [
        Route(
            host=host,
            path=str(path.get('path') or '/'),
            is_exact=path['pathType'] == 'Exact',
            backends=_backends(tx, uuid, path['backend']['service']),
            is_secure=redirects and _is_secured(host, secured),
            body_bytes=_bytes(settings.get('proxy-body-size', '')),
            timeout_s=max(timeouts),
            admitted=admitted,
            rate=_rate(settings.get('limit-rps', '')),
            unlimited=_networks(settings.get('limit-whitelist', '')),
        )
        for host, path in wanted
    ]


def _paths(rule: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    http: Mapping[str, Any] = rule.get('http') or {}
    return list(http.get('paths') or ())


def _hosts(ingress: Mapping[str, Any]) -> list[str]:
    return [str(rule['host']) for rule in ingress['spec'].get('rules') or () if rule.get('host')]


def _is_secured(host: str, secured: set[str]) -> bool:
    return host in secured or (bool(host) and f'*.{host.partition(".")[2]}' in secured)


def _backends(tx: Tx, uuid: str, service: Mapping[str, Any]) -> tuple[str, ...]:
    """The pods themselves, as ingress controllers have it: the charm need not have opened the port."""
    port: Mapping[str, Any] = service['port']
    name, number = str(service['name']), int(port.get('number') or 0)
    named = str(port.get('name') or '')
    changed = services.kept(tx, uuid).get(name)
    for one in changed.document['spec'].get('ports') or () if changed else ():
        if (one.get('name') == named) if named else (one['port'] == number):
            number = services.target(one)
            break
    else:
        # Ports that a charm opened are called after what they are, as ``tcp-8080``.
        opened = named.removeprefix('tcp-')
        number = number or int(opened if opened.isdecimal() else 0)
    pods = services.members(tx, uuid, name) if number else []
    return tuple(f'{pod.address}:{number}' for pod in pods)


def _pem(data: Mapping[str, str]) -> str:
    parts = [base64.b64decode(data[key]).decode(errors='replace') for key in ('tls.crt', 'tls.key')]
    return ''.join(f'{part.rstrip()}\n' for part in parts)


def _networks(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for part in text.split(','):
        with contextlib.suppress(ValueError):
            found.append(str(ipaddress.ip_network(part.strip(), strict=False)))
    return tuple(found)


def _rate(text: str) -> int:
    return min(int(text), _FASTEST) if text.isdecimal() else 0


def _seconds(text: str) -> int:
    return int(text) if text.isdecimal() and 0 < int(text) <= 86400 else _TIMEOUT_S


def _bytes(text: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    return int(found[1]) * _UNITS[found[2].lower()] if found else 0
