"""Makes a file tree of an image's layers, as root, believing none of them.

The tree is its maker's alone while it is made, so what is looked at does not change before it is used. Links
on the way to an entry are followed as the container would, which is never out of the tree.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import stat
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast

from bedrock import archives, process
from bedrock.oci import layout
from bedrock.oci.model import Descriptor, ImageFault

MOST_BYTES = 20 * 2**30
MOST_ENTRIES = 1_000_000
_MOST_LINKS = 40
_MOST_AT_ONCE = 4 * 2**20
_CHUNK = 2**20
_WHITEOUT, _OPAQUE = '.wh.', '.wh..wh..opq'
_CAPABILITY = 'security.capability'
_ZSTD_S = 1800.0


class Digest(Protocol):
    """A digest of what it is given."""

    def update(self, data: bytes, /) -> None:
        """Take more."""
        ...

    def hexdigest(self) -> str:
        """The digest, as text."""
        ...


def unpack(image: layout.Image, tree: Path, *, told: Callable[[str], None] = lambda _: None) -> None:
    """Make *tree*, which must not be there, the file tree of *image*.

    Owners, modes and file capabilities are the image's where this process is root; its devices are left out.

    Raises:
        ImageFault: the image is damaged, too large, or would write outside the tree.
    """
    _make_folder(tree)
    left = _Left(MOST_BYTES, MOST_ENTRIES)
    for number, (layer, diff_id) in enumerate(zip(image.layers, image.config.diff_ids, strict=True), 1):
        told(f'unpacking layer {number} of {len(image.layers)}')
        with _plain(image.layout, layer, diff_id, left, tree.parent) as opened:
            apply(opened, tree, left=left, where=layer.digest)


class _Left:
    """How much may still be unpacked."""

    def __init__(self, size: int, entries: int) -> None:
        self.size, self.entries = size, entries

    def take(self, size: int, entries: int, where: str) -> None:
        """Count what comes next.

        Raises:
            ImageFault: it is too much.
        """
        self.size -= size
        self.entries -= entries
        if self.size < 0 or self.entries < 0:
            raise ImageFault('cannot unpack the image: it is too large', where=where)


def apply(opened: IO[bytes], tree: Path, *, left: _Left | None = None, where: str = '') -> None:
    """Put the layer *opened*, a plain tar archive, on top of *tree*.

    Raises:
        ImageFault: it is damaged, too large, or leads out of the tree.
    """
    place = _Place(tree, where)
    left = left or _Left(MOST_BYTES, MOST_ENTRIES)
    try:
        with tarfile.open(fileobj=cast('IO[bytes]', _Guarded(opened, where)), mode='r:') as tar:
            while (member := tar.next()) is not None:
                cast('Any', tar).members = []  # else it keeps each
                left.take(member.size if member.isreg() else 0, 1, where)
                place.put(tar, member)
        place.finish()
    except ImageFault:
        raise
    except (*archives.DAMAGE, OSError) as err:
        raise ImageFault(f'cannot unpack the image: {err}', where=where) from None


class _Guarded:
    """A file of which nobody reads much at once: tarfile reads long names and the like in one go."""

    def __init__(self, opened: IO[bytes], where: str) -> None:
        self._opened, self._where = opened, where
        self.seek, self.tell = opened.seek, opened.tell
        self.name = ''

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MOST_AT_ONCE:
            raise ImageFault('cannot unpack the image: a header of it is too large', where=self._where)
        return self._opened.read(size)


class _Place:
    """The tree that a layer is put on."""

    def __init__(self, tree: Path, where: str) -> None:
        self._tree, self._where = tree, where
        self._new: set[str] = set()
        """What this layer brought."""
        self._folders: list[tuple[str, int]] = []
        """Whose times are set at the end, when nothing more is put into them."""
        self._root = os.geteuid() == 0

    def put(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """Put one entry into its place."""
        parts = self._parts(member.name)
        if not parts:
            if member.isdir():
                self._tree.chmod(stat.S_IMODE(member.mode) or 0o755)
            return
        above = self._above(parts[:-1])
        name = parts[-1]
        path = f'{above}/{name}' if above else name
        if name.startswith(_WHITEOUT):
            self._white_out(above, name)
            return
        target = self._tree / path
        if member.isdir():
            self._folder(target)
        elif member.issym():
            self._clear(target)
            target.symlink_to(member.linkname)
        elif member.islnk():
            self._link(target, member.linkname)
        elif member.isreg():
            self._file(tar, member, target)
        elif parts[0] == 'dev':
            return  # every container has its own
        else:
            raise ImageFault(
                f'cannot unpack the image: "{member.name}" is a device or the like', where=self._where
            )
        self._note(path)
        if not member.islnk():
            self._dress(target, member)
        if member.isdir():
            self._folders.append((path, int(member.mtime)))

    def finish(self) -> None:
        """Give folders their times, deepest first."""
        for path, at in sorted(self._folders, reverse=True):
            target = self._tree / path
            if target.is_dir() and not target.is_symlink():
                os.utime(target, (at, at))

    def _parts(self, name: str) -> list[str]:
        parts = [part for part in name.split('/') if part not in ('', '.')]
        if '..' in parts or '\0' in name:
            raise ImageFault(f'cannot unpack the image: "{name}" leads out of the folder', where=self._where)
        return parts

    def _above(self, parts: list[str]) -> str:
        """The folder *parts* as the container sees it, made if need be: a path without a link in it."""
        pending, done = list(reversed(parts)), list[str]()
        links = 0
        while pending:
            part = pending.pop()
            if part == '..':
                done = done[:-1]
                continue
            target = self._tree.joinpath(*done, part)
            try:
                mode = target.lstat().st_mode
            except FileNotFoundError:
                _make_folder(target)
                mode = stat.S_IFDIR
            if stat.S_ISDIR(mode):
                done.append(part)
            elif stat.S_ISLNK(mode):
                links += 1
                if links > _MOST_LINKS:
                    raise ImageFault(
                        f'cannot unpack the image: "{"/".join(parts)}" leads nowhere', where=self._where
                    )
                leads = os.readlink(target)
                if leads.startswith('/'):
                    done = []
                pending += [part for part in reversed(leads.split('/')) if part not in ('', '.')]
            else:
                # Below a file of a lower layer there is nothing: the file goes.
                target.unlink()
                _make_folder(target)
                done.append(part)
        return '/'.join(done)

    def _white_out(self, above: str, name: str) -> None:
        folder = self._tree / above if above else self._tree
        if name == _OPAQUE:
            self._empty(folder, above)
        elif not name.startswith(f'{_WHITEOUT}{_WHITEOUT}'):  # else a mark of some other program
            gone = name.removeprefix(_WHITEOUT)
            if gone in ('', '.', '..'):
                raise ImageFault(f'cannot unpack the image: "{name}" removes nothing', where=self._where)
            self._clear(folder / gone)

    def _empty(self, folder: Path, above: str) -> None:
        """Remove what lower layers have in *folder*."""
        for entry in list(folder.iterdir()):
            path = f'{above}/{entry.name}' if above else entry.name
            if path not in self._new:
                self._clear(entry)
            elif entry.is_dir() and not entry.is_symlink():
                self._empty(entry, path)

    def _note(self, path: str) -> None:
        while path and path not in self._new:
            self._new.add(path)
            path = path.rpartition('/')[0]

    def _clear(self, target: Path) -> None:
        try:
            mode = target.lstat().st_mode
        except FileNotFoundError:
            return
        if stat.S_ISDIR(mode):
            shutil.rmtree(target)
        else:
            target.unlink()

    def _folder(self, target: Path) -> None:
        if target.is_symlink() or not target.is_dir():
            self._clear(target)
            target.mkdir(mode=0o755)

    def _link(self, target: Path, name: str) -> None:
        parts = self._parts(name)
        if not parts:
            raise ImageFault(f'cannot unpack the image: nothing is at "{name}"', where=self._where)
        source = self._tree / self._above(parts[:-1]) / parts[-1]
        if source == target:
            return
        mode = source.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise ImageFault(f'cannot unpack the image: "{name}" is no file', where=self._where)
        self._clear(target)
        os.link(source, target, follow_symlinks=False)

    def _file(self, tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
        self._clear(target)
        content = tar.extractfile(member)
        assert content is not None  # a regular file has one
        number = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        left = member.size
        with content, os.fdopen(number, 'wb') as out:
            while left > 0:
                chunk = content.read(min(left, _CHUNK))
                if not chunk:
                    raise ImageFault(
                        f'cannot unpack the image: it ends within "{member.name}"', where=self._where
                    )
                out.write(chunk)
                left -= len(chunk)

    def _dress(self, target: Path, member: tarfile.TarInfo) -> None:
        """Give it its owner, mode, capabilities and time, in the order in which one does not undo another."""
        if self._root:
            os.chown(target, member.uid, member.gid, follow_symlinks=False)
        if member.issym():
            os.utime(target, (member.mtime, member.mtime), follow_symlinks=False)
            return
        target.chmod(stat.S_IMODE(member.mode))
        value = member.pax_headers.get(f'SCHILY.xattr.{_CAPABILITY}')
        if value and self._root and member.isreg():
            os.setxattr(target, _CAPABILITY, value.encode('utf-8', 'surrogateescape'), follow_symlinks=False)
        os.utime(target, (member.mtime, member.mtime))


def _make_folder(path: Path) -> None:
    """As the image would have it, whatever our umask is."""
    path.mkdir()
    path.chmod(0o755)


@contextmanager
def _plain(folder: Path, layer: Descriptor, diff_id: str, left: _Left, scratch: Path) -> Generator[IO[bytes]]:
    """The layer as a plain tar archive that has the digest that the image's configuration says."""
    layout.check_blob(folder, layer)
    with tempfile.TemporaryFile(dir=scratch) as out:
        with layout.open_blob(folder, layer) as packed:
            start = packed.read(4)
            packed.seek(0)
            if start[:2] == b'\x1f\x8b':
                digest = _gunzip(packed, out, left.size, layer.digest)
            elif start == b'\x28\xb5\x2f\xfd':
                digest = _unzstd(layout.path(folder, layer), out, left.size, scratch)
            else:
                digest = hashlib.sha256()
                _copy(packed, out, digest)
        if f'sha256:{digest.hexdigest()}' != diff_id:
            raise ImageFault('cannot unpack the image: a layer is not what it says', where=layer.digest)
        out.seek(0)
        yield out


def _copy(source: IO[bytes], out: IO[bytes], digest: Digest) -> None:
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        out.write(chunk)


def _gunzip(packed: IO[bytes], out: IO[bytes], most: int, where: str) -> Digest:
    digest, size = hashlib.sha256(), 0
    try:
        with gzip.GzipFile(fileobj=packed) as plain:
            while chunk := plain.read(_CHUNK):
                size += len(chunk)
                if size > most:
                    raise ImageFault('cannot unpack the image: it is too large', where=where)
                digest.update(chunk)
                out.write(chunk)
    except (zlib.error, EOFError, gzip.BadGzipFile) as err:
        raise ImageFault(f'cannot unpack the image: {err}', where=where) from None
    return digest


def _unzstd(blob: Path, out: IO[bytes], most: int, scratch: Path) -> Digest:
    """By the program zstd, which cannot write more than *most* bytes."""
    if shutil.which('zstd') is None:
        raise ImageFault(
            'cannot unpack the image: a layer is compressed by zstd, and there is no such program here',
            where=blob.name,
            hint='Run "apt-get install zstd".',
        )
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        plain = Path(name) / 'layer'
        argv = ['prlimit', f'--fsize={most}', '--', 'zstd', '-d', '-q', blob, '-o', plain]
        if process.run(argv, timeout_s=_ZSTD_S, check=False).returncode != 0:
            raise ImageFault('cannot unpack the image: a layer is damaged or too large', where=blob.name)
        digest = hashlib.sha256()
        with plain.open('rb') as opened:
            _copy(opened, out, digest)
    return digest
