"""Which image a machine of a wanted base gets.

In this order: one that was imported for it; one built from the package sources that this host has of it, or
has of another release of its distribution; one built from the distribution's own archive, where this host has
the key that vouches for it. Where none can be built, the host's own distribution stands in, as a note says.
"""

from __future__ import annotations

import asyncio

from bedrock import aptarchives, aptsources, errors
from pocket.model import Base
from pocket.substrate import images


async def ensure(
    cache: images.Images, wanted: Base, *, note: images.Note = lambda _: None
) -> tuple[images.Image, str]:
    """Return the image of *wanted*, building it unless it is there, and a note when it is another base's.

    Raises:
        Fault: not even the host's own can be built.
    """
    found = await ensure_exact(cache, wanted, note=note)
    if found is not None:
        return found, ''
    this = images.host().base
    stand_in = await ensure_exact(cache, this, note=note)
    assert stand_in is not None, "the host's own is built or raises"
    return stand_in, alias(wanted, this)


async def ensure_exact(
    cache: images.Images, wanted: Base, *, note: images.Note = lambda _: None
) -> images.Image | None:
    """Return the image of *wanted*, building it unless it is there; None when it cannot be built here.

    Raises:
        Fault: the host's own cannot be built.
    """
    found = cache.imported(wanted)
    if found is not None:
        return found
    this = images.host()
    if wanted == this.base:
        return await cache.ensure(await asyncio.to_thread(images.recipe_of_host, this), note=note)
    recipe = await asyncio.to_thread(_foreign, wanted, this)
    if recipe is None or cache.is_out_of_reach(recipe):
        return None
    try:
        return await cache.ensure(recipe, note=note)
    except errors.Fault as err:
        cache.note_failure(recipe)
        note(f'{wanted}: {err.message.splitlines()[0]}')
        return None


def alias(wanted: Base, got: Base) -> str:
    """In words, that a machine runs another base than it should; empty when it is the same."""
    return '' if wanted == got else f'{wanted} is not available on this host, using {got}'


def _foreign(wanted: Base, this: images.Host) -> images.Recipe | None:
    found = aptarchives.here(wanted, this)
    if not found:
        return None
    return images.Recipe(
        base=wanted,
        codename=aptarchives.CODENAMES[wanted],
        sources=aptsources.render(found),
        proxy=aptsources.proxy(),
    )
