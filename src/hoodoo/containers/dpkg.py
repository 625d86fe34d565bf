"""Which packages a file tree has, read from dpkg's own status file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def installed(tree: Path) -> frozenset[str]:
    """Names of the packages that are installed in the file tree *tree*."""
    try:
        text = (tree / 'var/lib/dpkg/status').read_text(errors='replace')
    except FileNotFoundError:
        return frozenset()
    return frozenset(read(text))


def read(text: str) -> Iterable[str]:
    """Names of the packages that a status file calls installed."""
    for stanza in text.split('\n\n'):
        fields = dict(line.split(': ', 1) for line in stanza.splitlines() if ': ' in line and line[0] != ' ')
        if fields.get('Status', '').split()[-1:] == ['installed']:
            yield fields['Package']


def missing(wanted: Iterable[str], there: frozenset[str]) -> list[str]:
    """Those of *wanted* that are not there; one of which a version is wanted counts as missing."""
    return [name for name in wanted if name.partition(':')[0] not in there]
