"""Which image a machine of a wanted base gets.

In this order: one that was imported for it; one built from the package sources that this host has of it, or
has of another release of its distribution; one built from the distribution's own archive, where this host has
the key that vouches for it. Where none can be built, the host's own distribution stands in, as a note says.
"""

from __future__ import annotations

import asyncio
import dataclasses
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors
from pocket.model import Base
from pocket.substrate import _sources, images
from pocket.substrate._sources import Source

CODENAMES: Mapping[Base, str] = {
    Base(name='debian', channel='12'): 'bookworm',
    Base(name='debian', channel='13'): 'trixie',
    Base(name='ubuntu', channel='20.04'): 'focal',
    Base(name='ubuntu', channel='22.04'): 'jammy',
    Base(name='ubuntu', channel='24.04'): 'noble',
}
"""Releases that images can be built of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Where a distribution keeps its packages, for a host that has no source of it."""

    mirror: str
    ports: str
    """The mirror of architectures that the first one does not have; empty when it has all."""
    security: str
    security_suite: str
    """After the codename."""
    components: tuple[str, ...]
    keyring: str


ARCHIVES: Mapping[str, Archive] = {
    'debian': Archive(
        mirror='http://deb.debian.org/debian',
        ports='',
        security='http://deb.debian.org/debian-security',
        security_suite='-security',
        components=('main',),
        keyring='/usr/share/keyrings/debian-archive-keyring.gpg',
    ),
    'ubuntu': Archive(
        mirror='http://archive.ubuntu.com/ubuntu',
        ports='http://ports.ubuntu.com/ubuntu-ports',
        security='http://security.ubuntu.com/ubuntu',
        security_suite='-security',
        components=('main', 'universe'),
        keyring='/usr/share/keyrings/ubuntu-archive-keyring.gpg',
    ),
}


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


def sources(
    wanted: Base, codename: str, *, known: Iterable[Source], this: images.Host, has_key: bool
) -> tuple[Source, ...]:
    """The package sources of a base that the host is not; empty when there is nothing to build it from.

    Args:
        known: The host's own sources.
        has_key: The host has the keyring of the distribution's archive.
    """
    here = tuple(known)
    own = _sources.of_distribution(here, distribution=wanted.name, codename=codename)
    if own:
        return own
    if wanted.name == this.base.name:
        related = _sources.of_distribution(here, distribution=wanted.name, codename=this.codename)
        return tuple(_of_release(source, this.codename, codename) for source in related)
    archive = ARCHIVES.get(wanted.name)
    if archive is None or not has_key:
        return ()
    other = archive.ports and platform.machine() not in ('x86_64', 'i686')
    mirror, security = (archive.ports, archive.ports) if other else (archive.mirror, archive.security)
    return tuple(
        Source(uris=(uri,), suites=suites, components=archive.components, signed_by=archive.keyring)
        for uri, suites in (
            (mirror, (codename, f'{codename}-updates')),
            (security, (f'{codename}{archive.security_suite}',)),
        )
    )


def _foreign(wanted: Base, this: images.Host) -> images.Recipe | None:
    codename = CODENAMES.get(wanted)
    if codename is None:
        return None
    archive = ARCHIVES.get(wanted.name)
    has_key = archive is not None and Path(archive.keyring).is_file()
    found = sources(wanted, codename, known=images.host_sources(), this=this, has_key=has_key)
    if not found:
        return None
    return images.Recipe(base=wanted, codename=codename, sources=_sources.render(found), proxy=images.proxy())


def _of_release(source: Source, old: str, new: str) -> Source:
    suites = tuple(new + suite.removeprefix(old) for suite in source.suites)
    return dataclasses.replace(source, suites=suites)
