"""Images in a folder: an index, and content that is named by its digest."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bedrock.oci import documents, model
from bedrock.oci.model import Config, Descriptor, ImageFault

MOST_DOCUMENT_BYTES = 8 * 2**20
_MOST_NESTED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image of a layout."""

    layout: Path
    manifest: Descriptor
    config: Config
    config_digest: str
    layers: tuple[Descriptor, ...]
    """Lowest first."""
    annotations: Mapping[str, str]

    @property
    def digest(self) -> str:
        """The manifest's, which all the rest follows from."""
        return self.manifest.digest

    @property
    def size(self) -> int:
        """Bytes of its layers, as they are kept."""
        return sum(layer.size for layer in self.layers)


def open_(folder: Path, tag: str = '', *, architecture: str = '') -> Image:
    """The image *tag* of the layout *folder*; without a tag, the only one.

    Args:
        architecture: Of a list of machines, which; default: this machine's.

    Raises:
        ImageFault: there is none, or it is damaged.
    """
    mark = _document_file(folder, 'oci-layout')
    if mark.get('imageLayoutVersion') != '1.0.0':
        raise ImageFault(
            f'cannot read the image {folder}: it is no OCI image layout of version 1.0.0',
            hint='Name the folder that holds "oci-layout", "index.json" and "blobs".',
        )
    index = _document_file(folder, 'index.json')
    found = _tagged(documents.descriptors(index, 'manifests', where=f'{folder}/index.json'), tag, folder)
    return _image(folder, _of_machine(folder, found, architecture or model.this_architecture(), _MOST_NESTED))


def path(folder: Path, wanted: Descriptor) -> Path:
    """Where the content *wanted* is, or would be."""
    return folder / 'blobs' / 'sha256' / wanted.hexdigits


def open_blob(folder: Path, wanted: Descriptor) -> io.BufferedReader:
    """Open the content *wanted*, which is not yet checked.

    Raises:
        ImageFault: it is not there, or of another size.
    """
    place = path(folder, wanted)
    try:
        number = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as err:
        raise ImageFault(f'cannot read the image: {wanted.digest} is missing', where=str(place)) from err
    opened = os.fdopen(number, 'rb')
    about = os.fstat(number)
    if not stat.S_ISREG(about.st_mode) or about.st_size != wanted.size:
        opened.close()
        raise ImageFault(
            f'cannot read the image: {wanted.digest} is not {wanted.size} bytes', where=str(place)
        )
    return opened


def check_blob(folder: Path, wanted: Descriptor) -> None:
    """Check that the content *wanted* has its digest.

    Raises:
        ImageFault: it has another, or is not there.
    """
    with open_blob(folder, wanted) as opened:
        digest = hashlib.file_digest(opened, 'sha256')
    if digest.hexdigest() != wanted.hexdigits:
        raise _damaged(folder, wanted)


def document(folder: Path, wanted: Descriptor) -> Mapping[str, Any]:
    """The JSON document *wanted*, checked.

    Raises:
        ImageFault: it is damaged, or not there.
    """
    where = f'{folder}: {wanted.digest}'
    if wanted.size > MOST_DOCUMENT_BYTES:
        raise ImageFault('cannot read the image: a document of it is too large', where=where)
    with open_blob(folder, wanted) as opened:
        data = opened.read(wanted.size)
    if hashlib.sha256(data).hexdigest() != wanted.hexdigits:
        raise _damaged(folder, wanted)
    return documents.parse(data, where=where)


def _damaged(folder: Path, wanted: Descriptor) -> ImageFault:
    return ImageFault(
        f'cannot read the image: {wanted.digest} has another content than its name says',
        where=str(folder),
        hint='Copy or build the image again.',
    )


def _document_file(folder: Path, name: str) -> Mapping[str, Any]:
    file = folder / name
    try:
        with file.open('rb') as opened:
            data = opened.read(MOST_DOCUMENT_BYTES + 1)
    except OSError as err:
        raise ImageFault(
            f'cannot read the image {folder}: it has no readable "{name}"',
            hint='Name the folder that holds "oci-layout", "index.json" and "blobs".',
        ) from err
    if len(data) > MOST_DOCUMENT_BYTES:
        raise ImageFault(f'cannot read the image: "{name}" is too large', where=str(file))
    return documents.parse(data, where=str(file))


def _tagged(found: tuple[Descriptor, ...], tag: str, folder: Path) -> Descriptor:
    known = [one.annotations.get(model.REF_NAME, '') for one in found]
    chosen = [one for one, name in zip(found, known, strict=True) if not tag or name == tag]
    if len(chosen) == 1:
        return chosen[0]
    names = ', '.join(sorted(name for name in known if name)) or 'none has a name'
    what = f'"{tag}"' if tag else 'the image that is meant'
    raise ImageFault(f'cannot find {what} in {folder}: it holds {len(found)} images', hint=f'There: {names}.')


def _of_machine(folder: Path, found: Descriptor, architecture: str, left: int) -> Descriptor:
    """*found*, or what a list of images for several machines has for this one."""
    if found.media_type not in model.INDEXES:
        return found
    if left == 0:
        raise ImageFault('cannot read the image: lists of images are nested too deeply', where=str(folder))
    listed = documents.descriptors(document(folder, found), 'manifests', where=found.digest)
    fitting = [one for one in listed if one.architecture in ('', architecture)]
    if not fitting:
        known = ', '.join(sorted({one.architecture for one in listed})) or 'none'
        raise ImageFault(
            f'cannot use the image {folder}: it is not for {architecture}', hint=f'It is for: {known}.'
        )
    best = next((one for one in fitting if one.architecture == architecture), fitting[0])
    return _of_machine(folder, best, architecture, left - 1)


def _image(folder: Path, manifest: Descriptor) -> Image:
    where = f'{folder}: {manifest.digest}'
    if manifest.media_type not in ('', *model.MANIFESTS):
        raise ImageFault(f'cannot read the image: "{manifest.media_type}" is no image', where=where)
    read = document(folder, manifest)
    config = documents.descriptor(read.get('config'), where=where)
    about = documents.config(document(folder, config), where=f'{folder}: {config.digest}')
    layers = documents.descriptors(read, 'layers', where=where)
    if len(layers) != len(about.diff_ids):
        raise ImageFault(
            f'cannot read the image: it has {len(layers)} layers and says {len(about.diff_ids)}', where=where
        )
    notes = documents.descriptor({**_EMPTY, 'annotations': read.get('annotations')}, where=where).annotations
    return Image(
        layout=folder,
        manifest=manifest,
        config=about,
        config_digest=config.digest,
        layers=layers,
        annotations=notes,
    )


_EMPTY = {'digest': f'sha256:{"0" * 64}', 'size': 0}
