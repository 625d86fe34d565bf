"""Definitions of services: their data, and the YAML that operators and related units write them in."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import yaml

ANY_HOST = '0.0.0.0'
ANY_HOSTS = frozenset({ANY_HOST, '*', '::'})
DEFAULT_CRT = 'DEFAULT'
"""In ``crts``: the certificate of the ssl_cert and ssl_key options."""
EXTERNAL_CRT = 'EXTERNAL'
"""In ``crts``: a certificate that somebody else puts in place."""

_NAME = re.compile(r'[A-Za-z0-9_.:{}-]+')  # braces for {i}, the index of a server
_T = TypeVar('_T')


class ServicesFault(ValueError):
    """A definition of services is wrong; the message names whose it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server line."""

    name: str
    host: str
    port: int
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """An extra backend of a service, for use_backend rules."""

    name: str
    servers: tuple[Server, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorFile:
    """A page of one's own for an HTTP status that haproxy makes itself."""

    status: int
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service; None in a field says that nobody gave it yet, so that another definition may."""

    name: str
    host: str | None = None
    port: int | None = None
    options: tuple[str, ...] | None = None
    server_options: tuple[str, ...] | None = None
    servers: tuple[Server, ...] | None = None
    backends: tuple[Backend, ...] | None = None
    errorfiles: tuple[ErrorFile, ...] | None = None
    crts: tuple[str, ...] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where a complete service, as `collect` returns it, listens."""
        assert self.host is not None
        assert self.port is not None
        return self.host, self.port

    @property
    def all_servers(self) -> tuple[Server, ...]:
        """The servers of the service's own backend, then those of its extra backends."""
        extra = (server for backend in self.backends or () for server in backend.servers)
        return (*(self.servers or ()), *extra)


def parse(text: str, *, where: str) -> tuple[Service, ...]:
    """Read services from YAML; *where* names the author in messages.

    Raises:
        ServicesFault: the text is not a list of services.
    """
    try:
        loaded: object = yaml.safe_load(text)
    except yaml.YAMLError as err:
        problem = str(getattr(err, 'problem', '') or 'malformed text')
        raise ServicesFault(f'{where}: not valid YAML: {problem}') from err
    if loaded is None:
        return ()
    return tuple(_service(item, where) for item in _list(loaded, f'{where}: services'))


def dump(services: Iterable[Service]) -> str:
    """Return *services* as the ``all_services`` YAML that other units read, without keys and certificates."""

    def entry(service: Service) -> dict[str, Any]:
        given: dict[str, Any] = {
            'service_name': service.name,
            'service_host': service.host,
            'service_port': service.port,
        }
        for key, options in (
            ('service_options', service.options),
            ('server_options', service.server_options),
        ):
            if options is not None:
                given[key] = list(options)
        if service.servers is not None:
            given['servers'] = [_server_entry(server) for server in service.servers]
        if service.backends is not None:
            given['backends'] = [
                {
                    'backend_name': backend.name,
                    'servers': [_server_entry(server) for server in backend.servers],
                }
                for backend in service.backends
            ]
        return given

    return yaml.safe_dump(
        [entry(s) for s in sorted(services, key=lambda s: s.name)], default_flow_style=False
    )


def comma_split(text: str) -> tuple[str, ...]:
    """Split *text* at commas, without blanks around and without empty items."""
    return tuple(part for part in (raw.strip() for raw in text.split(',')) if part)


def _service(item: object, where: str) -> Service:
    entry = _mapping(item, f'{where}: a service')
    name = _name(entry.get('service_name'), f'{where}: service_name')
    here = f'{where}: service "{name}"'

    def given(key: str, read: Callable[[object, str], _T]) -> _T | None:
        value = entry.get(key)
        return None if value is None else read(value, f'{here}: {key}')

    return Service(
        name=name,
        host=given('service_host', address),
        port=given('service_port', port_number),
        options=given('service_options', _options),
        server_options=given('server_options', _options),
        servers=given('servers', _servers),
        backends=given('backends', _backends),
        errorfiles=given('errorfiles', _errorfiles),
        crts=given('crts', _crts),
    )


def _servers(value: object, where: str) -> tuple[Server, ...]:
    servers: list[Server] = []
    for raw in _list(value, where):
        parts = _list(raw, f'{where}: a server')
        if len(parts) not in (3, 4):
            raise ServicesFault(f'{where}: a server is a list of name, host, port and options')
        options = parts[3] if len(parts) == 4 else None
        if isinstance(options, str):  # one text, kept as it is: commas belong to haproxy here
            options = [options]
        servers.append(
            Server(
                name=_name(parts[0], f'{where}: name'),
                host=address(parts[1], f'{where}: host'),
                port=port_number(parts[2], f'{where}: port'),
                options=() if options is None else _options(options, f'{where}: options'),
            )
        )
    return tuple(servers)


def _backends(value: object, where: str) -> tuple[Backend, ...]:
    entries = [_mapping(raw, f'{where}: a backend') for raw in _list(value, where)]
    return tuple(
        Backend(
            name=_name(entry.get('backend_name'), f'{where}: backend_name'),
            servers=_servers(entry.get('servers') or [], f'{where}: servers'),
        )
        for entry in entries
    )


def _errorfiles(value: object, where: str) -> tuple[ErrorFile, ...]:
    entries = [_mapping(raw, f'{where}: an error file') for raw in _list(value, where)]
    return tuple(
        ErrorFile(
            status=_number(entry.get('http_status'), f'{where}: http_status', range(200, 600)),
            content=decode(str(entry.get('content', '')), f'{where}: content'),
        )
        for entry in entries
    )


def _crts(value: object, where: str) -> tuple[str, ...]:
    crts = tuple(str(raw).strip() for raw in _list(value, where))
    for crt in crts:
        if crt not in (DEFAULT_CRT, EXTERNAL_CRT) and not crt.startswith('/'):
            decode(crt, where)
    return crts


def decode(text: str, where: str) -> bytes:
    """Decode base64 *text*.

    Raises:
        ServicesFault: it is not base64; the message does not hold the text.
    """
    try:
        return base64.b64decode(''.join(text.split()), validate=True)
    except binascii.Error as err:
        raise ServicesFault(f'{where}: not base64') from err


def _options(value: object, where: str) -> tuple[str, ...]:
    if isinstance(value, str):
        options = comma_split(value)
    else:
        options = tuple(str(raw).strip() for raw in _list(value, where))
    for option in options:
        if not option.isprintable():  # a line break would start another section
            raise ServicesFault(f'{where}: "{option.splitlines()[0]}" is more than one line')
    return tuple(option for option in options if option)


def _server_entry(server: Server) -> list[Any]:
    return [server.name, server.host, server.port, list(server.options)]


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list | tuple):
        raise ServicesFault(f'{where}: not a list')
    return list(cast('list[object]', value))


def _mapping(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ServicesFault(f'{where}: not a mapping')
    return cast('dict[str, object]', value)


def _name(value: object, where: str) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ServicesFault(f'{where}: "{value}" is not a name that haproxy takes')
    return value


def address(value: object, where: str) -> str:
    """Read an address: one word.

    Raises:
        ServicesFault: it is none.
    """
    text = str(value)
    if not text or not text.isprintable() or any(char.isspace() for char in text):
        raise ServicesFault(f'{where}: "{text.strip()}" is not an address')
    return text


def port_number(value: object, where: str) -> int:
    """Read the number of a port.

    Raises:
        ServicesFault: it is none.
    """
    return _number(value, where, range(1, 65536))


def _number(value: object, where: str, allowed: range) -> int:
    text = str(value).strip()
    if not text.isascii() or not text.isdigit() or int(text) not in allowed:
        raise ServicesFault(f'{where}: "{text}" is not a number from {allowed[0]} to {allowed[-1]}')
    return int(text)
