"""Container images that resources name, kept in a home as layouts.

The folder or archive of this host that a resource names may be another tomorrow. Pods run what it was when it
was given, as if it were named by its digest in a registry, until somebody attaches it again. What a registry
has is kept once it was fetched, under the digest that the registry has for it.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

from bedrock import archives, errors, trees
from bedrock.oci import layout, writer
from bedrock.oci.model import ImageFault

__all__ = ['Place', 'folder', 'keep', 'read', 'sweep']

_FOLDER, _ARCHIVE = 'oci:', 'oci-archive:'
_PINNED = re.compile(r'(?P<path>.+)@(?P<digest>sha256:[0-9a-f]{64})')


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an image is."""

    kind: str
    """``oci:`` or ``oci-archive:``; empty for a registry."""
    path: str
    """Of a registry, the image's name with that."""
    tag: str = ''
    digest: str = ''
    """The manifest that is meant; empty: what is there. One of this host is kept in the home."""


def read(path: str) -> Place:
    """Read a reference; a tag follows the last colon of a path, a digest ``@`` at its end.

    Raises:
        UsageFault: it names no place.
    """
    for kind in (_FOLDER, _ARCHIVE):
        if path.startswith(kind):
            return _read_local(path, kind)
    if not path or path.startswith('-') or any(letter.isspace() for letter in path):
        raise errors.UsageFault(
            f'cannot find the image "{path}"',
            hint='For example oci:/folder, oci-archive:/file.tar or registry.example.com/name:tag.',
        )
    name, tag, digest = _split(path.removeprefix('docker://'))
    return Place(kind='', path=name, tag=tag, digest=digest)


def keep(home: Path, path: str) -> str:
    """Keep in *home* the image of this host that *path* names; return the path with the image's digest.

    A path of a registry is returned as it is. An image is copied once, however many resources name it.

    Raises:
        UsageFault: it names no place. Fault: the image is not there or damaged, or cannot be kept.
    """
    place = read(path)
    if not place.kind or (place.digest and folder(home, place.digest).is_dir()):
        return path
    store = home / 'layouts'
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with contextlib.ExitStack() as stack:
            source = Path(place.path)
            if place.kind == _ARCHIVE:
                source = stack.enter_context(_unpacked(source, below=store))
            image = layout.open_(source, place.tag)
            if place.digest not in ('', image.digest):
                raise ImageFault(f'cannot find the image {path}: what is there now is {image.digest}')
            # One lock for all: two who keep the same image make the same folder.
            stack.enter_context(trees.held(store / '.lock'))
            target = folder(home, image.digest)
            if not target.is_dir():
                with trees.replacing(target) as fresh:
                    writer.copy(image, fresh)
    except OSError as err:
        raise errors.Fault(f'cannot keep the image {path} in {store}: {err.strerror}') from err
    return path if place.digest else f'{path}@{image.digest}'


def folder(home: Path, digest: str) -> Path:
    """Where the image of manifest *digest* is kept as a layout, or would be."""
    return home / 'layouts' / digest.removeprefix('sha256:')


def sweep(home: Path, wanted: Iterable[str]) -> None:
    """Remove all kept images but those that the paths *wanted* name; nothing may be on its way."""
    digests = (found['digest'] for path in wanted if (found := _PINNED.fullmatch(path)))
    kept = {folder(home, digest) for digest in digests}
    store = home / 'layouts'
    for entry in store.iterdir() if store.is_dir() else ():
        if entry not in kept:
            trees.remove(entry)


@contextlib.contextmanager
def _unpacked(archive: Path, *, below: Path) -> Generator[Path]:
    """The layout in *archive*, for the time of the block, in a folder *below* that.

    Raises:
        Fault: it is not there, or damaged.
    """
    if not archive.is_file():
        raise errors.UsageFault(f'cannot find the image {archive}: there is no such file')
    with tempfile.TemporaryDirectory(prefix='.import-', dir=below) as scratch:
        try:
            archives.unpack(archive, Path(scratch, 'layout'))
        except archives.ArchiveFault as err:
            raise ImageFault(f'cannot read the image {archive}') from err
        yield Path(scratch, 'layout')


def _read_local(path: str, kind: str) -> Place:
    place, tag, digest = _split(path.removeprefix(kind))
    if not place.startswith('/'):
        raise errors.UsageFault(
            f'cannot find the image "{path}"', hint=f'Name it by its whole path: {kind}/folder.'
        )
    return Place(kind=kind, path=place, tag=tag, digest=digest)


def _split(text: str) -> tuple[str, str, str]:
    """The place, the tag and the digest of a reference without its kind."""
    found = _PINNED.fullmatch(text)
    text, digest = (found['path'], found['digest']) if found else (text, '')
    place, colon, tag = text.rpartition(':')
    if not colon or '/' in tag:
        place, tag = text, ''
    return place, tag, digest
