"""Writes an image layout: a folder, or the same as one tar archive."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from bedrock import trees
from bedrock.oci import documents, layout, model
from bedrock.oci.layers import Layer

_FICLONE = 0x40049409
"""FICLONE of ioctl_ficlone(2)."""


def write(
    target: Path,
    layers: Sequence[Layer],
    config: model.Config,
    *,
    tag: str,
    annotations: Mapping[str, str] | None = None,
    histories: Sequence[str] = (),
) -> str:
    """Make *target* a layout with one image and return the digest of its manifest.

    What *target* was is replaced in one step.

    Args:
        histories: One line about each layer.
    """
    with trees.replacing(target) as fresh:
        blobs = fresh / 'blobs' / 'sha256'
        blobs.mkdir(parents=True)
        for layer in layers:
            _bring(layer.path, blobs / layer.descriptor.hexdigits)
        about = documents.to_config(replace(config, diff_ids=tuple(layer.diff_id for layer in layers)))
        if histories:
            about['history'] = [
                {'created': config.created, 'created_by': line} if config.created else {'created_by': line}
                for line in histories
            ]
        written = _blob(blobs, about, model.CONFIG)
        manifest: dict[str, Any] = {
            'schemaVersion': 2,
            'mediaType': model.MANIFEST,
            'config': documents.to_descriptor(written),
            'layers': [documents.to_descriptor(layer.descriptor) for layer in layers],
        }
        if annotations:
            manifest['annotations'] = dict(annotations)
        found = replace(
            _blob(blobs, manifest, model.MANIFEST),
            annotations={model.REF_NAME: tag},
            architecture=config.architecture,
            system=config.system,
        )
        _write_top(fresh, found)
    return found.digest


def copy(image: layout.Image, target: Path) -> None:
    """Make *target*, which is not there yet, a layout with *image* alone.

    Nothing that is done to the files of *image* later changes it: no file is shared.

    Raises:
        ImageFault: a part of the image is missing or damaged.
    """
    (target / 'blobs' / 'sha256').mkdir(parents=True)
    config = layout.document(image.layout, image.manifest).get('config')
    parts = (image.manifest, documents.descriptor(config, where=image.digest), *image.layers)
    for part in {part.digest: part for part in parts}.values():
        with layout.open_blob(image.layout, part) as source, layout.path(target, part).open('wb') as copied:
            _clone(source, copied)
        layout.check_blob(target, part)
    _write_top(target, image.manifest)


def pack(folder: Path, archive: Path) -> None:
    """Write the layout *folder* as one tar archive, the same for the same layout."""
    fresh = archive.with_name(f'.{archive.name}.new')
    with tarfile.open(fresh, 'w', format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(path for path in folder.rglob('*') if path.is_file()):
            entry = tarfile.TarInfo(str(path.relative_to(folder)))
            entry.size, entry.mode = path.stat().st_size, 0o644
            with path.open('rb') as content:
                tar.addfile(entry, content)
    fresh.replace(archive)


def _write_top(folder: Path, manifest: model.Descriptor) -> None:
    """The two files that make a folder with blobs a layout of one image."""
    index = {
        'schemaVersion': 2,
        'mediaType': model.INDEX,
        'manifests': [documents.to_descriptor(manifest)],
    }
    (folder / 'index.json').write_bytes(documents.render(index))
    (folder / 'oci-layout').write_bytes(documents.render({'imageLayoutVersion': '1.0.0'}))


def _blob(folder: Path, document: Mapping[str, Any], media_type: str) -> model.Descriptor:
    data = documents.render(document)
    digest = hashlib.sha256(data).hexdigest()
    (folder / digest).write_bytes(data)
    return model.Descriptor(media_type=media_type, digest=f'sha256:{digest}', size=len(data))


def _bring(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)
    target.chmod(0o644)


def _clone(source: IO[bytes], target: IO[bytes]) -> None:
    try:
        fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
    except OSError:  # a file system that cannot, or two of them
        shutil.copyfileobj(source, target, 2**20)
