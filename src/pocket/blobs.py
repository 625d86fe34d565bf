"""Large files of a home, kept under the digest of their content: charm archives and resources."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors

__all__ = ['MismatchFault', 'Part', 'Store', 'TooLargeFault', 'charms', 'resources']


class TooLargeFault(errors.Fault):
    """More came than may be kept."""


class MismatchFault(errors.Fault):
    """What came is not what was announced."""


class Part:
    """A file on its way to disk: hashed as it comes, bounded, and gone unless it is kept.

    Only its owner may read it, also once it is kept.
    """

    def __init__(self, store: Store, *, limit: int) -> None:
        store.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        number, name = tempfile.mkstemp(dir=store.folder, prefix='.part-')
        self._file = os.fdopen(number, 'wb')
        self._store = store
        self._left = limit
        self._digest = hashlib.new(store.algorithm)
        self.path = Path(name)
        self.size = 0

    def __enter__(self) -> Part:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    @property
    def digest(self) -> str:
        """The hex digest of what came so far."""
        return self._digest.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Take the next piece.

        Raises:
            TooLargeFault: it is too much.
        """
        self.size += len(chunk)
        if self.size > self._left:
            raise TooLargeFault('archive is too large' if self._store.suffix else 'resource is too large')
        self._digest.update(chunk)
        self._file.write(chunk)

    def finish(self) -> None:
        """Bring what came to disk, so that `path` can be read."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def keep(self, *, expected: str = '') -> Path:
        """Give it its lasting name, by its content.

        Raises:
            MismatchFault: its digest is not the one *expected*.
        """
        self.finish()
        if expected and self.digest != expected:
            raise MismatchFault(f'expected {self._store.algorithm} {expected}, got {self.digest}')
        kept = self._store.path(self.digest)
        self.path.replace(kept)
        return kept

    def discard(self) -> None:
        """Remove it unless it was kept."""
        self._file.close()
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One folder of such files."""

    folder: Path
    algorithm: str
    suffix: str = ''

    def path(self, digest: str) -> Path:
        """Where the content of *digest* is, or would be."""
        return self.folder / f'{digest}{self.suffix}'

    def has(self, digest: str) -> bool:
        """Whether the content of *digest* is here."""
        return self.path(digest).is_file()

    def part(self, *, limit: int) -> Part:
        """Begin a file of at most *limit* bytes."""
        return Part(self, limit=limit)

    def fetch(self, fill: Callable[[Callable[[bytes], None]], None], *, expected: str, limit: int) -> Path:
        """Return where the content of digest *expected* is, having it written by *fill* unless it is here.

        Raises:
            TooLargeFault, MismatchFault: *fill* wrote something else; it is gone.
        """
        if not self.has(expected):
            with self.part(limit=limit) as part:
                fill(part.write)
                part.keep(expected=expected)
        return self.path(expected)

    def sweep(self, wanted: Iterable[Path]) -> None:
        """Remove all but *wanted*; nothing may be on its way."""
        kept = frozenset(wanted)
        for file in self.folder.iterdir() if self.folder.is_dir() else ():
            if file not in kept:
                file.unlink(missing_ok=True)


def charms(home: Path) -> Store:
    """The charm archives of *home*, by SHA-256."""
    return Store(folder=home / 'charms', algorithm='sha256', suffix='.charm')


def resources(home: Path) -> Store:
    """The resources of *home*, by SHA-384."""
    return Store(folder=home / 'resources', algorithm='sha384')
