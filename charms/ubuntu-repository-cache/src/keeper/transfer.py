"""Fetch one file whose size and hash are known, into a partial file, trusting nothing that comes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from keeper import errors
from keeper.catalogue import Known
from keeper.objects import Objects
from keeper.upstream import Origin, Upstream


def _ignore(_: object) -> None:
    return


async def fetch(
    upstream: Upstream,
    objects: Objects,
    origin: Origin,
    path: str,
    file: Known,
    *,
    begun: Callable[[Path], None] = _ignore,
    grown: Callable[[int], None] = _ignore,
) -> Path | None:
    """Fetch *path* from *origin* and return the partial file with *file*'s content; None if it is not there.

    Args:
        begun: Told the partial file once the host has promised the right length.
        grown: Told how many bytes are on disk, none of which is known to be right yet.

    Raises:
        Refused: the length or the hash is not *file*'s. Unavailable: the host gave no proper answer.
    """
    async with upstream.get(origin, path) as reply:
        if reply.status in (404, 410):
            return None
        if reply.status != 200:
            raise errors.Unavailable(f'{origin.base} answered {reply.status}', status=503)
        if reply.length != file.size:
            raise errors.Refused(
                f'cannot take {path}: {origin.base} sends {reply.length} bytes instead of {file.size}',
                cause='size',
            )
        descriptor, partial = objects.new_partial()
        try:
            begun(partial)
            digest, count = hashlib.sha256(), 0
            async for chunk in reply.chunks():
                _write_all(descriptor, chunk)
                digest.update(chunk)
                count += len(chunk)
                grown(count)
            if digest.hexdigest() != file.sha256:
                raise errors.Refused(f'cannot take {path}: {origin.base} sends other content', cause='hash')
        except BaseException:
            partial.unlink()
            raise
        finally:
            os.close(descriptor)
        return partial


def _write_all(descriptor: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]
