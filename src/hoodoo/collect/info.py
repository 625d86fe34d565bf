"""What a directory tells of where it came from, as codetree notes it; and digests of directories.

Juju leaves directories that begin with a dot out of a charm, and with them a version control system's data:
this file stays, so that a deployed charm says what it is.
"""

from __future__ import annotations

import datetime
import hashlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path

import yaml

from bedrock import files
from hoodoo.projects import layout

_LEFT_OUT = ('.git', '.bzr', '.hg', '.svn', '__pycache__')


def note(folder: Path, url: str, *, skip: Collection[str] = ()) -> None:
    """Note in *folder* that its content is that of *url*; an equal note stays as it is, date included.

    Args:
        skip: Paths in it that came from elsewhere.
    """
    path = folder / layout.COLLECT_INFO
    hashes = dict(_hashes(folder, skip=skip, hidden=False))
    if path.is_file() and read(path) == (url, hashes):
        return
    made = {
        'collect_date': datetime.datetime.now(datetime.UTC).isoformat(timespec='seconds'),
        'collect_url': url,
        'hashes': hashes,
    }
    files.write(path, yaml.safe_dump(made, width=1000))


def noted_url(folder: Path) -> str:
    """The source that *folder* says it has; empty when it says none."""
    path = folder / layout.COLLECT_INFO
    if folder.is_symlink() or not path.is_file():
        return ''
    # The hashes come last and may be many.
    head = path.read_text(errors='replace').partition('\nhashes:')[0]
    try:
        loaded: object = yaml.safe_load(head)
    except yaml.YAMLError:
        return ''
    return str(loaded.get('collect_url') or '') if isinstance(loaded, dict) else ''  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]


def read(path: Path) -> tuple[str, dict[str, str]]:
    """The source and the hashes that a note has; both empty when it is none."""
    try:
        loaded: object = yaml.safe_load(path.read_text(errors='replace'))
    except yaml.YAMLError:
        return '', {}
    if not isinstance(loaded, dict):
        return '', {}
    hashes: object = loaded.get('hashes')  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    known = hashes if isinstance(hashes, dict) else {}  # pyright: ignore[reportUnknownVariableType]
    return str(loaded.get('collect_url')), {str(key): str(value) for key, value in known.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType, reportUnknownVariableType]


def digest(path: Path) -> str:
    """``sha256:`` and a hash of the file or tree *path*, without what version control keeps in it."""
    if path.is_file():
        return f'sha256:{_hash(path)}'
    whole = hashlib.sha256()
    for name, value in _hashes(path, skip=(), hidden=True):
        mode = 'x' if os.access(path / name, os.X_OK) else '-'
        whole.update(f'{name}\0{mode}\0{value}\n'.encode('utf-8', 'surrogateescape'))
    return f'sha256:{whole.hexdigest()}'


def _hashes(top: Path, *, skip: Collection[str], hidden: bool) -> Iterator[tuple[str, str]]:
    """Each file's path and hash, in order; of a link, the hash of where it leads."""

    def wanted(folder: Path, name: str) -> bool:
        shown = hidden or not name.startswith('.')
        inner = (folder / name).relative_to(top).as_posix()
        return shown and name not in _LEFT_OUT and inner not in skip and inner != layout.COLLECT_INFO

    for where, folders, names in os.walk(top):
        folder = Path(where)
        folders[:] = sorted(name for name in folders if wanted(folder, name))
        links = [name for name in folders if hidden and (folder / name).is_symlink()]
        for name in sorted([*links, *(name for name in names if wanted(folder, name))]):
            file = folder / name
            if hidden and file.is_symlink():
                value = hashlib.sha256(os.fsencode(file.readlink())).hexdigest()
            elif file.is_file():
                value = _hash(file)
            else:
                continue
            yield file.relative_to(top).as_posix(), value


def _hash(file: Path) -> str:
    with file.open('rb') as opened:
        return hashlib.file_digest(opened, 'sha256').hexdigest()
