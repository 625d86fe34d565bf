"""HTTP without I/O: request heads, paths, ranges and answers."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

_RANGE = re.compile(r'bytes=(\d*)-(\d*)$')
_REASONS = {
    200: 'OK',
    206: 'Partial Content',
    304: 'Not Modified',
    400: 'Bad Request',
    404: 'Not Found',
    405: 'Method Not Allowed',
    409: 'Conflict',
    416: 'Range Not Satisfiable',
    502: 'Bad Gateway',
    503: 'Service Unavailable',
    504: 'Gateway Timeout',
}


class BadRequest(ValueError):
    """A request that cannot be understood."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


def parse_request(head: bytes) -> Request:
    """Read a request's head.

    Raises:
        BadRequest: it is no HTTP request.
    """
    lines = head.decode('latin-1').split('\r\n')
    parts = lines[0].split(' ')
    if len(parts) != 3 or not parts[2].startswith('HTTP/1.'):
        raise BadRequest('not an HTTP/1 request')
    target, _, query = parts[1].partition('?')
    flags = {key: values[0] for key, values in parse_qs(query, keep_blank_values=True).items()}
    return Request(parts[0], target, flags, parse_headers(lines[1:]))


def parse_headers(lines: list[str]) -> dict[str, str]:
    """Header lines by lower-case name; the last of equal names wins."""
    pairs = (line.partition(':') for line in lines if ':' in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def normalise(path: str) -> str | None:
    """One key for all spellings of a path (``%7e``, ``~``, ``//``); None for one that climbs out."""
    try:
        decoded = unquote(path, errors='strict')
    except UnicodeDecodeError:
        return None
    parts = [part for part in decoded.split('/') if part not in ('', '.')]
    if '..' in parts or '\0' in decoded:
        return None
    return '/'.join(parts)


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """First and end offset of a single range in a file of *size* bytes; (0, 0) if it cannot be satisfied.

    None for what is to be ignored: no range, several ranges, another unit, a malformed one.
    """
    found = _RANGE.match(header.strip())
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        return (max(0, size - int(found[2])), size) if int(found[2]) and size else (0, 0)
    first = int(found[1])
    end = min(size, int(found[2]) + 1) if found[2] else size
    if found[2] and int(found[2]) < first:
        return None
    return (first, end) if first < size else (0, 0)


def head(status: int, headers: Mapping[str, str | int]) -> bytes:
    """An answer's head; the connection is for one answer."""
    lines = [f'HTTP/1.1 {status} {_REASONS[status]}', *(f'{k}: {v}' for k, v in headers.items())]
    return ('\r\n'.join([*lines, 'Connection: close']) + '\r\n\r\n').encode('latin-1')


def http_date(seconds: int) -> str:
    """*seconds* since 1970 as HTTP writes dates."""
    return email.utils.formatdate(seconds, usegmt=True)


def validators(*, size: int, stamp: int) -> dict[str, str]:
    """Last-Modified and ETag exactly as nginx makes them for a file of that size and time.

    A transfer that the keeper began can then be resumed from nginx, and from another unit.
    """
    return {'Last-Modified': http_date(stamp), 'ETag': f'"{stamp:x}-{size:x}"'}
