"""Packing a charm folder into an archive, and unpacking one."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import yaml

from bedrock import process
from bedrock.charm._read import Charm, document, read
from bedrock.charm.archive import Archive, CharmFault

__all__ = ['is_source', 'pack', 'unpack']

_DISPATCH = """#!/bin/sh
# Made when the charm was packed: runs the charm with its own Python packages, for hooks and actions alike.
here="$(dirname "$(readlink -f "$0")")"
JUJU_DISPATCH_PATH="${JUJU_DISPATCH_PATH:-$0}" PYTHONPATH="lib:venv:src" exec "$here/src/charm.py"
"""
_LEFT_OUT = frozenset(
    {'.git', '.tox', '.venv', '__pycache__', 'tests', 'build', 'venv', '.pytest_cache', '.ruff_cache'}
)
_SOURCE_MARKS = ('src/charm.py',)
_EPOCH = (1980, 1, 1, 0, 0, 0)
_Content = Path | bytes


def is_source(folder: Path) -> bool:
    """Whether *folder* is a charm's source that must be packed before it can be deployed."""
    return any((folder / mark).is_file() for mark in _SOURCE_MARKS) and not (folder / 'dispatch').exists()


def pack(source: Path, target: Path, *, cache: Path, note: Callable[[str], None] = lambda _: None) -> Path:
    """Pack the charm folder *source* into the archive *target*; the same content gives the same bytes.

    Python requirements (requirements.txt) are installed once for each distinct list and kept under *cache*.

    Args:
        note: Told about work that takes time.

    Raises:
        CharmFault: *source* is no charm. ProgramFault: its requirements cannot be installed.
    """
    charm = read(source)
    entries = dict(_files(source))
    if is_source(source):
        entries.update(_generated(source, charm))
        requirements = source / 'requirements.txt'
        if requirements.is_file():
            entries.update(_venv(requirements, cache=cache, note=note))
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.NamedTemporaryFile(dir=target.parent, prefix=f'.{target.name}.', delete=False) as part,
        zipfile.ZipFile(part, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for name in sorted(entries):
            _write(archive, name, entries[name])
    os.chmod(part.name, 0o644)  # temporary files begin private; a charm is not
    os.replace(part.name, target)
    return target


def unpack(archive: Path, folder: Path) -> None:
    """Unpack *archive* into the empty or absent *folder*, refusing names and links that lead out of it.

    Raises:
        CharmFault: the archive is damaged, too large, or would write outside *folder*.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with Archive(archive) as opened:
        for name in opened.folders:
            (folder / name).mkdir(parents=True, exist_ok=True)
        for entry in opened.entries.values():
            target = folder / entry.name
            if entry.link:
                target.symlink_to(entry.link)
                continue
            with os.fdopen(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), 'wb') as out:
                out.write(opened.read(entry.name))
            target.chmod(0o755 if entry.executable else 0o644)


def _files(source: Path) -> list[tuple[str, _Content]]:
    """The files of *source* by archive name; links are followed inside the folder and refused outside it."""
    top = source.resolve()
    built = not is_source(source)
    found: list[tuple[str, _Content]] = []
    for folder, names, files in os.walk(source, followlinks=False):
        names[:] = sorted(n for n in names if n not in _LEFT_OUT or (built and n == 'venv'))
        for file in files:
            path = Path(folder, file)
            if path.suffix in ('.pyc', '.charm'):
                continue
            if not path.resolve().is_relative_to(top):
                raise CharmFault(f'cannot pack {source}: {path} leads out of the folder')
            if path.is_file():
                found.append((path.relative_to(source).as_posix(), path))
    return found


def _generated(source: Path, charm: Charm) -> dict[str, _Content]:
    """The files that charmcraft would make: dispatch, manifest, and the split form of charmcraft.yaml."""
    craft = document(source, 'charmcraft') or {}
    made: dict[str, _Content] = {'dispatch': _DISPATCH.encode()}
    manifest = {
        'analysis': {'attributes': [{'name': 'language', 'result': 'python'}]},
        'bases': [{'name': n, 'channel': c, 'architectures': ['amd64', 'arm64']} for n, c in charm.bases],
    }
    made['manifest.yaml'] = yaml.safe_dump(manifest).encode()
    if not (source / 'metadata.yaml').exists():
        build_only = ('type', 'parts', 'bases', 'base', 'platforms', 'config', 'actions', 'build-base')
        meta = {key: value for key, value in craft.items() if key not in build_only}
        made['metadata.yaml'] = yaml.safe_dump(meta, sort_keys=False).encode()
    for key in ('config', 'actions'):
        if key in craft and not (source / f'{key}.yaml').exists():
            made[f'{key}.yaml'] = yaml.safe_dump(craft[key], sort_keys=False).encode()
    return made


def _venv(requirements: Path, *, cache: Path, note: Callable[[str], None]) -> dict[str, _Content]:
    text = requirements.read_text()
    digest = hashlib.sha256(f'{sys.version_info[:2]}\n{text}'.encode()).hexdigest()[:16]
    ready = cache / 'venv' / digest
    if not ready.is_dir():
        note(f'installing the Python packages of {requirements.parent.name}')
        ready.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=ready.parent) as scratch:
            made = Path(scratch, 'venv')
            pip = [sys.executable, '-m', 'pip', '--quiet', '--disable-pip-version-check', 'install']
            quiet = ['--no-compile', '--root-user-action=ignore']
            process.run(
                [*pip, *quiet, '--target', str(made), '-r', str(requirements)],
                timeout_s=600,
            )
            shutil.rmtree(made / 'bin', ignore_errors=True)
            # Machines with this Python need not compile the packages in their first hook; others ignore it.
            compileall = [sys.executable, '-m', 'compileall', '-q', '--invalidation-mode', 'unchecked-hash']
            process.run([*compileall, str(made)], timeout_s=600)
            try:
                made.rename(ready)
            except OSError:
                if not ready.is_dir():  # another packer was faster: its result is as good
                    raise
    files = (path for path in sorted(ready.rglob('*')) if path.is_file())
    return {f'venv/{path.relative_to(ready).as_posix()}': path for path in files}


def _write(archive: zipfile.ZipFile, name: str, content: _Content) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    if isinstance(content, bytes):
        mode, data = 0o755 if name == 'dispatch' else 0o644, content
    else:
        mode, data = (0o755 if content.stat().st_mode & stat.S_IXUSR else 0o644), content.read_bytes()
    info.external_attr = (stat.S_IFREG | mode) << 16
    archive.writestr(info, data)
