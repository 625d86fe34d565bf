"""The content store: every file once, named by its SHA-256; published names are hard links to it."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

_STAMP_START = 946_684_800  # 1 January 2000
_STAMP_SPAN = 20 * 365 * 86_400


def stamp_of(sha256: str) -> int:
    """The modification time that a file with this content gets.

    It depends on the content alone, so every unit gives the same Last-Modified and ETag for the same file (a
    download can go on at another unit) and another content under the same name always gets others.
    """
    return _STAMP_START + int(sha256[:12], 16) % _STAMP_SPAN


class Objects:
    """Files below ``objects/`` of the store."""

    def __init__(self, store: Path) -> None:
        self.root = store / 'objects'
        self.partial = store / 'partial'
        for folder in (self.root, self.partial):
            folder.mkdir(parents=True, exist_ok=True)

    def clear_partial(self) -> None:
        """Drop what a killed keeper left half done."""
        shutil.rmtree(self.partial, ignore_errors=True)
        self.partial.mkdir()

    def path(self, sha256: str) -> Path:
        """Where the content is, or would be."""
        return self.root / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        """Whether the content is here."""
        return self.path(sha256).exists()

    def new_partial(self) -> tuple[int, Path]:
        """An empty file to fill: descriptor and path."""
        descriptor, name = tempfile.mkstemp(dir=self.partial)
        return descriptor, Path(name)

    def adopt(self, partial: Path, sha256: str, *, stamp: int | None = None) -> Path:
        """Move a *partial* file whose hash was checked into the store."""
        target = self.path(sha256)
        target.parent.mkdir(exist_ok=True)
        partial.chmod(0o644)
        moment = stamp_of(sha256) if stamp is None else stamp
        os.utime(partial, (moment, moment))
        with partial.open('rb') as file:
            os.fsync(file.fileno())
        partial.replace(target)
        return target

    def put(self, content: bytes, *, stamp: int | None = None) -> str:
        """Store *content* and return its hash."""
        sha256 = hashlib.sha256(content).hexdigest()
        if not self.has(sha256):
            descriptor, partial = self.new_partial()
            with os.fdopen(descriptor, 'wb') as file:
                file.write(content)
            self.adopt(partial, sha256, stamp=stamp)
        return sha256

    def drop(self, sha256: str) -> None:
        """Forget the content; links to it live on until they are removed too."""
        self.path(sha256).unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """Hash a file."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
