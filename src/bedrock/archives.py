"""Unpack zip and tar archives of strangers: nothing is written or linked outside the folder."""

from __future__ import annotations

import os
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from bedrock import errors

__all__ = ['DAMAGE', 'ArchiveFault', 'leads_out', 'unpack']

MAX_UNPACKED_BYTES = 8 * 2**30
MAX_ENTRIES = 1_000_000
_MAX_LINK = 4096
DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, struct.error, EOFError, ValueError),
    *(NotImplementedError, RuntimeError, OverflowError, LookupError),
)
"""All that the standard library was seen to raise for bytes that are no proper archive."""


class ArchiveFault(errors.Fault):
    """An archive is damaged, or would write outside its folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    name: str
    size: int = 0
    folder: bool = False
    executable: bool = False
    link: str = ''
    """Where a symbolic link leads."""
    same_as: str = ''
    """The entry that a hard link is."""
    opened: Callable[[], IO[bytes] | None] | None = None


def unpack(archive: Path, folder: Path, *, strip: int = 0) -> None:
    """Unpack *archive* into *folder*, which must not be there.

    Modes are 0755 or 0644; owners and times are not kept.

    Args:
        strip: How many leading folders of each name to leave out; what has no more is left out.

    Raises:
        ArchiveFault: it is no archive, damaged, too large, or leads out of the folder.
    """
    folder.mkdir()
    left = MAX_UNPACKED_BYTES
    links: list[tuple[Path, str]] = []
    try:
        for number, entry in enumerate(_entries(archive)):
            left -= entry.size
            if left < 0 or number >= MAX_ENTRIES:
                raise ArchiveFault(f'cannot unpack {archive.name}: it is too large')
            name = _inside(entry.name, strip)
            if not name:
                continue
            target = folder / name
            if entry.folder:
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            if entry.link:
                if leads_out(name, entry.link):
                    raise ArchiveFault(f'cannot unpack it: link "{name}" leads out of the folder')
                links.append((target, entry.link))
            elif entry.same_as:
                shutil.copy2(folder / _inside(entry.same_as, strip), target)
            else:
                _write(entry, target)
        # Links come last, so that nothing is written through one.
        for target, leads in links:
            target.symlink_to(leads)
    except ArchiveFault:
        raise
    except (*DAMAGE, OSError) as err:
        raise ArchiveFault(f'cannot unpack {archive.name}: {err}') from None


def _entries(archive: Path) -> Iterator[_Entry]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                yield _zip_entry(opened, info)
        return
    try:
        tar = tarfile.open(archive)  # noqa: SIM115 (closed by the with below)
    except (*DAMAGE, OSError):
        raise ArchiveFault(f'cannot unpack {archive.name}: it is neither a zip nor a tar archive') from None
    with tar:
        for member in tar:
            if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
                raise ArchiveFault(f'cannot unpack {archive.name}: "{member.name}" is a device or the like')
            yield _Entry(
                name=member.name,
                size=member.size if member.isfile() else 0,
                folder=member.isdir(),
                executable=bool(member.mode & stat.S_IXUSR),
                link=member.linkname if member.issym() else '',
                same_as=member.linkname if member.islnk() else '',
                opened=lambda member=member: tar.extractfile(member),
            )


def _zip_entry(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Entry:
    mode = info.external_attr >> 16
    is_link = stat.S_ISLNK(mode)
    if is_link and info.file_size > _MAX_LINK:
        raise ArchiveFault(f'cannot unpack it: link "{info.filename}" is too long')
    return _Entry(
        name=info.filename.replace('\\', '/'),
        size=info.file_size,
        folder=info.is_dir(),
        executable=bool(mode & stat.S_IXUSR),
        link=opened.read(info).decode() if is_link else '',
        opened=lambda: opened.open(info),
    )


def _inside(name: str, strip: int) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or '..' in path.parts or '\0' in name:
        raise ArchiveFault(f'cannot unpack it: "{name}" leads out of the folder')
    return '/'.join(path.parts[strip:])


def leads_out(name: str, target: str) -> bool:
    """Whether the link *name* to *target* leaves the folder on its way, or could.

    Only at the beginning of *target* does ``..`` lead where it seems to: what follows a name may be another
    link, whose parent is elsewhere.
    """
    parts = PurePosixPath(target).parts
    up = next((number for number, part in enumerate(parts) if part != '..'), len(parts))
    return target.startswith('/') or '..' in parts[up:] or up > len(PurePosixPath(name).parts) - 1


def _write(entry: _Entry, target: Path) -> None:
    source = entry.opened() if entry.opened is not None else None
    if source is None:
        raise ArchiveFault(f'cannot unpack it: "{entry.name}" has no content')
    mode = 0o755 if entry.executable else 0o644
    number = os.open(target, os.O_CREAT | os.O_WRONLY | os.O_EXCL, mode)
    left = entry.size
    with source, os.fdopen(number, 'wb') as out:
        # No more than was announced: what is announced has been counted.
        while left > 0 and (chunk := source.read(min(left, 2**20))):
            out.write(chunk)
            left -= len(chunk)
    target.chmod(mode)
