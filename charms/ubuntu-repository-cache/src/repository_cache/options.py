"""The charm's configuration: typed, then resolved against the machine into one plan. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from keeper.settings import Settings
from repository_cache.aptsources import Source

RUNTIME = '/run/repository-keeper'
KEYRING = '/etc/repository-keeper/keyring.gpg'
_POCKETS = ('release', 'updates', 'security', 'backports', 'proposed')
_KEYRINGS = {
    'ubuntu': ('/usr/share/keyrings/ubuntu-archive-keyring.gpg', 'ubuntu-keyring'),
    'debian': ('/usr/share/keyrings/debian-archive-keyring.gpg', 'debian-archive-keyring'),
}
_DURATION = re.compile(r'(\d+)\s*([smhd])$')
_SIZE = re.compile(r'(\d+)\s*([KMGT]?)B?$', re.IGNORECASE)
_SEGMENT = re.compile(r'[A-Za-z0-9][A-Za-z0-9._~-]*$')


class OptionError(ValueError):
    """An option cannot be used; the message names the option and the reason."""

    def __init__(self, option: str, reason: str) -> None:
        super().__init__(f'{option}: {reason}')


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options as Juju hands them over, one field each."""

    sync_host: str = 'archive.ubuntu.com'
    display_host: str = ''
    path_base: str = 'ubuntu'
    mirror_series: str = 'all'
    pockets: str = 'all'
    components: str = 'all'
    architectures: str = 'all'
    indexes: str = 'default'
    port: int = 80
    sync_interval: str = '2h'
    security_interval: str = '10m'
    retain_hours: int = 48
    keep_snapshots: int = 8
    store_size: str = '80%'
    squid_cache_size: int = 0
    store_path: str = '/srv/repository-cache'
    sync_bandwidth: str = 'none'
    max_upstream: int = 16
    prefetch: str = 'none'
    keyring: str = 'auto'
    pin_host: str = ''
    engine: str = 'store'
    stale_warn: str = '4h'
    stale_crit: str = '12h'
    publish_services: bool = True
    nagios_context: str = 'juju'
    nagios_servicegroups: str = ''


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the machine says of itself."""

    os_id: str
    codename: str
    architecture: str
    sources: Sequence[Source] = ()
    nameservers: Sequence[str] = ()
    hosts: dict[str, str] = field(default_factory=dict[str, str])
    """Addresses by name, from /etc/hosts."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Options and facts, resolved: nothing in here is ``auto``."""

    settings: Settings
    port: int
    service_name: str
    keyring_package: str
    """Package that brings the keyring; empty if the operator names one."""
    keyring_bytes: bytes
    """Content for the charm's own keyring file; empty if a file of the machine is used."""
    signed_by: str
    """For clients: path or keys."""
    publish_services: bool
    nagios_context: str
    nagios_servicegroups: str


def resolve(options: Options, facts: Facts, *, application: str) -> Plan:
    """Turn *options* into a plan for a machine.

    Raises:
        OptionError: an option has no meaning, or ``auto`` finds nothing.
    """
    path_base = _path_base(options, facts)
    own = _own_source(options, facts)
    origins = _origins(options, own, path_base)
    suites, optional, pockets = _suites(options, facts, origins)
    keyring, package, content, signed_by = _keyring(options, facts, path_base)
    size, percent = _store_size(options)
    warn, crit = _seconds('stale-warn', options.stale_warn), _seconds('stale-crit', options.stale_crit)
    if crit < warn:
        raise OptionError('stale-crit', 'must not be shorter than stale-warn')
    _check_rest(options)
    settings = Settings(
        origins=origins,
        path_base=path_base,
        keyring=keyring,
        store=options.store_path,
        runtime=RUNTIME,
        suites=suites,
        optional_suites=optional,
        pockets=pockets,
        components=_names('components', options.components, own.components if own else ()),
        architectures=_names('architectures', options.architectures, (facts.architecture,)),
        all_indexes=_choice('indexes', options.indexes, ('default', 'all')) == 'all',
        store_bytes=size,
        store_percent=percent,
        sync_interval=_seconds('sync-interval', options.sync_interval),
        security_interval=_seconds('security-interval', options.security_interval),
        retain=_at_least('retain-hours', options.retain_hours, 1) * 3600,
        keep_snapshots=_at_least('keep-snapshots', options.keep_snapshots, 1),
        max_upstream=_at_least('max-upstream', options.max_upstream, 1),
        bandwidth=0 if options.sync_bandwidth == 'none' else _bytes('sync-bandwidth', options.sync_bandwidth),
        stale_warn=warn,
        stale_crit=crit,
        display_host=options.display_host,
    )
    return Plan(
        settings=settings,
        port=options.port,
        service_name=options.display_host or application,
        keyring_package=package,
        keyring_bytes=content,
        signed_by=signed_by,
        publish_services=options.publish_services,
        nagios_context=options.nagios_context,
        nagios_servicegroups=options.nagios_servicegroups or options.nagios_context,
    )


def _path_base(options: Options, facts: Facts) -> str:
    if options.path_base == 'auto':
        if facts.os_id not in _KEYRINGS:
            raise OptionError('path-base', f'auto knows Ubuntu and Debian, not "{facts.os_id}"')
        return facts.os_id
    base = options.path_base.strip('/')
    if not base or not all(_SEGMENT.match(part) for part in base.split('/')):
        raise OptionError('path-base', f'"{options.path_base}" is not a path of plain names')
    if base.split('/')[0] in ('healthz', 'metrics'):
        raise OptionError('path-base', f'"{base}" is taken by the service itself')
    return base


def _own_source(options: Options, facts: Facts) -> Source | None:
    """The machine's own source of its own release, if an option asks for it."""
    asked = [
        name
        for name, value in (
            ('sync-host', options.sync_host),
            ('mirror-series', options.mirror_series),
            ('components', options.components),
        )
        if value == 'auto'
    ]
    if not asked:
        return None
    for source in facts.sources:
        if facts.codename in source.suites and all(
            uri.startswith(('http:', 'https:')) for uri in source.uris
        ):
            return source
    raise OptionError(asked[0], f'auto finds no apt source for {facts.codename or "this release"}')


def _origins(options: Options, own: Source | None, path_base: str) -> tuple[str, ...]:
    if options.sync_host == 'auto':
        assert own is not None
        entries = own.uris
    else:
        entries = tuple(options.sync_host.split())
    if not entries:
        raise OptionError('sync-host', 'names no host')
    return tuple(_origin(entry, path_base) for entry in entries)


def _origin(entry: str, path_base: str) -> str:
    url = entry if '://' in entry else f'http://{entry}'
    parts = urlsplit(url)
    if parts.scheme != 'http':
        raise OptionError('sync-host', f'"{entry}" is not http: packages are verified by hash, not by TLS')
    try:
        valid = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid or parts.query or parts.username or not re.fullmatch(r'[A-Za-z0-9.:\[\]_/~+-]+', url[7:]):
        raise OptionError('sync-host', f'"{entry}" is not a host, HOST/PATH or http://HOST/PATH')
    path = parts.path.strip('/') or path_base
    return f'http://{parts.netloc}/{path}'


def _suites(
    options: Options, facts: Facts, origins: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Needed suites, suites that may be absent, and the pockets that limit a discovery."""
    pockets = _names('pockets', options.pockets, _POCKETS)
    for pocket in pockets:
        _choice('pockets', pocket, _POCKETS)
    if options.mirror_series == 'all':
        return (), (), pockets
    if options.mirror_series == 'auto':
        here = [s for s in facts.sources if set(s.uris) & set(origins)]
        suites = dict.fromkeys(suite for source in here for suite in source.suites)
        if not suites:
            raise OptionError('mirror-series', f'auto finds no apt source at {origins[0]}')
        return tuple(suites), (), ()
    named = tuple(dict.fromkeys(options.mirror_series.split()))
    for name in named:
        if not _SEGMENT.match(name):
            raise OptionError('mirror-series', f'"{name}" is not the name of a suite')
    if not named:
        raise OptionError('mirror-series', 'names no series')
    if any(name.endswith(tuple(f'-{pocket}' for pocket in _POCKETS)) for name in named):
        return named, (), ()
    needed = named if not pockets or 'release' in pockets else ()
    others = [pocket for pocket in pockets or _POCKETS if pocket != 'release']
    return needed, tuple(f'{name}-{pocket}' for name in named for pocket in others), ()


def _keyring(options: Options, facts: Facts, path_base: str) -> tuple[str, str, bytes, str]:
    """Keyring file, package that brings it, content to write, and what clients are told."""
    value = options.keyring.strip()
    if value == 'auto':
        path, package = _KEYRINGS.get(path_base) or _KEYRINGS.get(facts.os_id) or ('', '')
        if not path:
            raise OptionError('keyring', f'auto knows Ubuntu and Debian, not "{facts.os_id}"')
        return path, package, b'', path
    if value.startswith('/'):
        return value, '', b'', value
    if value.startswith('-----BEGIN PGP PUBLIC KEY BLOCK-----'):
        return KEYRING, '', dearmor(value), value
    raise OptionError('keyring', 'is neither auto, an absolute path, nor ASCII-armoured keys')


def dearmor(text: str) -> bytes:
    """The binary keys in ASCII armour, which is all that gpgv reads.

    Raises:
        OptionError: there is no whole armoured block.
    """
    blocks = re.findall(
        r'-----BEGIN PGP PUBLIC KEY BLOCK-----(.*?)-----END PGP PUBLIC KEY BLOCK-----', text, re.DOTALL
    )
    content = b''
    for block in blocks:
        body = block.strip().splitlines()
        # Armour headers end at an empty line; a line that begins with "=" is a checksum.
        if '' in body:
            body = body[body.index('') + 1 :]
        data = ''.join(line.strip() for line in body if not line.startswith('=') and ':' not in line)
        try:
            content += base64.b64decode(data, validate=True)
        except binascii.Error as err:
            raise OptionError('keyring', 'the armoured keys are damaged') from err
    if not content:
        raise OptionError('keyring', 'the armoured keys are cut off')
    return content


def _store_size(options: Options) -> tuple[int, int]:
    """Bytes and percent; one of them counts."""
    if options.squid_cache_size:
        return _at_least('squid-cache-size', options.squid_cache_size, 1) * 10**6, 80
    text = options.store_size.strip()
    if text.endswith('%'):
        number = text[:-1].strip()
        if not number.isdigit() or not 1 <= int(number) <= 95:
            raise OptionError('store-size', f'"{text}" is not between 1% and 95%')
        return 0, int(number)
    return _bytes('store-size', text), 80


def _check_rest(options: Options) -> None:
    if not 1 <= options.port <= 65535:
        raise OptionError('port', f'{options.port} is not a port')
    if not re.fullmatch(r'/[A-Za-z0-9._/-]+', options.store_path) or '..' in options.store_path:
        raise OptionError('store-path', f'"{options.store_path}" is not an absolute path of plain names')
    if options.display_host and not re.fullmatch(r'[A-Za-z0-9.-]+', options.display_host):
        raise OptionError('display-host', f'"{options.display_host}" is not a host name')
    if options.pin_host:
        raise OptionError('pin-host', 'pinning is not in this version; leave it empty')
    _choice('engine', options.engine, ('store',))
    _choice('prefetch', options.prefetch, ('none',))


def _names(option: str, value: str, auto: Sequence[str]) -> tuple[str, ...]:
    """Blank-separated names; empty means all."""
    if value == 'all':
        return ()
    names = tuple(auto) if value == 'auto' else tuple(dict.fromkeys(value.split()))
    if not names:
        raise OptionError(option, 'is empty; say `all` for everything')
    for name in names:
        if not _SEGMENT.match(name):
            raise OptionError(option, f'"{name}" is not a plain name')
    return names


def _choice(option: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise OptionError(option, f'"{value}" is not one of {", ".join(allowed)}')
    return value


def _at_least(option: str, value: int, least: int) -> int:
    if value < least:
        raise OptionError(option, f'{value} is less than {least}')
    return value


def _seconds(option: str, text: str) -> int:
    found = _DURATION.match(text.strip())
    if not found or not int(found[1]):
        raise OptionError(option, f'"{text}" is not a time such as 90s, 10m or 2h')
    return int(found[1]) * {'s': 1, 'm': 60, 'h': 3600, 'd': 86400}[found[2]]


def _bytes(option: str, text: str) -> int:
    found = _SIZE.match(text.strip())
    if not found or not int(found[1]):
        raise OptionError(option, f'"{text}" is not a size such as 500M or 60G')
    return int(found[1]) * 1024 ** ' KMGT'.index(found[2].upper() or ' ')
