"""Images of workload containers: found by what a resource of type oci-image says, unpacked once and cached.

They are in the cache of images, next to those of bases, and are used and removed like these. The name of one
is its digest, so what is unpacked never changes.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, process
from bedrock.oci import layout, unpack
from bedrock.oci.model import Config, ImageFault
from pocket import keptimages
from pocket.model.pods import OciReference
from pocket.substrate import images

_COPY_S = 1800.0


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

    Who starts a container on it says so by ``cache.use``, as for any image. Those of this host are kept in
    *home*.

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
    scratch = await asyncio.to_thread(cache.scratch)
    try:
        note(f'copying {place.path}')
        await _copy(place.path, reference, scratch / 'layout')
        return await _unpacked(cache, scratch / 'layout', note)
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


async def _unpacked(cache: images.Images, folder: Path, note: images.Note) -> OciImage:
    image = await asyncio.to_thread(layout.open_, folder)
    name = f'oci-{image.manifest.hexdigits}'

    def make(tree: Path) -> None:
        note(f'unpacking image {name}')
        unpack.unpack(image, tree, told=note)

    return OciImage(id=name, tree=await cache.ensure_made(name, make, note=note), config=image.config)


async def _copy(name: str, reference: OciReference, folder: Path) -> None:
    """Have skopeo copy the image from its registry; the password is in a file that only we may read."""
    if shutil.which('skopeo') is None:
        raise errors.Fault(
            f'cannot copy the image {name}: there is no skopeo on this host',
            hint='Run "apt-get install skopeo", or copy the image here and name it as oci:/folder.',
        )
    with tempfile.TemporaryDirectory() as private:
        argv = ['skopeo', 'copy', '--quiet', '--retry-times=3']
        if reference.username:
            file = Path(private) / 'auth.json'
            file.touch(mode=0o600)
            file.write_text(json.dumps(credentials(name, reference)))
            argv.append(f'--src-authfile={file}')
        child = await process.start(
            [*argv, f'docker://{name}', f'oci:{folder}:image'],
            env={**os.environ, 'LANG': 'C.UTF-8'},
        )
        try:
            async with asyncio.timeout(_COPY_S):
                _, said = await child.communicate()
        except TimeoutError:
            await asyncio.shield(process.stop(child))
            raise errors.Fault(f'cannot copy the image {name} within {_COPY_S:g} s') from None
        except BaseException:
            await asyncio.shield(process.stop(child))
            raise
    if child.returncode != 0:
        lines = said.decode(errors='replace').replace(reference.password or '\0', '***').splitlines()[-3:]
        raise process.ProgramFault(
            f'cannot copy the image {name}: {" ".join(line.strip() for line in lines)}',
            hint='Check its name, and the username and password of the resource.',
        )


def credentials(name: str, reference: OciReference) -> dict[str, object]:
    """What container tools read of a registry's user, for the registry of the image *name*."""
    host, slash, _ = name.partition('/')
    known = slash and ('.' in host or ':' in host or host == 'localhost')
    pair = f'{reference.username}:{reference.password}'.encode()
    return {'auths': {host if known else 'docker.io': {'auth': base64.b64encode(pair).decode()}}}
