"""Objects as clients send them: what of them is kept, and whether it is valid. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import serialization

Document = dict[str, Any]

_NAME = re.compile(r'[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?')
_HOST = re.compile(r'(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
_KEY = re.compile(r'[-._a-zA-Z0-9]{1,253}')
_PATH = re.compile(r"/[-A-Za-z0-9/_.~%+@:,=&!$'()*;]*")
_PATH_TYPES = ('Exact', 'ImplementationSpecific', 'Prefix')
_TLS = 'kubernetes.io/tls'


class Refused(Exception):
    """An object that cannot be; the text says which field, and why."""


def kept(sent: Document, rest: Callable[[Document], Document]) -> Document:
    """What of an object that a client sent is kept.

    Args:
        rest: What is, besides its metadata.

    Raises:
        Refused: it is not valid.
    """
    return {'metadata': labelled(mapping(sent.get('metadata'), 'metadata')), **rest(sent)}


def labelled(metadata: Mapping[str, Any]) -> Document:
    """Labels and annotations of an object, where it has any."""
    return {
        key: {str(name): str(value) for name, value in mapping(metadata.get(key), f'metadata.{key}').items()}
        for key in ('annotations', 'labels')
        if metadata.get(key)
    }


def check_name(name: str) -> None:
    """Refuse what no object can be called.

    Raises:
        Refused: it is not a name.
    """
    if not _NAME.fullmatch(name):
        raise Refused(
            f'metadata.name: Invalid value: "{name}": a lowercase RFC 1123 subdomain must consist of lower'
            " case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
        )


def secret(sent: Document) -> Document:
    """What is kept of a secret."""
    kind = str(sent.get('type') or 'Opaque')
    data = {str(key): str(value) for key, value in mapping(sent.get('data'), 'data').items()}
    for key, value in mapping(sent.get('stringData'), 'stringData').items():
        data[str(key)] = base64.b64encode(str(value).encode()).decode()
    decoded: dict[str, bytes] = {}
    for key, value in data.items():
        if not _KEY.fullmatch(key):
            raise Refused(f'data[{key}]: Invalid value: a valid key consists of alphanumerics, -, _ and .')
        try:
            decoded[key] = base64.b64decode(value, validate=True)
        except binascii.Error as err:
            raise Refused(f'data[{key}]: Invalid value: illegal base64 data') from err
    if sum(map(len, decoded.values())) > 2**20:
        raise Refused('data: Too long: must have at most 1048576 bytes')
    if kind == _TLS:
        _check_pair(decoded)
    return {'type': kind, 'data': data}


def _check_pair(data: Mapping[str, bytes]) -> None:
    for key in ('tls.crt', 'tls.key'):
        if key not in data:
            raise Refused(f'data[{key}]: Required value')
    try:
        certificates = x509.load_pem_x509_certificates(data['tls.crt'])
    except ValueError as err:
        raise Refused('data[tls.crt]: Invalid value: no PEM encoded certificates') from err
    try:
        key = serialization.load_pem_private_key(data['tls.key'], password=None)
    except (ValueError, TypeError) as err:
        raise Refused('data[tls.key]: Invalid value: no PEM encoded private key') from err
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if certificates[0].public_key().public_bytes(*form) != key.public_key().public_bytes(*form):
        raise Refused('data[tls.key]: Invalid value: the private key does not fit the certificate')


def ingress(sent: Document) -> Document:
    """What is kept of an ingress."""
    spec = mapping(sent.get('spec'), 'spec')
    rules = list_(spec.get('rules'), 'spec.rules')
    if not rules and not spec.get('defaultBackend'):
        raise Refused('spec: Invalid value: either `defaultBackend` or `rules` must be specified')
    for index, rule in enumerate(rules):
        where = f'spec.rules[{index}]'
        _check_host(str(rule.get('host') or ''), f'{where}.host')
        paths = list_(mapping(rule.get('http'), f'{where}.http').get('paths'), f'{where}.http.paths')
        for number, path in enumerate(paths):
            _check_path(path, f'{where}.http.paths[{number}]')
    if spec.get('defaultBackend'):
        _check_backend(mapping(spec['defaultBackend'], 'spec.defaultBackend'), 'spec.defaultBackend')
    for index, entry in enumerate(list_(spec.get('tls'), 'spec.tls')):
        where = f'spec.tls[{index}]'
        hosts: object = entry.get('hosts') or []
        if not isinstance(hosts, list):
            raise Refused(f'{where}.hosts: Invalid value: must be a list')
        for host in cast('list[object]', hosts):
            _check_host(str(host), f'{where}.hosts')
        if entry.get('secretName'):
            check_reference(str(entry['secretName']), f'{where}.secretName')
    return {'spec': dict(spec)}


def _check_path(path: Document, where: str) -> None:
    if path.get('pathType') not in _PATH_TYPES:
        listed = ', '.join(f'"{one}"' for one in _PATH_TYPES)
        raise Refused(f'{where}.pathType: Unsupported value: supported values: {listed}')
    text = str(path.get('path') or '/')
    if not _PATH.fullmatch(text):
        raise Refused(f'{where}.path: Invalid value: "{text}": must be an absolute path')
    _check_backend(mapping(path.get('backend'), f'{where}.backend'), f'{where}.backend')


def _check_backend(backend: Mapping[str, Any], where: str) -> None:
    service = mapping(backend.get('service'), f'{where}.service')
    check_reference(str(service.get('name') or ''), f'{where}.service.name')
    port = mapping(service.get('port'), f'{where}.service.port')
    number: object = port.get('number')
    if not port.get('name') and not (isinstance(number, int) and 0 < number < 65536):
        raise Refused(f'{where}.service.port: Required value: port name or number is required')


def check_reference(name: str, where: str) -> None:
    """Refuse what nothing can be called that *where* names."""
    try:
        check_name(name)
    except Refused as err:
        raise Refused(str(err).replace('metadata.name', where, 1)) from err


def _check_host(host: str, where: str) -> None:
    if host and not _HOST.fullmatch(host):
        raise Refused(f'{where}: Invalid value: "{host}": must be a DNS name')


def mapping(value: object, where: str) -> Document:
    """An object within one; nothing is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused(f'{where}: Invalid value: must be an object')
    return cast('Document', value)


def list_(value: object, where: str) -> list[Document]:
    """A list of objects within one; nothing is an empty one."""
    listed = cast('list[object]', value if value is not None else [])
    if not isinstance(value, list | None) or not all(isinstance(one, dict) for one in listed):
        raise Refused(f'{where}: Invalid value: must be a list of objects')
    return cast('list[Document]', listed)
