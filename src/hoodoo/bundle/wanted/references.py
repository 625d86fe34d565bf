"""What an application's ``charm`` names: one of the repository, one at a path, one of Charmhub."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_REVISION = re.compile(r'(?P<name>.+)-(?P<revision>\d+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class InRepository:
    """A charm of the repository, by name."""

    name: str
    series: str = ''
    """The directory that the reference names; empty for the application's series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtPath:
    """A charm at an absolute path."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class InRepositoryFolder:
    """A charm of the repository, by its path in there."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class OfStore:
    """A charm of Charmhub, or of the store before it."""

    name: str
    series: str = ''
    revision: int | None = None
    owner: str = ''
    """Who had it in the old store under a name of their own; Charmhub knows no such names."""
    old: bool = False
    """Whether it is written as a charm of the old store, ``cs:``."""


Reference = InRepository | AtPath | InRepositoryFolder | OfStore


def parse(written: str, *, store: bool) -> Reference:
    """Return what *written* names.

    Args:
        store: Whether a plain name is one of the store, as Juju has it, or of the repository, as
            juju-deployer has it.
    """
    scheme, colon, rest = written.partition(':')
    if colon and scheme in ('cs', 'ch'):
        return _of_store(rest, old=scheme == 'cs')
    if colon and scheme == 'local':
        folder, _, name = rest.rpartition('/')
        return InRepository(name=name, series=folder)
    path = Path(written)
    if path.is_absolute():
        return AtPath(path=path)
    if written.startswith('~'):
        return AtPath(path=Path(os.path.expanduser(written)))
    if written.startswith('.') or '/' in written or written.endswith('.charm'):
        return InRepositoryFolder(path=path)
    return OfStore(name=written) if store else InRepository(name=written)


def _of_store(rest: str, *, old: bool) -> OfStore:
    """``mysql``, ``~user/xenial/mysql-12``, ``amd64/noble/mysql-3``."""
    *folders, last = rest.split('/')
    found = _REVISION.fullmatch(last)
    owner = next((folder.removeprefix('~') for folder in folders if folder.startswith('~')), '')
    series = folders[-1] if folders and not folders[-1].startswith('~') else ''
    return OfStore(
        name=found['name'] if found else last,
        series=series,
        revision=int(found['revision']) if found else None,
        owner=owner,
        old=old,
    )
