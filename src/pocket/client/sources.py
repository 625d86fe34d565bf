"""Where a charm is that a word of the command line names: here, or in a store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors
from pocket.client.context import local_path

_STORE_NAME = re.compile(
    r'(ch:)?(?:[a-z0-9]+/)?(?:[a-z]+/)?([a-z][a-z0-9]*(?:-[a-z0-9]*[a-z][a-z0-9]*)*)(?:-(\d+))?'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a charm is from."""

    kind: str
    """local or store."""
    path: Path = Path()
    """Of what is here."""
    name: str = ''
    """Of what is in a store."""


def find(text: str) -> Source:
    """Return what *text* names.

    Raises:
        Fault: it names nothing.
    """
    path = local_path(text)
    looks_local = text.startswith(('.', '/', '~', 'local:')) or text.endswith('.charm')
    # As in Juju, a bare name is a store's charm, unless a folder of that name is a charm.
    if path.is_file() or (path.is_dir() and (looks_local or _is_charm(path))):
        return Source(kind='local', path=path)
    if looks_local or text.endswith(('.yaml', '.yml')):
        raise errors.Fault(f'cannot deploy "{text}": there is no such file or folder')
    if '/' in text and path.is_dir():
        raise errors.Fault(
            f'cannot deploy "{text}": the folder has neither a charm nor a bundle',
            hint='A charm has a charmcraft.yaml or metadata.yaml, a bundle a bundle.yaml.',
        )
    parsed = _STORE_NAME.fullmatch(text)
    if parsed is None:
        raise errors.Fault(f'cannot deploy "{text}": it is neither a file or folder nor the name of a charm')
    return Source(kind='store', name=parsed.group(2))


def _is_charm(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ('metadata.yaml', 'charmcraft.yaml'))
