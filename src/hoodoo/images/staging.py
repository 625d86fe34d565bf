"""What comes on top of the installed packages, each in a folder of its own that becomes a layer.

Files of packages that are only unpacked, archives of upstream, the recipe's own files.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from bedrock import archives, errors, process, trees, urls, web
from hoodoo.images import base, kept
from hoodoo.images.lock import Lock
from hoodoo.images.recipe import Recipe, Tarball, Unpacked

_UNPACK_S = 300.0
_MOST_DOWNLOAD_BYTES = 2**30


def unpack_packages(recipe: Recipe, lock: Lock, debs: Mapping[str, Path], tree: Path, scratch: Path) -> None:
    """Put the files of the recipe's unpacked packages into *tree*."""
    digests = {one.name: one.sha256 for one in lock.unpack}
    for wanted in recipe.unpack:
        part = scratch / 'part'
        process.run(['dpkg-deb', '--extract', debs[digests[wanted.package]], part], timeout_s=_UNPACK_S)
        _choose(part, wanted)
        lay(part, tree)
        trees.remove(part)


def _choose(tree: Path, wanted: Unpacked) -> None:
    """Remove what is not wanted, and folders that are empty then."""
    for path in base.every(tree):
        if path.is_dir() and not path.is_symlink():
            continue
        name = f'/{path.relative_to(tree)}'
        if (wanted.only and not _fits(name, wanted.only)) or _fits(name, wanted.without):
            path.unlink()
    for folder, _, _ in os.walk(tree, topdown=False):
        if not os.listdir(folder) and Path(folder) != tree and (wanted.only or wanted.without):
            Path(folder).rmdir()


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, f'/{pattern.lstrip("/")}') for pattern in patterns)


def fetch_tarball(one: Tarball, cache: Path, told: Callable[[str], None]) -> Path:
    """The archive of *one*, from the cache or its address.

    Raises:
        Fault: it cannot be fetched, or is another.
    """
    path = cache / 'tarballs' / one.sha256
    if not kept.is_whole(path, one.sha256):
        told(f'fetching {urls.shown(one.url)}')
        path.parent.mkdir(parents=True, exist_ok=True)
        with trees.held(path.with_name(f'.{one.sha256}.lock')):
            fetched = _fetch(one, path.parent)
            with fetched.open('rb') as opened:
                digest = hashlib.file_digest(opened, 'sha256').hexdigest()
            if digest != one.sha256:
                fetched.unlink()
                raise errors.Fault(
                    f'cannot take {urls.shown(one.url)}: '
                    f'its sha256 is {digest}, the recipe says {one.sha256}',
                    hint='Find out why before you change the recipe.',
                )
            fetched.replace(path)
    return path


def _fetch(one: Tarball, folder: Path) -> Path:
    left = _MOST_DOWNLOAD_BYTES
    fetched = folder / f'.{one.sha256}.new'

    def write(data: bytes) -> None:
        nonlocal left
        left -= len(data)
        if left < 0:
            raise errors.Fault(f'cannot take {urls.shown(one.url)}: it is too large')
        out.write(data)

    with fetched.open('wb') as out:
        web.get(one.url, write)
    return fetched


def unpack_tarballs(
    recipe: Recipe, tree: Path, scratch: Path, *, cache: Path, told: Callable[[str], None]
) -> None:
    """Put the archives of upstream into *tree*; their files are root's and nobody else may write them."""
    for one in recipe.tarballs:
        archive = fetch_tarball(one, cache, told)
        part = scratch / 'part'
        target = part / one.path.lstrip('/')
        target.parent.mkdir(parents=True)
        named = scratch / ('archive.zip' if zipfile.is_zipfile(archive) else 'archive.tar')
        shutil.copyfile(archive, named)
        archives.unpack(named, target, strip=one.strip)
        named.unlink()
        _normalise(part)
        lay(part, tree)
        trees.remove(part)


def lay_files(recipe: Recipe, tree: Path, scratch: Path) -> None:
    """Put the recipe's own files, folders and links into *tree*.

    Raises:
        Fault: a folder of files is not there.
    """
    for folder in recipe.files:
        if not folder.is_dir():
            raise errors.UsageFault(f'cannot lay {folder} over the image: there is no such folder')
        part = scratch / 'part'
        shutil.copytree(folder, part, symlinks=True, ignore=shutil.ignore_patterns('.git*', '__pycache__'))
        _normalise(part)
        lay(part, tree)
        trees.remove(part)
    for one in recipe.folders:
        path = tree / one.path.lstrip('/')
        _make_folder(path)
        path.chmod(one.mode)
        os.chown(path, one.owner, one.group)
    for name, leads in recipe.links.items():
        path = tree / name.lstrip('/')
        _make_folder(path.parent)
        trees.remove(path)
        path.symlink_to(leads)


def _make_folder(path: Path) -> None:
    """Make it and what is above it, open to everybody whatever our umask is."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for one in missing:
        one.chmod(0o755)


def _normalise(tree: Path) -> None:
    """What a checkout of a repository does not keep: owners, and modes other than executable or not."""
    for path in (tree, *base.every(tree)):
        os.chown(path, 0, 0, follow_symlinks=False)
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode):
            path.chmod(0o755 if stat.S_ISDIR(mode) or mode & stat.S_IXUSR else 0o644)


def lay(part: Path, tree: Path) -> None:
    """Move what is in *part* over *tree*; folders that both have are joined."""
    tree.mkdir(mode=0o755, exist_ok=True)
    for entry in sorted(part.iterdir()):
        target = tree / entry.name
        if entry.is_dir() and not entry.is_symlink() and target.is_dir() and not target.is_symlink():
            lay(entry, target)
        else:
            if os.path.lexists(target):
                trees.remove(target)
            entry.rename(target)
