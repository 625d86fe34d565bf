"""Where the packages of a release come from, on a host that may be another: its own sources or the archives.

A file tree of the release is built from what `sources` gives; empty means that it cannot be built here.
"""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import aptsources
from bedrock.aptsources import Source
from bedrock.base import Base

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What this host runs."""

    base: Base
    codename: str


def read_release(text: str) -> dict[str, str]:
    """The assignments in the text of an os-release file."""
    pairs = (line.partition('=') for line in text.splitlines())
    return {key: value.strip('"\'') for key, _, value in pairs}


def here(wanted: Base, this: Host) -> tuple[Source, ...]:
    """`sources` for a base that may be another than that of *this* host, with what the host has."""
    codename = CODENAMES.get(wanted)
    if codename is None:
        return ()
    archive = ARCHIVES.get(wanted.name)
    has_key = archive is not None and Path(archive.keyring).is_file()
    return sources(wanted, codename, known=aptsources.of_host(), this=this, has_key=has_key)


def sources(
    wanted: Base, codename: str, *, known: Iterable[Source], this: Host, has_key: bool
) -> tuple[Source, ...]:
    """The package sources of a base that the host is not; empty when there is nothing to build it from.

    Args:
        known: The host's own sources.
        has_key: The host has the keyring of the distribution's archive.
    """
    here = tuple(known)
    own = aptsources.of_distribution(here, distribution=wanted.name, codename=codename)
    if own:
        return own
    if wanted.name == this.base.name:
        related = aptsources.of_distribution(here, distribution=wanted.name, codename=this.codename)
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


def _of_release(source: Source, old: str, new: str) -> Source:
    suites = tuple(new + suite.removeprefix(old) for suite in source.suites)
    return dataclasses.replace(source, suites=suites)
