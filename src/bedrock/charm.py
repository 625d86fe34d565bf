"""Charm files: read a folder or a ``.charm`` archive, pack a source folder, unpack an archive safely.

A *source* folder has charmcraft.yaml and src/charm.py but no dispatch and no venv; a *built* one, like an
archive, has metadata.yaml and what its hooks need. Both metadata.yaml/config.yaml/actions.yaml and the single
charmcraft.yaml are understood (Charmcraft's documentation, "charmcraft.yaml").
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

import yaml

from bedrock import charmstorage, errors, process

MAX_UNPACKED_BYTES = 2 * 2**30
"""An archive that claims to unpack to more is refused."""

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


class CharmFault(errors.UsageFault):
    """A charm cannot be read, packed or unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One declared configuration option."""

    type: str
    """string, int, float, boolean or secret."""
    default: Any = None
    description: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One declared relation endpoint."""

    name: str
    role: str
    """provider, requirer or peer."""
    interface: str
    scope: str = 'global'
    """global or container."""
    limit: int = 0
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Charm:
    """What a charm says of itself."""

    name: str
    summary: str = ''
    description: str = ''
    subordinate: bool = False
    bases: tuple[tuple[str, str], ...] = ()
    """Pairs such as ``('ubuntu', '22.04')``, in the charm's order of preference."""
    options: Mapping[str, Option]
    endpoints: Mapping[str, Endpoint]
    actions: Mapping[str, Mapping[str, Any]]
    resources: Mapping[str, Mapping[str, Any]]
    storage: Mapping[str, Mapping[str, Any]]
    containers: Mapping[str, Mapping[str, Any]]
    metadata: Mapping[str, Any]
    """The whole metadata document, for what has no field here."""


def read(path: Path) -> Charm:
    """Read the charm at *path*, a folder or a ``.charm`` archive.

    Raises:
        CharmFault: there is no charm, or one of its files is wrong; the message names the file.
    """
    documents = {
        name: _document(path, name) for name in ('charmcraft', 'metadata', 'config', 'actions', 'manifest')
    }
    if documents['charmcraft'] is None and documents['metadata'] is None:
        raise CharmFault(
            f'cannot read charm {path}: it has neither metadata.yaml nor charmcraft.yaml',
            hint='Name the folder or .charm file of a charm.',
        )
    craft = documents['charmcraft'] or {}
    meta = {**craft, **(documents['metadata'] or {})}
    name = meta.get('name')
    if not isinstance(name, str) or not name:
        raise CharmFault(f'cannot read charm {path}: it has no name')
    config = documents['config'] if documents['config'] is not None else _mapping(craft.get('config'))
    actions = documents['actions'] if documents['actions'] is not None else _mapping(craft.get('actions'))
    storage = {key: _mapping(value) for key, value in _mapping(meta.get('storage')).items()}
    try:
        charmstorage.parse_all(storage)
    except ValueError as err:
        raise CharmFault(f'cannot read charm {path}: {err}') from None
    return Charm(
        name=name,
        summary=str(meta.get('summary') or ''),
        description=str(meta.get('description') or ''),
        subordinate=bool(meta.get('subordinate', False)),
        bases=_bases(craft, documents['manifest'] or {}),
        options=_options(path, _mapping(config.get('options'))),
        endpoints=_endpoints(path, meta),
        actions={key: _mapping(value) for key, value in actions.items() if key != 'additionalProperties'},
        resources={key: _mapping(value) for key, value in _mapping(meta.get('resources')).items()},
        storage=storage,
        containers={key: _mapping(value) for key, value in _mapping(meta.get('containers')).items()},
        metadata=meta,
    )


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
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = opened.infolist()
            if sum(info.file_size for info in infos) > MAX_UNPACKED_BYTES:
                raise CharmFault(f'cannot unpack {archive}: it holds more than {MAX_UNPACKED_BYTES} bytes')
            for info in infos:
                _unpack_one(opened, info, folder, archive)
    except zipfile.BadZipFile as err:
        raise CharmFault(f'cannot unpack {archive}: it is not a zip archive') from err


def _document(path: Path, name: str) -> dict[str, Any] | None:
    file = f'{name}.yaml'
    try:
        if path.is_dir():
            text = (path / file).read_text()
        else:
            with zipfile.ZipFile(path) as archive:
                text = archive.read(file).decode()
    except (FileNotFoundError, KeyError):
        if not path.exists():
            raise CharmFault(f'cannot read charm {path}: there is no such file or folder') from None
        return None
    except zipfile.BadZipFile as err:
        raise CharmFault(f'cannot read charm {path}: it is not a zip archive') from err
    try:
        loaded: object = yaml.safe_load(text)
    except yaml.YAMLError as err:
        raise CharmFault(f'cannot read charm {path}: {file} is not valid YAML: {err}') from err
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise CharmFault(f'cannot read charm {path}: {file} is not a mapping')
    return cast('dict[str, Any]', loaded)


def _mapping(value: object) -> dict[str, Any]:
    return cast('dict[str, Any]', value) if isinstance(value, dict) else {}


def _options(path: Path, declared: Mapping[str, Any]) -> dict[str, Option]:
    options: dict[str, Option] = {}
    for name, raw in declared.items():
        entry = _mapping(raw)
        kind = str(entry.get('type', 'string'))
        if kind not in ('string', 'int', 'float', 'boolean', 'secret'):
            raise CharmFault(f'cannot read charm {path}: option "{name}" has unknown type "{kind}"')
        options[name] = Option(
            type=kind, default=entry.get('default'), description=str(entry.get('description') or '')
        )
    return options


def _endpoints(path: Path, meta: Mapping[str, Any]) -> dict[str, Endpoint]:
    endpoints: dict[str, Endpoint] = {}
    for section, role in (('provides', 'provider'), ('requires', 'requirer'), ('peers', 'peer')):
        for name, raw in _mapping(meta.get(section)).items():
            # The short form is just the interface's name.
            entry: dict[str, Any] = {'interface': raw} if isinstance(raw, str) else _mapping(raw)
            interface = entry.get('interface')
            if not isinstance(interface, str):
                raise CharmFault(f'cannot read charm {path}: endpoint "{name}" has no interface')
            endpoints[name] = Endpoint(
                name=name,
                role=role,
                interface=interface,
                scope=str(entry.get('scope', 'global')),
                limit=int(entry.get('limit') or 0),
                optional=bool(entry.get('optional', False)),
            )
    return endpoints


def _bases(craft: Mapping[str, Any], manifest: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []

    def add(name: object, channel: object) -> None:
        pair = (str(name), str(channel).split('/')[0])
        if pair not in found:
            found.append(pair)

    for raw in manifest.get('bases') or craft.get('bases') or ():
        entry = _mapping(raw)
        for run_on in entry.get('run-on') or (entry,):
            add(_mapping(run_on).get('name', 'ubuntu'), _mapping(run_on).get('channel', ''))
    if not found and isinstance(craft.get('base'), str):
        add(*str(craft['base']).partition('@')[::2])
    if not found:
        for platform in _mapping(craft.get('platforms')):
            name, at, channel = platform.partition('@')
            if at:
                add(name, channel.partition(':')[0])
    return tuple(found)


_Content = Path | bytes


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
    craft = _document(source, 'charmcraft') or {}
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


def _unpack_one(opened: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path, archive: Path) -> None:
    name = PurePosixPath(info.filename)
    if name.is_absolute() or '..' in name.parts:
        raise CharmFault(f'cannot unpack {archive}: "{info.filename}" leads out of the folder')
    target = folder / name
    mode = info.external_attr >> 16
    if info.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise CharmFault(f'cannot unpack {archive}: "{info.filename}" leads out of the folder')
    target.parent.mkdir(parents=True, exist_ok=True)
    if stat.S_ISLNK(mode):
        link = opened.read(info).decode()
        if PurePosixPath(link).is_absolute() or not (target.parent / link).resolve().is_relative_to(
            folder.resolve()
        ):
            raise CharmFault(f'cannot unpack {archive}: link "{info.filename}" leads out of the folder')
        target.symlink_to(link)
        return
    with (
        opened.open(info) as packed,
        io.FileIO(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), 'w') as out,
    ):
        shutil.copyfileobj(packed, out)
    target.chmod(0o755 if mode & stat.S_IXUSR else 0o644)
