"""Values that are one word, or a list of words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ._types import Addon, Fault

ROLES = ('administrator', 'editor', 'author', 'contributor', 'subscriber')

_HOST = re.compile(
    r'(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?', re.IGNORECASE
)
_ADDON = re.compile(r'([a-z0-9][a-z0-9_-]{0,127})(?::([0-9A-Za-z][0-9A-Za-z.+_-]{0,63}))?')
_KUBE_NAME = re.compile(r'[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?')


def ports(text: str) -> tuple[int, int]:
    found = {'http': 8080, 'https': 8443}
    for entry in text.split():
        name, _, number = entry.partition(':')
        if name not in found or not number.isascii() or not number.isdigit() or not 0 < int(number) < 65536:
            raise Fault('must be like "http:8080" or "http:8080 https:8443", ports from 1 to 65535')
        found[name] = int(number)
    if found['http'] == found['https']:
        raise Fault('http and https must have different ports')
    if 9117 in found.values():
        raise Fault('9117 is the port of the metrics; choose another one')
    return found['http'], found['https']


def db_host(text: str) -> tuple[str, int, str]:
    text = text.strip()
    path = text.removeprefix('unix:')
    if path.startswith('/'):
        if not path.isprintable() or len(path) > 107:
            raise Fault('must be HOST, HOST:PORT or unix:/path/of/socket')
        return '', 3306, path
    matched = re.fullmatch(r'(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s]+))(?::([0-9]{1,5}))?', text)
    host = (matched[1] or matched[2]) if matched else text
    port = int(matched[3]) if matched and matched[3] else 3306
    is_address = bool(matched and matched[1]) or _is_ipv6(text)
    if not 0 < port < 65536 or not (is_address or (matched and _HOST.fullmatch(host))):
        raise Fault('must be HOST, HOST:PORT or unix:/path/of/socket')
    return host, port, ''


def _is_ipv6(text: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def hostname(text: str) -> str:
    text = text.strip().rstrip('.').lower()
    if not text.isascii():
        raise Fault('must be in its ASCII form, which begins with xn--')
    if text and (not _HOST.fullmatch(text) or '_' in text or '-.' in f'{text}.'):
        raise Fault('must be a host name such as blog.example.com, without scheme, port or path')
    return text


def hostnames(text: str) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(hostname(entry) for entry in _words(text)))
    except Fault:
        raise Fault('must be host names such as www.example.com, parted by commas') from None


def _words(text: str) -> list[str]:
    return [entry for entry in re.split(r'[\s,]+', text) if entry]


def kube_name(text: str) -> str:
    text = text.strip()
    if text and not _KUBE_NAME.fullmatch(text):
        raise Fault('must be the name of a Kubernetes secret: small letters, digits, dots and dashes')
    return text


def web_address(text: str) -> str:
    text = text.strip()
    if text and (not re.fullmatch(r'https?://[^\s/?#@]+[^\s]*', text) or not text.isprintable()):
        raise Fault('must be an address such as https://id.example.com')
    return text


def roles(text: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in re.split(r'[,\n]', text))):
        team, separator, role = (part.strip() for part in entry.rpartition('='))
        if not separator or not team:
            raise Fault('must be like team=role,team=role')
        if role not in ROLES:
            raise Fault(f'a role must be one of: {", ".join(ROLES)}')
        found[team] = role
    return found


def addons(text: str) -> tuple[Addon, ...]:
    found: dict[str, Addon] = {}
    for word in _words(text):
        matched = _ADDON.fullmatch(word)
        if not matched:
            raise Fault(
                'must be names of folders such as akismet, or akismet:5.3 where it is downloaded, '
                'parted by commas or on lines of their own'
            )
        addon = Addon(matched[1], matched[2] or '')
        if found.setdefault(addon.slug, addon) != addon:
            raise Fault(f'{addon.slug} is there twice, with different versions')
    return tuple(found.values())


def egress(text: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(word.lower() for word in _words(text)))
    if not all(_HOST.fullmatch(word.removeprefix('*.')) for word in words):
        raise Fault('must be host names such as api.example.com or *.example.com, parted by commas')
    return words


def networks(text: str) -> tuple[str, ...]:
    import ipaddress

    try:
        return tuple(str(ipaddress.ip_network(word, strict=False)) for word in _words(text))
    except ValueError:
        raise Fault('must be networks such as 10.0.0.0/8, parted by commas') from None


def size_in_bytes(size: str) -> int:
    return int(size.rstrip('KMG')) * {'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30}.get(size[-1], 1)
