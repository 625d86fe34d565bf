"""Whether files of an inventory changed since they were read, without reading them."""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

_OURS = Path(__file__).parent
_SUFFIXES = ('.yaml', '.yml')


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How the files of a folder looked."""

    mark: str
    """Differs when any of them was changed, replaced, added or removed; empty if that cannot be told."""
    newest_ns: int
    """When the last of these happened."""


def of(folder: Path, *, program: Path = _OURS) -> Seen:
    """Look at all YAML files of *folder* and the folders below it, but for hidden ones.

    Some may be none of the inventory; when they change it is read once more, which does no harm.

    Args:
        program: Where the modules are that read an inventory: another version of them reads it anew.
    """
    digest = hashlib.sha256(_program(program))
    newest = 0
    for path, entry in _files(str(folder), ''):
        said = f'{path}\0{entry.st_ino}\0{entry.st_size}\0{entry.st_mtime_ns}\0{entry.st_ctime_ns}\n'
        digest.update(said.encode(errors='surrogateescape'))
        newest = max(newest, entry.st_mtime_ns, entry.st_ctime_ns)
    return Seen(mark=digest.hexdigest(), newest_ns=newest)


@functools.cache
def _program(folder: Path) -> bytes:
    """Differs for another version of the modules in *folder*, which would read other things."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob('*.py')):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.digest()


def _files(folder: str, below: str) -> list[tuple[str, os.stat_result]]:
    found: list[tuple[str, os.stat_result]] = []
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return found  # whoever reads the inventory says what is wrong with it
    for entry in entries:
        if entry.name.startswith('.'):
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                found += _files(entry.path, f'{below}{entry.name}/')
            elif entry.name.endswith(_SUFFIXES):
                found.append((below + entry.name, entry.stat()))
        except OSError:
            continue  # gone since, or a link to nothing
    return found
