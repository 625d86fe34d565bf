"""Which of a Release's files the mirror has, and which of them a snapshot fetches at once. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from keeper import errors
from keeper.release import Entry, Release
from keeper.settings import Settings

COMPRESSIONS = ('.xz', '.gz', '.bz2', '.lzma', '')
"""Endings in apt's order of preference, as far as the standard library reads them."""

_ARCHITECTURE = re.compile(
    r'(?:binary|installer)-([a-z0-9-]+?)(?:/|$)|(?:Contents|Components|Commands)-(?:udeb-)?([a-z0-9]+)(?:\.|$)'
)
_POCKETS = ('updates', 'security', 'backports', 'proposed', 'proposed-updates')
_HREF = re.compile(r'href="([A-Za-z0-9][A-Za-z0-9.+~_-]*)/"')


@dataclass(frozen=True, slots=True)
class Selected:
    """The files of one suite by path inside the suite; ``fetch`` names those that a snapshot must hold."""

    files: Mapping[str, Entry]
    fetch: frozenset[str]


def select(release: Release, settings: Settings, *, kept: Collection[str] = ()) -> Selected:
    """Filter *release* and choose what to fetch.

    Args:
        kept: Paths which the previous snapshot of the suite holds because a client asked for them: what one
            client wanted, others will want from the next snapshot too.

    Raises:
        Refused: a configured component or architecture is not in the archive.
    """
    _check('component', settings.components, release.components)
    wanted_archs = tuple(name for name in settings.architectures if name != 'source')
    _check('architecture', wanted_archs, release.architectures)
    dropped = set(release.components) - set(settings.components) if settings.components else set[str]()
    files = {
        path: entry
        for path, entry in release.files.items()
        if path.partition('/')[0] not in dropped and _arch_passes(path, settings.architectures)
    }
    if settings.all_indexes:
        return Selected(files, frozenset(files))
    needed = {name for name in map(stem, files) if _needed(name, release, settings)}
    fetch = {best for name in needed if (best := _best(name, files))}
    return Selected(files, frozenset(fetch | (set(kept) & set(files))))


def is_listing(path: str) -> bool:
    """Whether *path* is an index that names packages."""
    return stem(path).rpartition('/')[2] in ('Packages', 'Sources') and '/by-hash/' not in path


def stem(path: str) -> str:
    """*path* without the ending of its compression."""
    for ending in COMPRESSIONS:
        if ending and path.endswith(ending):
            return path[: -len(ending)]
    return path


def best_listings(paths: Collection[str]) -> list[str]:
    """One readable variant of each Packages and Sources among *paths*, sorted."""
    stems = {stem(path) for path in paths if is_listing(path)}
    return sorted(best for name in stems if (best := _best(name, paths)))


def suites_in_page(page: str, *, pockets: Collection[str]) -> list[str]:
    """The suites that a sync host's listing of ``dists/`` links to."""
    return [name for name in _HREF.findall(page) if not pockets or pocket_of(name) in pockets]


def pocket_of(suite: str) -> str:
    """``updates`` of ``jammy-updates``; ``release`` for a series itself."""
    return next((name for name in _POCKETS if suite.endswith(f'-{name}')), 'release')


def _check(what: str, wanted: Collection[str], offered: Collection[str]) -> None:
    missing = sorted(set(wanted) - set(offered)) if offered else []
    if missing:
        raise errors.Refused(
            f'cannot mirror {what} "{missing[0]}": the archive has {" ".join(offered)}', cause='selection'
        )


def _arch_passes(path: str, architectures: Collection[str]) -> bool:
    if not architectures:
        return True
    found = _ARCHITECTURE.search(path)
    return not found or (found[1] or found[2]) in {*architectures, 'all', 'source'}


def _best(name: str, paths: Collection[str]) -> str | None:
    return next((name + ending for ending in COMPRESSIONS if name + ending in paths), None)


def _needed(path: str, release: Release, settings: Settings) -> bool:
    """Whether apt asks for *path* on every update of a machine with a plain configuration."""
    parts = path.split('/')
    if path.endswith('/i18n/Translation-en'):
        return True
    if path.endswith('/source/Sources'):
        return 'source' in settings.architectures
    if parts[-1] != 'Packages' or len(parts) != 3 or not parts[1].startswith('binary-'):
        return False
    return parts[1] != 'binary-all' or not release.packages_hold_all
