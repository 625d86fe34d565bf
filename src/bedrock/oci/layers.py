"""A file tree as a layer: the same tree gives the same bytes."""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
import stat
import struct
import tarfile
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, cast

from bedrock.oci import model

_BLOCK = 2**20
_WINDOW = 2**15
# What gzip(1) writes for no name, no time, no particular level, no particular system.
_GZIP_HEADER = b'\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff'


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A written layer."""

    path: Path
    """The compressed file."""
    digest: str
    size: int
    diff_id: str
    unpacked: int
    """Bytes of the tar archive."""
    entries: int

    @property
    def descriptor(self) -> model.Descriptor:
        """How a manifest refers to it."""
        return model.Descriptor(media_type=model.LAYER_GZIP, digest=self.digest, size=self.size)


def write(tree: Path, target: Path, *, epoch: int, level: int = 6) -> Layer:
    """Write all that is in *tree* to *target*, a tar archive compressed by gzip.

    Entries are sorted, owners are numbers, every time is *epoch*: two trees of the same content give the
    same file. Sockets are left out.
    """
    plain = hashlib.sha256()
    with target.open('wb') as file, _Compressed(file, level) as compressed:
        sink = _Hashed(compressed, plain)
        with tarfile.open(
            fileobj=cast('IO[bytes]', sink), mode='w|', format=tarfile.PAX_FORMAT, bufsize=_BLOCK
        ) as tar:
            entries = sum(1 for _ in _add_all(tar, tree, epoch))
    with target.open('rb') as written:
        digest = hashlib.file_digest(written, 'sha256').hexdigest()
    return Layer(
        path=target,
        digest=f'sha256:{digest}',
        size=target.stat().st_size,
        diff_id=f'sha256:{plain.hexdigest()}',
        unpacked=sink.written,
        entries=entries,
    )


def _add_all(tar: tarfile.TarFile, tree: Path, epoch: int) -> Iterator[str]:
    seen: dict[tuple[int, int], str] = {}
    for name in _names(tree):
        path = tree / name
        about = path.lstat()
        entry = tarfile.TarInfo(name)
        entry.mode, entry.uid, entry.gid, entry.mtime = stat.S_IMODE(about.st_mode), *_owner(about), epoch
        number = (about.st_dev, about.st_ino)
        if stat.S_ISDIR(about.st_mode):
            entry.type = tarfile.DIRTYPE
            tar.addfile(entry)
        elif stat.S_ISLNK(about.st_mode):
            entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, os.readlink(path), 0o777
            tar.addfile(entry)
        elif stat.S_ISREG(about.st_mode):
            if about.st_nlink > 1 and number in seen:
                entry.type, entry.linkname = tarfile.LNKTYPE, seen[number]
                tar.addfile(entry)
            else:
                seen[number] = name
                entry.size = about.st_size
                with path.open('rb') as content:
                    tar.addfile(entry, content)
        else:
            continue
        yield name


def _owner(about: os.stat_result) -> tuple[int, int]:
    return about.st_uid, about.st_gid


def _names(tree: Path, below: str = '') -> Iterator[str]:
    for name in sorted(os.listdir(tree / below)):
        path = f'{below}/{name}' if below else name
        yield path
        found = tree / path
        if found.is_dir() and not found.is_symlink():
            yield from _names(tree, path)


class Digest(Protocol):
    """A digest of what it is given."""

    def update(self, data: bytes, /) -> None:
        """Take more."""
        ...


class _Hashed:
    """Passes on what is written, and knows its digest."""

    def __init__(self, out: _Compressed, digest: Digest) -> None:
        self._out, self._digest = out, digest
        self.written = 0

    def write(self, data: bytes) -> int:
        """Take more of the content."""
        self._digest.update(data)
        self._out.write(data)
        self.written += len(data)
        return len(data)


class _Compressed:
    """gzip in blocks that are compressed beside each other, of one size whatever the number of processors."""

    def __init__(self, out: IO[bytes], level: int) -> None:
        self._out, self._level = out, level
        self._crc, self._size = 0, 0
        self._pending, self._before = bytearray(), b''
        self._width = os.cpu_count() or 1
        self._pool = concurrent.futures.ThreadPoolExecutor(self._width)
        self._running: deque[concurrent.futures.Future[bytes]] = deque()

    def __enter__(self) -> _Compressed:
        self._out.write(_GZIP_HEADER)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._pool:
            if kind is None:
                self._start(bytes(self._pending), last=True)
                self._take(all_=True)
                self._out.write(struct.pack('<II', self._crc, self._size & 0xFFFFFFFF))

    def write(self, data: bytes) -> None:
        """Take more of the content."""
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        self._pending += data
        while len(self._pending) > _BLOCK:
            block = bytes(self._pending[:_BLOCK])
            del self._pending[:_BLOCK]
            self._start(block, last=False)
            self._take(all_=False)

    def _start(self, block: bytes, *, last: bool) -> None:
        self._running.append(self._pool.submit(_deflated, block, self._before, self._level, last=last))
        self._before = block[-_WINDOW:]

    def _take(self, *, all_: bool) -> None:
        while self._running and (all_ or len(self._running) > 2 * self._width):
            self._out.write(self._running.popleft().result())


def _deflated(block: bytes, before: bytes, level: int, *, last: bool) -> bytes:
    """*block* as a part of a deflate stream that may refer to what came *before*."""
    if before:
        packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=before)
    else:
        packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(block) + packer.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)
