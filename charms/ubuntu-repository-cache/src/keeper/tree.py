"""Snapshot trees: hard links into the content store, listing pages, and the switch of ``current``."""

from __future__ import annotations

import html
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from keeper.objects import Objects


@dataclass(frozen=True, slots=True)
class Link:
    """One published name, relative to the archive's base, and the content behind it."""

    path: str
    sha256: str


def by_hash(path: str, sha256: str) -> str:
    """The by-hash name of an index."""
    return f'{PurePosixPath(path).parent}/by-hash/SHA256/{sha256}'


class Trees:
    """The folders that nginx serves: ``snapshots/gN``, the link ``current``, and ``packages``."""

    def __init__(self, store: Path, *, path_base: str, display_host: str) -> None:
        self._store = store
        self._snapshots = store / 'snapshots'
        self._snapshots.mkdir(parents=True, exist_ok=True)
        self._base = path_base
        self._title = f' on {display_host}' if display_host else ''
        self._current = store / 'current'
        self.packages = store / 'packages'
        (self.packages / path_base).mkdir(parents=True, exist_ok=True)

    def build(self, generation: int, links: Iterable[Link], objects: Objects) -> None:
        """Make the tree of *generation*; it is complete under its name or not there at all."""
        building = self._snapshots / f'.g{generation}'
        shutil.rmtree(building, ignore_errors=True)
        base = building / self._base
        made: set[Path] = set()
        for link in links:
            target = base / link.path
            if target.parent not in made:
                target.parent.mkdir(parents=True, exist_ok=True)
                made.add(target.parent)
            os.link(objects.path(link.sha256), target)
        (base / 'dists').mkdir(parents=True, exist_ok=True)
        self._write_pages(building)
        final = self._snapshots / f'g{generation}'
        shutil.rmtree(final, ignore_errors=True)
        building.rename(final)

    def flip(self, generation: int) -> None:
        """Serve *generation*: a prepared link is renamed over ``current``, never a moment without one."""
        prepared = self._store / '.current'
        prepared.unlink(missing_ok=True)
        prepared.symlink_to(f'snapshots/g{generation}')
        prepared.replace(self._current)

    def serving(self) -> int | None:
        """The generation that ``current`` leads to."""
        try:
            name = os.readlink(self._current).rpartition('/g')[2]
        except OSError:
            return None
        return int(name) if name.isdigit() and self._current.is_dir() else None

    def current_file(self, path: str) -> Path:
        """Where *path* is, or would be, in the served tree."""
        return self._current / self._base / path

    def place_index(self, path: str, sha256: str, objects: Objects) -> None:
        """Add an index that came later to the tree being served."""
        _place(objects.path(sha256), self.current_file(path))

    def place_package(self, path: str, sha256: str, objects: Objects) -> None:
        """Publish a package."""
        _place(objects.path(sha256), self.packages / self._base / path)

    def remove_package(self, path: str) -> None:
        """Take a package away."""
        (self.packages / self._base / path).unlink(missing_ok=True)

    def keep_only(self, generations: Iterable[int]) -> None:
        """Remove trees of other generations and what a killed keeper left half built."""
        names = {f'g{generation}' for generation in generations}
        for folder in self._snapshots.iterdir():
            if folder.name not in names:
                shutil.rmtree(folder, ignore_errors=True)

    def _write_pages(self, top: Path) -> None:
        for folder, names, files in os.walk(top):
            if 'by-hash' in names:
                names.remove('by-hash')
            here = Path(folder).relative_to(top).as_posix()
            path = '/' if here == '.' else f'/{here}/'
            entries = [f'{name}/' for name in names] + files
            Path(folder, 'index.html').write_text(page(path, entries, title=self._title))


def page(path: str, entries: Iterable[str], *, title: str = '') -> str:
    """The listing of the folder *path*: an absolute parent link, then names sorted with their slash."""
    lines = [f'<a href="{html.escape(entry)}">{html.escape(entry)}</a>' for entry in sorted(entries)]
    if path != '/':
        parent = path.rstrip('/').rpartition('/')[0] + '/'
        lines.insert(0, f'<a href="{html.escape(parent)}">Parent Directory</a>')
    name = html.escape((path.rstrip('/') or '/') + title)
    body = '\n'.join(lines)
    return (
        f'<!DOCTYPE html>\n<html><head><title>Index of {name}</title></head>\n'
        f'<body><h1>Index of {name}</h1>\n<pre>\n{body}\n</pre></body></html>\n'
    )


def _place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    prepared = target.parent / f'.{target.name}.new'
    prepared.unlink(missing_ok=True)
    os.link(source, prepared)
    # Renaming one link of a file over another link of the same file does nothing and leaves both.
    prepared.replace(target)
    prepared.unlink(missing_ok=True)
