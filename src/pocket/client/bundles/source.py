"""A bundle on this machine: a file, a folder or a zip archive, with its overlays and what they include."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors
from pocket import bundles
from pocket.client import images
from pocket.client.context import local_path

_NAME = 'bundle.yaml'
_MOST_BYTES = 16 * 2**20
"""More than any bundle has; an archive that claims more is not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a bundle is."""

    file: Path
    """The bundle file, or the archive that it is in."""
    folder: Path
    """What paths in the bundle are relative to."""


def find(text: str) -> Source | None:
    """The bundle that *text* names; None when it names none."""
    path = local_path(text)
    if path.is_dir():
        return Source(file=path / _NAME, folder=path) if (path / _NAME).is_file() else None
    if path.suffix in ('.yaml', '.yml') and path.is_file():
        return Source(file=path, folder=path.parent)
    if path.suffix == '.zip' and path.is_file() and _packed(path):
        return Source(file=path, folder=path.parent)
    return None


def load(source: Source, overlays: Sequence[str]) -> bundles.Bundle:
    """The bundle at *source* with its own overlays and those of the files *overlays* applied.

    Raises:
        Fault: a file cannot be read; BundleFault: the bundle has errors.
    """
    base, *own = _documents(source)
    others = [document for name in overlays for document in _documents(_overlay(name))]
    return bundles.read(bundles.merge(base, [*own, *others]), base_document=base)


def _overlay(name: str) -> Source:
    path = local_path(name)
    if not path.is_file():
        raise errors.Fault(f'cannot read overlay "{name}": there is no such file')
    return Source(file=path, folder=path.parent)


def _documents(source: Source) -> list[bundles.Document]:
    def read(path: str) -> bytes:
        return (source.folder / Path(path).expanduser()).read_bytes()

    loaded = bundles.load(_text(source.file), source=str(source.file))
    return [_anchored(bundles.resolve_includes(document, read), source.folder) for document in loaded]


def _anchored(document: bundles.Document, folder: Path) -> bundles.Document:
    """*document* with the paths of charms and resources as they are from here, whatever file named them."""
    applications: object = document.get('applications')
    if not isinstance(applications, dict):
        return document
    entries: bundles.Document = dict(applications)  # pyright: ignore[reportUnknownArgumentType]
    return {**document, 'applications': {name: _entry(entry, folder) for name, entry in entries.items()}}


def _entry(entry: object, folder: Path) -> object:
    if not isinstance(entry, dict):
        return entry
    made: bundles.Document = dict(entry)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(made.get('charm'), str) and bundles.is_path(made['charm']):
        made['charm'] = _path(made['charm'], folder)
    resources: object = made.get('resources')
    if isinstance(resources, dict):
        named: bundles.Document = dict(resources)  # pyright: ignore[reportUnknownArgumentType]
        made['resources'] = {
            name: _resource(value, folder) if isinstance(value, str) else value
            for name, value in named.items()
        }
    return made


def _resource(text: str, folder: Path) -> str:
    kind = next((kind for kind in images.LOCAL if text.startswith(kind)), '')
    if kind:
        return f'{kind}{_path(text.removeprefix(kind), folder)}'
    return _path(text, folder) if _is_file(text, folder) else text


def _is_file(text: str, folder: Path) -> bool:
    """Whether a resource is a file, not the name of an image."""
    return bundles.is_path(text) or (folder / text).is_file()


def _path(text: str, folder: Path) -> str:
    return str((folder / Path(text).expanduser()).absolute())


def _text(file: Path) -> str:
    try:
        data = _unpacked(file) if file.suffix == '.zip' else file.read_bytes()
        return data.decode()
    except (OSError, UnicodeDecodeError, zipfile.BadZipFile) as err:
        raise errors.Fault(f'cannot read bundle {file}') from err


def _unpacked(file: Path) -> bytes:
    with zipfile.ZipFile(file) as archive:
        if archive.getinfo(_NAME).file_size > _MOST_BYTES:
            raise errors.Fault(f'cannot read bundle {file}: {_NAME} in it is too large')
        return archive.read(_NAME)


def _packed(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return _NAME in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
