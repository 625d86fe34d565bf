"""What builds of images keep for later ones, and what builds that were killed left behind."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

from bedrock import files, trees
from bedrock.oci.layers import Layer

_KEPT = 4
"""How many layers of installed packages are kept."""
_FACTS = ('digest', 'size', 'diff_id', 'unpacked', 'entries')


def is_whole(path: Path, sha256: str) -> bool:
    """Whether *path* is a file with this content."""
    if not path.is_file():
        return False
    with path.open('rb') as opened:
        return hashlib.file_digest(opened, 'sha256').hexdigest() == sha256


def find_layer(folder: Path, key: str) -> Layer | None:
    """The layer that *folder* keeps as *key*; None when there is none, or it is not what it was."""
    about = folder / f'{key}.json'
    try:
        layer = Layer(path=folder / f'{key}.tar.gz', **json.loads(about.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    if not is_whole(layer.path, layer.digest.removeprefix('sha256:')):
        return None
    os.utime(about)
    return layer


def keep_layer(folder: Path, key: str, layer: Layer) -> None:
    """Keep *layer* in *folder* as *key*, and no more than a few others."""
    folder.mkdir(parents=True, exist_ok=True)
    with trees.held(folder / '.lock'):
        for left in folder.glob('.new-*'):
            left.unlink()
        fresh = folder / f'.new-{key}'
        shutil.copyfile(layer.path, fresh)
        fresh.replace(folder / f'{key}.tar.gz')
        files.write(folder / f'{key}.json', json.dumps({name: getattr(layer, name) for name in _FACTS}))
        for old in sorted(folder.glob('*.json'), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
            old.unlink()
            old.with_suffix('.tar.gz').unlink(missing_ok=True)


@contextlib.contextmanager
def scratch(folder: Path) -> Generator[Path]:
    """A folder of our own below *folder*, gone with the block; those of builds that were killed go now."""
    with trees.held(folder.with_name(f'.{folder.name}.lock')):
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob('build-*'):
            with _opened(left) as number:
                if _is_taken(number):
                    trees.remove(left)
        name = Path(tempfile.mkdtemp(prefix='build-', dir=folder))
        name.chmod(0o755)
        ours = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(ours, fcntl.LOCK_EX)
    try:
        yield name
    finally:
        trees.remove(name)
        os.close(ours)


@contextlib.contextmanager
def _opened(path: Path) -> Generator[int]:
    number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield number
    finally:
        os.close(number)


def _is_taken(number: int) -> bool:
    """Take the lock that a build holds for as long as it lives; False when it does."""
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
