"""Images of workload containers: found by what a resource of type oci-image says, unpacked once and cached.

They are in the cache of images, next to those of bases, and are used and removed like these. The name of one
is its digest, so what is unpacked never changes.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bedrock import trees
from bedrock.oci import layout, unpack
from bedrock.oci.model import Config, ImageFault
from pocket import keptimages
from pocket.model.pods import OciReference
from pocket.substrate import _locks, images
from pocket.substrate.pods import registries


@dataclass(frozen=True, slots=True, kw_only=True)
class OciImage:
    """An unpacked image."""

    id: str
    """Its name in the cache of images: ``oci-`` and its digest."""
    tree: Path
    config: Config


async def ensure(
    cache: images.Images, reference: OciReference, *, home: Path, note: images.Note = lambda _: None
) -> OciImage:
    """Return the image that *reference* names, unpacking it unless it is there.

    Who starts a container on it says so by ``cache.use``, as for any image. What it is unpacked from is kept
    in *home*: neither this host's folder nor the registry is needed again.

    Raises:
        Fault: it is not there, damaged, or cannot be fetched.
    """
    place = keptimages.read(reference.path)
    if place.kind:
        if not place.digest:  # of a resource that was given before images were kept
            place = keptimages.read(await asyncio.to_thread(keptimages.keep, home, reference.path))
        kept = keptimages.folder(home, place.digest)
        if not kept.is_dir():
            raise ImageFault(
                f'cannot find the image {reference.path}: it is not kept in {kept.parent} any more',
                hint='Attach it again: juju attach-resource APPLICATION RESOURCE=IMAGE.',
            )
        return await _unpacked(cache, kept, note)
    digest = place.digest or reference.digest or await registries.resolve(reference)
    kept = await _fetched(home, digest, reference, note)
    try:
        return await _unpacked(cache, kept, note)
    except ImageFault:
        # What a host that lost its power left half written is fetched anew by the next try.
        await asyncio.to_thread(trees.remove, kept)
        raise


async def _fetched(home: Path, digest: str, reference: OciReference, note: images.Note) -> Path:
    """The layout with the image of a registry that *digest* is; its registry is asked once."""
    folder = keptimages.folder(home, digest)
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = folder.with_name(f'.{folder.name}.lock')
    async with _locks.locked(lock, note, waiting=f'waiting for image {reference.path}'):
        if not folder.is_dir():
            note(f'fetching image {reference.path}')
            scratch = Path(tempfile.mkdtemp(prefix='.import-', dir=folder.parent))
            try:
                await registries.fetch(reference, digest, scratch / 'layout')
                await asyncio.to_thread(layout.open_, scratch / 'layout')
                (scratch / 'layout').rename(folder)
            finally:
                await asyncio.to_thread(trees.remove, scratch)
    return folder


async def _unpacked(cache: images.Images, folder: Path, note: images.Note) -> OciImage:
    image = await asyncio.to_thread(layout.open_, folder)
    name = f'oci-{image.manifest.hexdigits}'

    def make(tree: Path) -> None:
        note(f'unpacking image {name}')
        unpack.unpack(image, tree, told=note)

    return OciImage(id=name, tree=await cache.ensure_made(name, make, note=note), config=image.config)
