"""Read and write apt's sources, both forms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_ONE_LINE = re.compile(r'deb\s+(?:\[[^]]*\]\s*)?(\S+)\s+(\S+)\s+(.+)$')


@dataclass(frozen=True, slots=True)
class Source:
    """One archive that a machine installs from."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]


def parse(files: Iterable[tuple[str, str]]) -> list[Source]:
    """The binary sources in *files*, pairs of name and text; other files and flat archives are left out."""
    found: list[Source] = []
    for name, text in files:
        if name.endswith('.sources'):
            found.extend(_stanzas(text))
        elif name.endswith('.list'):
            found.extend(_lines(text))
    return [source for source in found if not any(suite.endswith('/') for suite in source.suites)]


def client_source(*, uri: str, suites: Sequence[str], components: Sequence[str], signed_by: str) -> str:
    """The deb822 text for a client; *signed_by* is a path or ASCII-armoured keys."""
    if '\n' in signed_by:
        signed_by = ''.join(f'\n {line or "."}' for line in signed_by.strip().splitlines())
    else:
        signed_by = f' {signed_by}'
    return (
        f'Types: deb\nURIs: {uri}\nSuites: {" ".join(suites)}\n'
        f'Components: {" ".join(components)}\nSigned-By:{signed_by}\n'
    )


def _stanzas(text: str) -> Iterator[Source]:
    for stanza in re.split(r'\n\s*\n', text):
        fields: dict[str, str] = {}
        name = ''
        for line in stanza.splitlines():
            if line.startswith('#'):
                continue
            if line[:1] in (' ', '\t'):
                fields[name] = f'{fields.get(name, "")} {line.strip()}'
            elif ':' in line:
                name, _, value = line.partition(':')
                name = name.strip().lower()
                fields[name] = value.strip()
        enabled = fields.get('enabled', 'yes').lower() not in ('no', 'false', 'off', '0')
        if enabled and 'deb' in fields.get('types', '').split() and fields.get('uris'):
            yield Source(
                _bases(fields['uris']),
                tuple(fields.get('suites', '').split()),
                tuple(fields.get('components', '').split()),
            )


def _lines(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        found = _ONE_LINE.match(line.partition('#')[0].strip())
        if found:
            yield Source(_bases(found[1]), (found[2],), tuple(found[3].split()))


def _bases(text: str) -> tuple[str, ...]:
    return tuple(uri.rstrip('/') for uri in text.split())
