"""Where charms are found, what is in them, and how a source folder becomes an archive to deploy."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bedrock import charm as charm_files
from hoodoo.projects import layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Where a bundle's plain charm names lead."""

    repo: Path
    """``<repo>/<series>/<name>`` is tried first."""
    build: Path
    """``<build>/<name>`` second: what collect brought."""
    expected: Mapping[str, Path | None] = field(default_factory=dict[str, Path | None])
    """What collect will bring; None where its content is not known before."""
    complete: bool = True
    """False when collect may bring more than is known, so that nothing can be said to be missing."""

    copied: Mapping[Path, Path] = field(default_factory=dict[Path, Path])
    """Folders into which others are copied before the bundle is deployed."""
    made: tuple[Path, ...] = ()
    """Folders in which programs may make files before, so that none can be said to be missing."""

    def now(self, file: Path) -> Path:
        """Where the content is now that will be at *file* when the bundle is deployed."""
        found = self.belongs(file)
        return found if os.path.exists(found) else file

    def belongs(self, file: Path) -> Path:
        """Where a person puts what is to be at *file*."""
        for folder, source in self.copied.items():
            if file.is_relative_to(folder):
                return source / file.relative_to(folder)
        return file

    def may_come(self, file: Path) -> bool:
        """Whether *file* may be there when the bundle is deployed, though it is not now."""
        return any(file.is_relative_to(folder) for folder in self.made)

    def finds(self, name: str) -> bool:
        """Whether anything brings a charm called *name*, for whatever series."""
        return (
            name in self.expected
            or any(os.path.isdir(folder / name) for folder in self.repo.glob('*'))
            or os.path.isdir(self.build / name)
        )

    def find(self, name: str, series: str) -> Path | None:
        """The charm's folder as it will be when the bundle is deployed; None when nothing brings it."""
        if name in self.expected:
            return self.expected[name] or self.repo / series / name
        for folder in (self.repo / series / name, self.build / name):
            if os.path.isdir(folder):
                return folder
        return None


def read(path: Path) -> charm_files.Charm | None:
    """The charm at *path*; None when it is not there yet.

    Raises:
        CharmFault: something is there that is no charm, or a source that only other tools can pack.
    """
    if not os.path.exists(path):
        return None
    found = charm_files.read(path)
    charm_files.check(path)
    return found


def digest(path: Path) -> str:
    """A hash of the charm's content: equal content gives equal digests wherever it lies and came from."""
    found = hashlib.sha256()
    if path.is_file():
        found.update(path.read_bytes())
        return found.hexdigest()
    for folder, names, files in os.walk(path):
        names[:] = sorted(name for name in names if not name.startswith('.') and name != '__pycache__')
        for name in sorted(files):
            file = Path(folder, name)
            if file.is_file() and name != layout.COLLECT_INFO:
                mode = 'x' if os.access(file, os.X_OK) else '-'
                head = f'{file.relative_to(path).as_posix()}\0{mode}{file.stat().st_size}\0'
                found.update(head.encode())
                found.update(file.read_bytes())
    return found.hexdigest()


def pack(path: Path, *, content: str, cache: Path, note: Callable[[str], None]) -> Path:
    """Return an archive of the charm at *path*, made once for each *content* digest.

    Raises:
        CharmFault: it is no charm. ProgramFault: its Python requirements cannot be installed.
    """
    if path.is_file():
        return path
    target = cache / 'charms' / f'{path.name}-{content[:16]}.charm'
    if not target.exists():
        note(f'packing charm {path.name}')
        charm_files.pack(path, target, cache=cache, note=note)
    return target
