"""Images of this machine as resources name them: ``oci:FOLDER[:TAG]`` and ``oci-archive:FILE[:TAG]``."""

from __future__ import annotations

import hashlib
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


def parse(text: str) -> Image:
    """Read a resource for which `is_local` is true."""
    kind, _, rest = text.partition(':')
    path, _, tag = rest.partition(':')
    return Image(kind=kind, path=path, tag=tag)


def digest(text: str) -> str:
    """What tells the content of a resource from another: of a layout its index names every blob by digest."""
    if not is_local(text):
        return text
    path = Path(parse(text).path)
    file = path / 'index.json' if path.is_dir() else path
    with file.open('rb') as opened:
        return hashlib.file_digest(opened, 'sha256').hexdigest()
