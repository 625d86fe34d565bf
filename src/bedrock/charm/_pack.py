"""Packing a charm folder into an archive, and unpacking one."""

from __future__ import annotations

import os
import stat
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import yaml

from bedrock.charm import _parts
from bedrock.charm._parts import Recipe
from bedrock.charm._read import Charm, document, read
from bedrock.charm._venv import installed
from bedrock.charm._yaml import YamlFault
from bedrock.charm.archive import Archive, CharmFault

__all__ = ['check', 'is_source', 'pack', 'unpack']

_DISPATCH = """#!/bin/sh
# Made when the charm was packed: runs the charm with its own Python packages, for hooks and actions alike.
here="$(dirname "$(readlink -f "$0")")"
JUJU_DISPATCH_PATH="${JUJU_DISPATCH_PATH:-$0}" PYTHONPATH="lib:venv:src" exec "$here/ENTRYPOINT"
"""
_LEFT_OUT = frozenset(
    {'.git', '.tox', '.venv', '__pycache__', 'tests', 'build', 'venv', '.pytest_cache', '.ruff_cache'}
)
_RUN_BY_JUJU = ('dispatch', 'hooks')
_EPOCH = (1980, 1, 1, 0, 0, 0)
_Content = Path | bytes


def is_source(folder: Path) -> bool:
    """Whether *folder* is a charm's source that must be packed before it can be deployed."""
    if (folder / 'dispatch').exists():
        return False
    if (folder / _parts.ENTRYPOINT).is_file():
        return True
    # Another entry point is seldom named, and takes reading a file to know.
    if not (folder / 'charmcraft.yaml').is_file() or (folder / 'hooks').is_dir():
        return False
    try:
        return (folder / _parts.recipe(folder).entrypoint).is_file()
    except (CharmFault, YamlFault):
        return False


def check(folder: Path) -> None:
    """Refuse the source of a charm that only other tools can pack.

    Raises:
        CharmFault: it is one; the hint says what to do.
    """
    if is_source(folder):
        _parts.recipe(folder)
    elif (folder / 'layer.yaml').is_file() and not any((folder / name).exists() for name in _RUN_BY_JUJU):
        raise CharmFault(
            f'cannot use charm {folder}: it is the source of a reactive charm, which must be built first',
            hint='Build it with charmcraft or charm-tools, for example in the phase build.',
        )


def pack(source: Path, target: Path, *, cache: Path, note: Callable[[str], None] = lambda _: None) -> Path:
    """Pack the charm folder *source* into the archive *target*; the same content gives the same bytes.

    Its Python packages are installed once for each distinct list and kept under *cache*.

    Args:
        note: Told about work that takes time.

    Raises:
        CharmFault: *source* is no charm. ProgramFault: its requirements cannot be installed.
    """
    charm = read(source)
    check(source)
    programs = {'dispatch'}
    if is_source(source):
        recipe = _parts.recipe(source)
        programs.add(recipe.entrypoint)
        entries = dict(_files(source, built=False, venv=not recipe.python))
        for folder in recipe.dumps:
            entries.update(_files(folder, built=False, venv=False))
        entries.update(_generated(source, charm, recipe))
        entries.update(_venv(recipe, charm.name, cache=cache, note=note))
    else:
        entries = dict(_files(source, built=True, venv=True))
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.NamedTemporaryFile(dir=target.parent, prefix=f'.{target.name}.', delete=False) as part,
        zipfile.ZipFile(part, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for name in sorted(entries):
            _write(archive, name, entries[name], program=name in programs)
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


def _files(source: Path, *, built: bool, venv: bool) -> list[tuple[str, _Content]]:
    """The files of *source* by archive name; links are followed inside the folder and refused outside it.

    Args:
        built: Whether *source* is a charm ready to be deployed.
        venv: Whether its ``venv`` is taken along, as it is unless it is a developer's environment.
    """
    top = source.resolve()
    found: list[tuple[str, _Content]] = []
    for folder, names, files in os.walk(source, followlinks=False):
        names[:] = sorted(
            n
            for n in names
            if n not in _LEFT_OUT or (n == 'venv' and venv and _is_vendored(Path(folder, n), built))
        )
        for file in files:
            path = Path(folder, file)
            if path.suffix in ('.pyc', '.charm'):
                continue
            if not path.resolve().is_relative_to(top):
                raise CharmFault(f'cannot pack {source}: {path} leads out of the folder')
            if path.is_file():
                found.append((path.relative_to(source).as_posix(), path))
    return found


def _is_vendored(venv: Path, built: bool) -> bool:
    """Whether *venv* holds a charm's packages: a developer's own environment has that file."""
    return built or not (venv / 'pyvenv.cfg').exists()


def _generated(source: Path, charm: Charm, recipe: Recipe) -> dict[str, _Content]:
    """The files that charmcraft would make: dispatch, manifest, and the split form of charmcraft.yaml."""
    craft = document(source, 'charmcraft') or {}
    made: dict[str, _Content] = {'dispatch': _DISPATCH.replace('ENTRYPOINT', recipe.entrypoint).encode()}
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


def _venv(recipe: Recipe, name: str, *, cache: Path, note: Callable[[str], None]) -> dict[str, _Content]:
    if not recipe.python:
        return {}
    ready = installed(recipe, name=name, cache=cache, note=note)
    files = (path for path in sorted(ready.rglob('*')) if path.is_file())
    return {f'venv/{path.relative_to(ready).as_posix()}': path for path in files}


def _write(archive: zipfile.ZipFile, name: str, content: _Content, *, program: bool) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    if isinstance(content, bytes):
        data = content
    else:
        program = program or bool(content.stat().st_mode & stat.S_IXUSR)
        data = content.read_bytes()
    mode = 0o755 if program else 0o644
    info.external_attr = (stat.S_IFREG | mode) << 16
    archive.writestr(info, data)
