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

from bedrock import archives, errors, process
from bedrock.oci import layout, unpack
from bedrock.oci.model import Config, ImageFault
from pocket.model.pods import OciReference
from pocket.substrate import images

_COPY_S = 1800.0
_FOLDER, _ARCHIVE = 'oci:', 'oci-archive:'


@dataclass(frozen=True, slots=True, kw_only=True)
class OciImage:
    """An unpacked image."""

    id: str
    """Its name in the cache of images: ``oci-`` and its digest."""
    tree: Path
    config: Config


async def ensure(
    cache: images.Images, reference: OciReference, *, note: images.Note = lambda _: None
) -> OciImage:
    """Return the image that *reference* names, unpacking it unless it is there.

    Who starts a container on it says so by ``cache.use``, as for any image.

    Raises:
        Fault: it is not there, damaged, or cannot be fetched.
    """
    kind, place, tag = read(reference.path)
    if kind == _FOLDER:
        return await _unpacked(cache, Path(place), tag, note)
    scratch = await asyncio.to_thread(cache.scratch)
    try:
        folder = scratch / 'layout'
        if kind == _ARCHIVE:
            note(f'reading {place}')
            await asyncio.to_thread(_open_archive, Path(place), folder)
        else:
            note(f'copying {place}')
            await _copy(place, reference, folder)
            tag = ''
        return await _unpacked(cache, folder, tag, note)
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


def read(path: str) -> tuple[str, str, str]:
    """The kind of a reference, the place, and the tag, which follows the last colon of a path.

    Raises:
        UsageFault: it names no place.
    """
    for kind in (_FOLDER, _ARCHIVE):
        if path.startswith(kind):
            place, colon, tag = path.removeprefix(kind).rpartition(':')
            if not colon or '/' in tag:
                place, tag = path.removeprefix(kind), ''
            if not place.startswith('/'):
                raise errors.UsageFault(
                    f'cannot find the image "{path}"', hint=f'Name it by its whole path: {kind}/folder.'
                )
            return kind, place, tag
    if not path or path.startswith('-') or any(letter.isspace() for letter in path):
        raise errors.UsageFault(
            f'cannot find the image "{path}"',
            hint='For example oci:/folder, oci-archive:/file.tar or registry.example.com/name:tag.',
        )
    return '', path.removeprefix('docker://'), ''


async def _unpacked(cache: images.Images, folder: Path, tag: str, note: images.Note) -> OciImage:
    image = await asyncio.to_thread(layout.open_, folder, tag)
    name = f'oci-{image.manifest.hexdigits}'

    def make(tree: Path) -> None:
        note(f'unpacking image {name}')
        unpack.unpack(image, tree, told=note)

    return OciImage(id=name, tree=await cache.ensure_made(name, make, note=note), config=image.config)


def _open_archive(archive: Path, folder: Path) -> None:
    if not archive.is_file():
        raise errors.UsageFault(f'cannot find the image {archive}: there is no such file')
    try:
        archives.unpack(archive, folder)
    except archives.ArchiveFault as err:
        raise ImageFault(f'cannot read the image {archive}') from err


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
