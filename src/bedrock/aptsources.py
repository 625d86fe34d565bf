"""The host's own package sources, read from either of apt's two formats, as sources for a new file tree.

Only the distribution's entries count: what a third party offers for the host does not belong into machines.
Pure, but for `of_host` and `proxy`.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import process

_POCKETS = ('', '-updates', '-security', '/updates')
_COMPONENTS = {
    'debian': frozenset({'main', 'contrib', 'non-free', 'non-free-firmware'}),
    'ubuntu': frozenset({'main', 'restricted', 'universe', 'multiverse'}),
}
_SCHEMES = ('http', 'https', 'mirror', 'mirror+file', 'mirror+http', 'mirror+https')


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One package source."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ''
    """Path of a keyring, or an inline key as deb822 has it; empty means apt's trusted keys."""
    trusted: bool = False


def of_host() -> tuple[Source, ...]:
    """All package sources of this host."""
    found = list[Source]()
    for path in (Path('/etc/apt/sources.list'), *sorted(Path('/etc/apt/sources.list.d').glob('*'))):
        with contextlib.suppress(OSError):
            if path.suffix == '.sources':
                found.extend(parse_deb822(path.read_text()))
            elif path.suffix == '.list':
                found.extend(parse_one_line(path.read_text()))
    listed = {path for source in found for uri in source.uris if (path := _mirror_file(uri))}
    return expand_mirrors(found, {name: Path(name).read_text() for name in listed if Path(name).is_file()})


def proxy() -> str:
    """apt's own proxy settings, which machines need as well."""
    dump = ['apt-config', 'dump', '--format', '%f "%v";%n', 'Acquire::http::Proxy', 'Acquire::https::Proxy']
    shown = process.run(dump, timeout_s=10, check=False).stdout
    return ''.join(f'{line}\n' for line in shown.splitlines() if not line.endswith('"";'))


def parse_deb822(text: str) -> tuple[Source, ...]:
    """Sources of a ``.sources`` file that are enabled and hold binary packages."""
    found: list[Source] = []
    for stanza in _stanzas(text):
        if 'deb' not in stanza.get('types', '').split() or stanza.get('enabled', '').strip() == 'no':
            continue
        found.append(
            Source(
                uris=tuple(stanza.get('uris', '').split()),
                suites=tuple(stanza.get('suites', '').split()),
                components=tuple(stanza.get('components', '').split()),
                signed_by=stanza.get('signed-by', '').strip('\n') if stanza.get('signed-by') else '',
                trusted=stanza.get('trusted', '').strip() == 'yes',
            )
        )
    return tuple(found)


def parse_one_line(text: str) -> tuple[Source, ...]:
    """Sources of a ``.list`` file that hold binary packages."""
    found: list[Source] = []
    for raw in text.splitlines():
        line = raw.partition('#')[0].strip()
        kind, _, rest = line.partition(' ')
        if kind != 'deb':
            continue
        options: dict[str, str] = {}
        rest = rest.strip()
        if rest.startswith('['):
            inside, _, rest = rest[1:].partition(']')
            options = {name: value for name, _, value in (pair.partition('=') for pair in inside.split())}
        words = shlex.split(rest)
        if len(words) >= 3:
            found.append(
                Source(
                    uris=(words[0],),
                    suites=(words[1],),
                    components=tuple(words[2:]),
                    signed_by=options.get('signed-by', ''),
                    trusted=options.get('trusted') == 'yes',
                )
            )
    return tuple(found)


def of_distribution(sources: Iterable[Source], *, distribution: str, codename: str) -> tuple[Source, ...]:
    """The distribution's own among *sources*, with only its suites for *codename* and its components."""
    suites = {f'{codename}{pocket}' for pocket in _POCKETS}
    known = _COMPONENTS.get(distribution, frozenset())
    found: list[Source] = []
    for source in sources:
        key = source.signed_by
        own_key = not key or f'{distribution}-archive' in key
        uris = tuple(uri for uri in source.uris if uri.partition(':')[0] in _SCHEMES)
        kept = Source(
            uris=uris,
            suites=tuple(suite for suite in source.suites if suite in suites),
            components=tuple(name for name in source.components if name in known),
            signed_by=key,
            trusted=source.trusted,
        )
        if own_key and kept.uris and kept.suites and kept.components and kept not in found:
            found.append(kept)
    return tuple(found)


def expand_mirrors(sources: Iterable[Source], files: Mapping[str, str]) -> tuple[Source, ...]:
    """Replace ``mirror+file:`` addresses by what the named file lists: a machine does not have that file."""
    found: list[Source] = []
    for source in sources:
        uris: list[str] = []
        for uri in source.uris:
            path = _mirror_file(uri)
            listed = [
                line.split()[0]
                for line in files.get(path, '').splitlines()
                if line.strip() and not line.startswith('#')
            ]
            uris.extend(listed if path else [uri])
        found.append(
            Source(
                uris=tuple(uris),
                suites=source.suites,
                components=source.components,
                signed_by=source.signed_by,
                trusted=source.trusted,
            )
        )
    return tuple(found)


def _mirror_file(uri: str) -> str:
    """The path that a ``mirror+file:`` address names, else empty."""
    scheme, _, rest = uri.partition(':')
    return '/' + rest.lstrip('/') if scheme == 'mirror+file' else ''


def render(sources: Iterable[Source]) -> str:
    """*sources* as one deb822 text."""
    return '\n'.join(_render(source) for source in sources)


def _render(source: Source) -> str:
    lines = [
        'Types: deb',
        f'URIs: {" ".join(source.uris)}',
        f'Suites: {" ".join(source.suites)}',
        f'Components: {" ".join(source.components)}',
    ]
    if source.signed_by:
        separator = '\n' if '\n' in source.signed_by else ' '
        lines.append(f'Signed-By:{separator}{source.signed_by}')
    if source.trusted:
        lines.append('Trusted: yes')
    return ''.join(f'{line}\n' for line in lines)


def _stanzas(text: str) -> Iterable[dict[str, str]]:
    stanza: dict[str, str] = {}
    key = ''
    for line in (*text.splitlines(), ''):
        if line.startswith('#'):
            continue
        if not line.strip():
            if stanza:
                yield stanza
            stanza, key = {}, ''
        elif line[0] in ' \t' and key:
            stanza[key] += f'\n{line}'
        else:
            name, _, value = line.partition(':')
            key = name.strip().lower()
            stanza[key] = value.strip()
