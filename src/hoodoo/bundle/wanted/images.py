"""Images of this machine as resources name them: ``oci:FOLDER[:TAG]`` and ``oci-archive:FILE[:TAG]``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_KINDS = ('oci:', 'oci-archive:')


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image layout, or an archive of one."""

    kind: str
    path: str
    tag: str = ''

    def __str__(self) -> str:
        return ':'.join(filter(None, (self.kind, self.path, self.tag)))


def is_local(text: str) -> bool:
    """Whether the resource *text* is an image of this machine."""
    return text.startswith(_KINDS)


def local(resources: Mapping[str, str]) -> dict[str, str]:
    """Those of *resources* that are images of this machine."""
    return {key: text for key, text in resources.items() if is_local(text)}


def parse(text: str) -> Image:
    """Read a resource for which `is_local` is true; a tag follows the last colon of a path."""
    kind, _, rest = text.partition(':')
    path, colon, tag = rest.rpartition(':')
    if not colon or '/' in tag:
        path, tag = rest, ''
    return Image(kind=kind, path=path, tag=tag)


def digest(text: str) -> str | None:
    """What tells an image from another, wherever it lies; None when it is not there yet.

    The index of a layout names every blob by its digest, so nothing else needs to be read.
    """
    image = parse(text)
    path = Path(image.path)
    file = path / 'index.json' if path.is_dir() else path
    try:
        with file.open('rb') as opened:
            found = hashlib.file_digest(opened, 'sha256').hexdigest()
    except FileNotFoundError:
        return None
    return f'{found}-{image.tag}' if image.tag else found
