"""What is here only once somebody wants it: content that a store has, fetched into this home."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bedrock import errors, hub
from pocket import blobs
from pocket.model.resources import MAX_RESOURCE_BYTES, Resource

__all__ = ['resource']


async def resource(home: Path, wanted: Resource) -> Path:
    """Return where the content of *wanted* is, downloading it when it is a store's and not here yet.

    Raises:
        Fault: it cannot be had.
    """
    store = blobs.resources(home)
    if not wanted.source and not store.has(wanted.fingerprint):
        raise errors.Fault(f'resource "{wanted.name}" is not here any more')
    return await asyncio.to_thread(
        store.fetch,
        lambda write: hub.download(wanted.source, write),
        expected=wanted.fingerprint,
        limit=MAX_RESOURCE_BYTES,
    )
