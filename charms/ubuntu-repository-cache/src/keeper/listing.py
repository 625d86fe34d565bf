"""Read Packages and Sources: which pool paths have which size and SHA-256.

Debian's main holds some 63,000 stanzas in 50 MB of text, and the first snapshot waits for it, so this
works on bytes and looks for three fields in each stanza instead of parsing all of them.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from keeper import errors

Row = tuple[str, int, bytes]
"""Path below the archive's base, size, SHA-256."""

_CHUNK = 1 << 20


def read(path: Path, *, name: str) -> Iterator[Row]:
    """The files that the index at *path* names; *name*, as published, tells format and compression.

    Raises:
        Refused: the index cannot be decompressed or a stanza is damaged.
    """
    rows = _sources if '/Sources' in f'/{name}' else _packages
    try:
        with _opened(path, name) as stream:
            for stanza in _stanzas(stream):
                yield from rows(stanza)
    except (lzma.LZMAError, EOFError, OSError, ValueError) as err:
        raise errors.Refused(f'cannot read index {name}', cause='index') from err


def _opened(path: Path, name: str) -> IO[bytes]:
    if name.endswith(('.xz', '.lzma')):
        return cast('IO[bytes]', lzma.open(path))
    if name.endswith('.gz'):
        return cast('IO[bytes]', gzip.open(path))
    if name.endswith('.bz2'):
        return cast('IO[bytes]', bz2.open(path))
    return path.open('rb')


def _stanzas(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b''
    while chunk := stream.read(_CHUNK):
        *whole, rest = (rest + chunk).split(b'\n\n')
        yield from whole
    yield rest


def _packages(stanza: bytes) -> Iterator[Row]:
    name = _field(stanza, b'\nFilename: ')
    if name is None:
        if stanza.strip():
            raise ValueError('a stanza has no Filename')
        return
    size, sha256 = _field(stanza, b'\nSize: '), _field(stanza, b'\nSHA256: ')
    if size is None or sha256 is None:
        # Without a strong hash nothing can be verified, so the file is not offered.
        return
    yield _row(name, size, sha256)


def _sources(stanza: bytes) -> Iterator[Row]:
    folder = _field(stanza, b'\nDirectory: ')
    block = (b'\n' + stanza).partition(b'\nChecksums-Sha256:')[2]
    if folder is None:
        return
    for line in block.lstrip(b' ').lstrip(b'\n').split(b'\n'):
        if not line.startswith(b' '):
            break
        sha256, size, name = line.split()
        yield _row(folder + b'/' + name, size, sha256)


def _field(stanza: bytes, mark: bytes) -> bytes | None:
    start = stanza.find(mark)
    if start < 0:
        if not stanza.startswith(mark[1:]):
            return None
        start = -1
    start += len(mark)
    end = stanza.find(b'\n', start)
    return (stanza[start:] if end < 0 else stanza[start:end]).strip()


def _row(name: bytes, size: bytes, sha256: bytes) -> Row:
    digest = bytes.fromhex(sha256.decode())
    path = name.decode().removeprefix('./')
    if len(digest) != 32 or path.startswith('/') or '..' in path.split('/'):
        raise ValueError(f'bad entry for {path}')
    return path, int(size), digest
