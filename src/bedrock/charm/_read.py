"""What a charm says of itself, read from a folder or a ``.charm`` archive.

Both metadata.yaml/config.yaml/actions.yaml and the single
charmcraft.yaml are understood (Charmcraft's documentation, "charmcraft.yaml").
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bedrock import charmstorage
from bedrock.charm import _yaml
from bedrock.charm.archive import Archive, CharmFault

__all__ = ['Charm', 'Endpoint', 'Option', 'document', 'from_documents', 'read']

_NAME = re.compile(r'[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*')
_Documents = Mapping[str, dict[str, Any] | None]
_Get = Callable[[str], bytes | None]
_FILES = ('charmcraft', 'metadata', 'config', 'actions', 'manifest')


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
    metadata: Mapping[str, Any]
    """The whole metadata document, for what has no field here."""
    revision: int = 0
    """What the charm's ``revision`` file says."""
    version: str = ''
    """The first line of its ``version`` file."""


def read(path: Path) -> Charm:
    """Read the charm at *path*, a folder or a ``.charm`` archive.

    Raises:
        CharmFault: there is no charm, or one of its files is wrong; the message names the file.
    """
    with _opened(path) as get:
        documents = {name: _document(path, get, name) for name in _FILES}
        revision = (get('revision') or b'').decode(errors='replace').strip()
        version = (get('version') or b'').decode(errors='replace').replace('\0', '').strip()
    return from_documents(
        documents,
        f'charm {path}',
        revision=int(revision) if re.fullmatch('[0-9]{1,9}', revision) else 0,
        version=version.partition('\n')[0][:200],
    )


def from_documents(documents: _Documents, what: str, *, revision: int = 0, version: str = '') -> Charm:
    """Return the charm that *documents* describe: by name (``metadata``), None where there is none.

    Args:
        what: What to call it in errors: ``charm ./my-charm``.

    Raises:
        CharmFault: they do not describe one.
    """
    if documents.get('charmcraft') is None and documents.get('metadata') is None:
        raise CharmFault(
            f'cannot read {what}: it has neither metadata.yaml nor charmcraft.yaml',
            hint='Name the folder or .charm file of a charm.',
        )
    craft = documents.get('charmcraft') or {}
    meta = {**craft, **(documents.get('metadata') or {})}
    name = meta.get('name')
    if not isinstance(name, str) or not name:
        raise CharmFault(f'cannot read {what}: it has no name')
    if not _NAME.fullmatch(name):
        raise CharmFault(f'cannot read {what}: invalid charm name "{name}"')
    config, actions = documents.get('config'), documents.get('actions')
    config = config if config is not None else _mapping(craft.get('config'))
    actions = actions if actions is not None else _mapping(craft.get('actions'))
    storage = {key: _mapping(value) for key, value in _mapping(meta.get('storage')).items()}
    try:
        charmstorage.parse_all(storage)
    except ValueError as err:
        raise CharmFault(f'cannot read {what}: {err}') from None
    return Charm(
        name=name,
        summary=str(meta.get('summary') or ''),
        description=str(meta.get('description') or ''),
        subordinate=bool(meta.get('subordinate', False)),
        bases=_bases(craft, documents.get('manifest') or {}),
        options=_options(what, _mapping(config.get('options'))),
        endpoints=_endpoints(what, meta),
        actions={key: _mapping(value) for key, value in actions.items() if key != 'additionalProperties'},
        resources=_resources(what, _mapping(meta.get('resources'))),
        storage=storage,
        metadata=meta,
        revision=revision,
        version=version,
    )


def document(path: Path, name: str) -> dict[str, Any] | None:
    """Return one of a charm's YAML files (``charmcraft``), None where there is none.

    Raises:
        CharmFault: it is wrong.
    """
    with _opened(path) as get:
        return _document(path, get, name)


@contextlib.contextmanager
def _opened(path: Path) -> Generator[_Get]:
    """A function that returns the content of a small file of the charm, None where there is none."""
    if path.is_dir():
        yield lambda name: _small(path / name)
        return
    with Archive(path) as opened:
        yield lambda name: opened.read(name, limit=_yaml.MAX_BYTES) if name in opened.entries else None


def _small(file: Path) -> bytes | None:
    try:
        with file.open('rb') as opened:
            return opened.read(_yaml.MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _document(path: Path, get: _Get, name: str) -> dict[str, Any] | None:
    file = f'{name}.yaml'
    content = get(file)
    if content is None:
        return None
    try:
        return _yaml.mapping(content, file)
    except _yaml.YamlFault as err:
        raise CharmFault(f'cannot read charm {path}: {err.message}') from err


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    return {str(key): inner for key, inner in cast('dict[Any, Any]', value).items()}


def _options(what: str, declared: Mapping[str, Any]) -> dict[str, Option]:
    options: dict[str, Option] = {}
    for name, raw in declared.items():
        entry = _mapping(raw)
        kind = str(entry.get('type', 'string'))
        if kind not in ('string', 'int', 'float', 'boolean', 'secret'):
            raise CharmFault(f'cannot read {what}: option "{name}" has unknown type "{kind}"')
        options[name] = Option(
            type=kind, default=entry.get('default'), description=str(entry.get('description') or '')
        )
    return options


def _endpoints(what: str, meta: Mapping[str, Any]) -> dict[str, Endpoint]:
    endpoints: dict[str, Endpoint] = {}
    for section, role in (('provides', 'provider'), ('requires', 'requirer'), ('peers', 'peer')):
        for name, raw in _mapping(meta.get(section)).items():
            # The short form is just the interface's name.
            entry: dict[str, Any] = {'interface': raw} if isinstance(raw, str) else _mapping(raw)
            interface = entry.get('interface')
            if not isinstance(interface, str):
                raise CharmFault(f'cannot read {what}: endpoint "{name}" has no interface')
            endpoints[name] = Endpoint(
                name=name,
                role=role,
                interface=interface,
                scope=str(entry.get('scope', 'global')),
                limit=_limit(what, name, entry.get('limit')),
                optional=bool(entry.get('optional', False)),
            )
    return endpoints


def _listed(value: object) -> list[Any]:
    return cast('list[Any]', value) if isinstance(value, list) else []


def _limit(what: str, name: str, value: object) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise CharmFault(f'cannot read {what}: endpoint "{name}" has no number as its limit')
    return value


def _resources(what: str, declared: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    resources: dict[str, Mapping[str, Any]] = {}
    for name, raw in declared.items():
        entry = _mapping(raw)
        kind, filename = str(entry.get('type') or ''), str(entry.get('filename') or '')
        if kind not in ('file', 'oci-image'):
            raise CharmFault(f'cannot read {what}: resource "{name}" has unknown type "{kind}"')
        if kind == 'file' and (not filename or '/' in filename or filename in ('.', '..')):
            raise CharmFault(
                f'cannot read {what}: resource "{name}" must have a filename without folders,'
                f' not "{filename}"'
            )
        if not re.fullmatch(r'[A-Za-z0-9][\w.-]*', name):
            raise CharmFault(f'cannot read {what}: invalid resource name "{name}"')
        resources[name] = entry
    return resources


def _bases(craft: Mapping[str, Any], manifest: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []

    def add(name: object, channel: object) -> None:
        pair = (str(name), str(channel).split('/')[0])
        if pair not in found:
            found.append(pair)

    for raw in _listed(manifest.get('bases')) or _listed(craft.get('bases')):
        entry = _mapping(raw)
        for run_on in _listed(entry.get('run-on')) or [entry]:
            add(_mapping(run_on).get('name', 'ubuntu'), _mapping(run_on).get('channel', ''))
    if not found and isinstance(craft.get('base'), str):
        add(*str(craft['base']).partition('@')[::2])
    if not found:
        for platform in _mapping(craft.get('platforms')):
            name, at, channel = platform.partition('@')
            if at:
                add(name, channel.partition(':')[0])
    return tuple(found)
